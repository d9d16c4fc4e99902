"""openai-agents, unmodified: on chat completions, and where the API keeps the conversation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIConversationsSession,
    Runner,
    flush_traces,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from two_calls import FINAL, calls_ids, two_turns

from llm_intercept import intercept

# Traces would be sent to OpenAI.
set_tracing_disabled(disabled=True)


def _agent() -> Agent:
    model = OpenAIChatCompletionsModel(model="gpt-4o", openai_client=AsyncOpenAI(api_key="sk-test"))
    return Agent(name="Forecaster", instructions="Be brief.", model=model)


def test_run() -> None:
    """`Runner.run` is answered, and sends the agent's instructions."""
    with intercept("It is sunny") as llm:
        assert asyncio.run(Runner.run(_agent(), "weather?")).final_output == "It is sunny"
    assert [(call.request.system, call.request.last_user) for call in llm.calls] == [("Be brief.", "weather?")]


def test_run_streamed() -> None:
    """`Runner.run_streamed` is answered chunk by chunk."""

    async def run() -> str:
        result = Runner.run_streamed(_agent(), "weather?")
        async for _ in result.stream_events():
            pass
        return result.final_output

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]


@pytest.mark.parametrize("way", ["auto_previous_response_id", "conversation_id", "session"])
def test_the_api_keeps_the_conversation(way: str, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run leaves its conversation with the API; what conditions see is the whole of it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    cities: list[str] = []

    @function_tool
    def get_weather(city: str) -> str:
        """Tell the weather."""
        cities.append(city)
        return f"sunny in {city}"

    async def run() -> str:
        agent = Agent(name="Forecaster", tools=[get_weather])
        more: dict[str, Any] = {way: True}
        if way == "conversation_id":
            more = {way: (await AsyncOpenAI().conversations.create()).id}
        if way == "session":
            more = {way: OpenAIConversationsSession()}
        if not stream:
            return (await Runner.run(agent, "weather?", **more)).final_output
        result = Runner.run_streamed(agent, "weather?", **more)
        async for _ in result.stream_events():
            pass
        return result.final_output

    with intercept() as llm:
        two_turns(llm)
        assert asyncio.run(run()) == FINAL
    assert sorted(cities) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == 4


def test_traces_are_no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is reported of a run is received, and is no call; the default model is asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    set_tracing_disabled(disabled=False)
    try:
        with intercept("It is sunny") as llm:
            assert asyncio.run(Runner.run(Agent(name="Forecaster"), "weather?")).final_output == "It is sunny"
            flush_traces()
    finally:
        set_tracing_disabled(disabled=True)
    assert [call.request.api for call in llm.calls] == ["openai.responses"]
    assert {(call.request.api, call.status) for call in llm.side_calls} == {("side.telemetry", 204)}
