"""A pydantic-ai agent with two tools, unmodified, its model a name: on each of four APIs, two calls at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("pydantic_ai")

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import FunctionToolCallEvent, ModelMessage, ToolCallPart
from pydantic_ai.output import NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.usage import UsageLimits
from two_calls import (
    ANTHROPIC,
    CHAT,
    CLAUDE,
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    RESPONSES,
    answers,
    are_the_apis_own,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import auto, intercept, reasoning, structured, tool_call
from llm_intercept.model import Reasoning


class Forecast(BaseModel):
    """What the agent with a structured output answers."""

    city: str
    degrees: int


MODELS = {
    "openai:gpt-5.4": RESPONSES,
    "openai:gpt-4o": RESPONSES,
    "openai-chat:gpt-4o": CHAT,
    f"anthropic:{CLAUDE}": ANTHROPIC,
    f"google:{GEMINI_NAMING_CALLS}": GEMINI,
}
"""Models by their names, and which API they are asked by."""


@pytest.fixture(autouse=True, params=MODELS)
def _model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask each of the APIs by the same rules."""
    monkeypatch.setattr(Ran, "model", request.param, raising=False)


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    model: str

    def agent(self, output_type: Any = str, **more: Any) -> Agent[None, Any]:
        agent = Agent(Ran.model, output_type=output_type, **more)

        @agent.tool_plain
        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        @agent.tool_plain
        async def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        return agent


def given_ids(messages: list[ModelMessage]) -> list[str]:
    """The ids of the calls as the agent was given them."""
    return [part.tool_call_id for message in messages for part in message.parts if isinstance(part, ToolCallPart)]


def test_two_calls_of_one_tool_streamed() -> None:
    """Both calls of a streamed turn run with their own arguments, and the text after them arrives."""
    ran = Ran()

    async def run() -> tuple[str, list[str]]:
        async with ran.agent().run_stream("weather?") as result:
            text = "".join([piece async for piece in result.stream_text(delta=True, debounce_by=None)])
            return text, given_ids(result.all_messages())

    with intercept() as llm:
        two_of_one_tool(llm)
        text, given = asyncio.run(run())
    assert text == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == given
    assert are_the_apis_own(given, MODELS[Ran.model])
    assert answers(llm) == dict(zip(given, ["sunny in Paris", "sunny in Rome"], strict=True))
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(MODELS[Ran.model], True)] * 2


def test_calls_of_two_tools_with_ids_of_their_own(stream: bool) -> None:
    """Calls of different tools each reach their tool, and the ids that the test chose come back."""
    ran = Ran()

    async def run() -> object:
        if not stream:
            return (await ran.agent().run("weather?")).output
        async with ran.agent().run_stream("weather?") as result:
            return await result.get_output()

    with intercept() as llm:
        one_of_each_tool(llm)
        assert asyncio.run(run()) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


THINKING: dict[str, Any] = {
    "openai:gpt-5.4": {"openai_reasoning_effort": "low", "openai_reasoning_summary": "auto"},
    f"anthropic:{CLAUDE}": {"anthropic_thinking": {"type": "adaptive"}},
    f"google:{GEMINI_NAMING_CALLS}": {"google_thinking_config": {"include_thoughts": True}},
}
"""What makes a model show its thoughts."""


@pytest.mark.parametrize("_model", THINKING, indirect=True)
def test_a_thought_comes_back_with_the_calls_it_led_to(stream: bool) -> None:
    """And with what proves that it was the model's."""
    ran = Ran()

    async def run() -> object:
        agent = ran.agent(model_settings=THINKING[Ran.model])
        if not stream:
            return (await agent.run("weather?")).output
        async with agent.run_stream("weather?") as result:
            return await result.get_output()

    with intercept() as llm:
        one_of_each_tool(llm, reasoning("Hm."))
        assert asyncio.run(run()) == FINAL
    (thought,) = [part for part in llm.calls[1].request.messages[1].parts if isinstance(part, Reasoning)]
    assert thought.text == "Hm."
    assert thought.signature or thought.encrypted


def test_two_turns_of_calls() -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()

    async def run() -> str:
        async with ran.agent().run_stream("weather?") as result:
            return await result.get_output()

    with intercept() as llm:
        two_turns(llm)
        assert asyncio.run(run()) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == 4


def test_the_events_of_a_run_show_both_calls() -> None:
    """`run_stream_events` shows each call once, with its whole arguments."""
    ran = Ran()

    async def run() -> list[FunctionToolCallEvent]:
        async with ran.agent().run_stream_events("weather?") as events:
            return [event async for event in events if isinstance(event, FunctionToolCallEvent)]

    with intercept() as llm:
        llm.on(lambda r: r.turn == 1).reply(
            [tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")]
        )
        llm.on(lambda r: r.turn == 2).reply(FINAL)
        shown = asyncio.run(run())
    assert [(event.part.tool_name, event.part.args_as_dict()) for event in shown] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"city": "Rome"}),
    ]


def test_auto_ends_a_run_with_a_structured_output() -> None:
    """`auto()` calls the output tool that the agent demands, with arguments its model accepts."""
    agent = Agent(Ran.model, output_type=Forecast)
    with intercept(auto()) as llm:
        assert asyncio.run(agent.run("weather?")).output == Forecast(city="", degrees=0)
    assert len(llm.calls) == 1


def test_auto_ends_a_run_with_tools_and_a_structured_output() -> None:
    """Where a call is demanded in every turn, `auto()` comes to the output tool instead of repeating one call."""
    with intercept(auto()) as llm:
        output = asyncio.run(Ran().agent(Forecast).run("weather?", usage_limits=UsageLimits(request_limit=5))).output
    assert output == Forecast(city="", degrees=0)
    assert len(llm.calls) <= 4


def test_each_tool_once_without_a_script(stream: bool) -> None:
    """`auto(tools="each once")` calls both tools, and ends with a text."""
    ran = Ran()

    async def run() -> object:
        if not stream:
            return (await ran.agent().run("weather?")).output
        async with ran.agent().run_stream("weather?") as result:
            return await result.get_output()

    with intercept(auto(FINAL, tools="each once")) as llm:
        assert asyncio.run(run()) == FINAL
    assert sorted(ran) == [("get_time", ""), ("get_weather", "")]
    assert len(llm.calls) == 2


def test_each_tool_once_before_the_structured_output() -> None:
    """Where the output is a tool too, it is called last."""
    ran = Ran()
    with intercept(auto(tools="each once")) as llm:
        output = asyncio.run(ran.agent(Forecast).run("weather?")).output
    assert output == Forecast(city="", degrees=0)
    assert ran == [("get_weather", ""), ("get_time", "")]
    assert len(llm.calls) == 3


@pytest.mark.parametrize("kind", [ToolOutput, NativeOutput, PromptedOutput])
def test_a_structured_output_after_the_tools(kind: Any, stream: bool) -> None:
    """An output is parsed however the agent asks for it: by a tool, by a format, by words."""
    ran = Ran()
    forecast = Forecast(city="Paris", degrees=20)
    final = tool_call("final_result", forecast.model_dump()) if kind is ToolOutput else structured(forecast)

    async def run() -> object:
        agent = ran.agent(kind(Forecast))
        if not stream:
            return (await agent.run("weather?")).output
        async with agent.run_stream("weather?") as result:
            return await result.get_output()

    with intercept() as llm:
        one_of_each_tool(llm, final=final)
        assert asyncio.run(run()) == forecast
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
