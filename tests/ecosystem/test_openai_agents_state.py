"""openai-agents in all its ways to go on with a conversation that the API keeps, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, OpenAIConversationsSession, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from llm_intercept import intercept, tool_call

set_tracing_disabled(disabled=True)
WHOLE = "system user assistant tool tool assistant user"


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


@pytest.mark.parametrize("way", ["session", "previous", "conversation"])
def test_a_second_run_has_all_that_was_said(way: str) -> None:
    """By a session of conversations, by the last response, by a conversation's id; nothing is sent twice."""

    async def run() -> tuple[str, str]:
        client = AsyncOpenAI(api_key="none", max_retries=0)
        model = OpenAIResponsesModel(model="gpt-5.4", openai_client=client)
        agent = Agent(name="Forecaster", instructions="Be short.", model=model, tools=[get_weather])
        goes_on: dict[str, Any] = {"auto_previous_response_id": True}
        if way == "session":
            goes_on = {"session": OpenAIConversationsSession(openai_client=client)}
        elif way == "conversation":
            goes_on = {"conversation_id": (await client.conversations.create()).id}
        first = await Runner.run(agent, "The weather?", **goes_on)
        if way == "previous":
            goes_on = {"previous_response_id": first.last_response_id}
        second = Runner.run_streamed(agent, "Thanks.", **goes_on)
        async for _ in second.stream_events():
            pass
        if way == "session":
            assert len(await goes_on["session"].get_items()) == 8
            await goes_on["session"].clear_session()
        return str(first.final_output), str(second.final_output)

    with intercept() as llm:
        llm.on(tool_result="get_weather").reply("It is sunny.")
        llm.on("weather").reply([tool_call("get_weather", city="Paris"), tool_call("get_weather", city="Rome")])
        llm.on("Thanks").reply(lambda request: " ".join(one.role for one in request.messages))
        assert asyncio.run(run()) == ("It is sunny.", WHOLE)
    asked = [call.request for call in llm.calls if call.request.api == "openai.responses"]
    assert [one.turn for one in asked] == [1, 2, 3]
    assert {call.status for call in llm.calls} == {200}
