"""An agent of openai-agents on chat completions, unmodified: two calls at once, streamed, to the final text."""

from __future__ import annotations

import asyncio
import re

import pytest

pytest.importorskip("agents")

from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from llm_intercept import Interceptor, intercept, tool_call

# Traces would be sent to OpenAI.
set_tracing_disabled(disabled=True)
FINAL = "Paris is sunny, and in Rome it is noon"


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    def agent(self) -> Agent:
        @function_tool
        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        @function_tool
        async def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        model = OpenAIChatCompletionsModel(model="gpt-4o", openai_client=AsyncOpenAI(api_key="sk-test"))
        return Agent(name="Forecaster", model=model, tools=[get_weather, get_time])


def ask(agent: Agent, *, stream: bool) -> tuple[str, list[str]]:
    """Run the agent; its final output, and the ids of the calls as it was given them."""

    async def run() -> tuple[str, list[str]]:
        if stream:
            result = Runner.run_streamed(agent, "weather?")
            async for _ in result.stream_events():
                pass
        else:
            result = await Runner.run(agent, "weather?")
        given = [item.raw_item.call_id for item in result.new_items if item.type == "tool_call_item"]
        return result.final_output, given

    return asyncio.run(run())


def calls_ids(llm: Interceptor, turn: int) -> list[str]:
    """The ids of the calls in the conversation as it is sent for `turn`; each has its tool's answer."""
    messages = llm.calls[turn - 1].request.messages
    called = [call.id for message in messages for call in message.tool_calls]
    answered = [part.id for message in messages for part in message.parts if part.kind == "tool_result"]
    assert sorted(called) == sorted(answered)
    return called


def answers(llm: Interceptor) -> dict[str, str]:
    """What the tools answered, by the id it was answered to, as the last request has it."""
    parts = [part for message in llm.calls[-1].request.messages for part in message.parts]
    return {part.id: part.text for part in parts if part.kind == "tool_result"}


def test_two_calls_of_one_tool(stream: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        llm.on(lambda r: r.turn == 1).reply(
            [tool_call("get_weather", city="Paris"), tool_call("get_weather", city="Rome")]
        )
        llm.on(lambda r: r.turn == 2).reply(FINAL)
        text, given = ask(ran.agent(), stream=stream)
    assert text == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == given
    assert all(re.fullmatch(r"call_[A-Za-z0-9]{24}", one) for one in given)
    assert answers(llm) == dict(zip(given, ["sunny in Paris", "sunny in Rome"], strict=True))
    assert [call.request.stream for call in llm.calls] == [stream, stream]


def test_calls_of_two_tools_with_ids_of_their_own(stream: bool) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        llm.on(lambda r: r.turn == 1).reply(
            [
                "Let me see.",
                tool_call("get_weather", {"city": "Paris"}, id="call_weather"),
                tool_call("get_time", '{"city": "Rome"}', id="call_time"),
            ]
        )
        llm.on(lambda r: r.messages[-1].role == "tool").reply(FINAL)
        text, given = ask(ran.agent(), stream=stream)
    assert text == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == given == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}
    assert [message.text for message in llm.calls[1].request.messages if message.role == "assistant"] == ["Let me see."]


def test_two_turns_of_calls() -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        cities = ["Paris", "Rome"], ["Oslo", "Bonn"]
        llm.on(lambda r: r.turn < 3).reply(*([tool_call("get_weather", city=city) for city in pair] for pair in cities))
        llm.on(lambda r: r.turn == 3).reply(FINAL)
        text, given = ask(ran.agent(), stream=True)
    assert text == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert calls_ids(llm, 3) == given
    assert len(set(given)) == 4
