"""An agent of strands, unmodified, with each maker's model, all of which it asks for streams: two calls at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("strands")

from pydantic import BaseModel
from strands import Agent, tool
from strands.models.anthropic import AnthropicModel
from strands.models.gemini import GeminiModel
from strands.models.openai import OpenAIModel
from strands.models.openai_responses import OpenAIResponsesModel
from two_calls import (
    ANTHROPIC,
    CHAT,
    CLAUDE,
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    RESPONSES,
    answers,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import auto, intercept, structured

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "claude": (ANTHROPIC, lambda: AnthropicModel(model_id=CLAUDE, max_tokens=1000)),
    "gemini": (GEMINI, lambda: GeminiModel(model_id=GEMINI_NAMING_CALLS)),
    "chat": (CHAT, lambda: OpenAIModel(model_id="gpt-5.4")),
    "responses": (RESPONSES, lambda: OpenAIResponsesModel(model_id="gpt-5.4")),
}


class Forecast(BaseModel):
    """What the agent with a structured output answers."""

    city: str
    degrees: int


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Which model the agent has, of those in the table."""
    return request.param


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    def agent(self, model: str) -> Agent:
        @tool
        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        @tool
        def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        return Agent(model=MODELS[model][1](), tools=[get_weather, get_time], callback_handler=None)


def ask(agent: Agent, *, is_async: bool) -> str:
    """Run the agent; what it answered, of its events where it is asked for them."""

    async def run() -> str:
        return "".join([event["data"] async for event in agent.stream_async("weather?") if "data" in event])

    return asyncio.run(run()) if is_async else str(agent("weather?")).rstrip("\n")


def test_two_calls_of_one_tool(model: str, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ask(ran.agent(model), is_async=is_async) == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == 2
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(MODELS[model][0], True)] * 2


def test_calls_of_two_tools_with_ids_of_their_own(model: str, is_async: bool) -> None:
    """Calls of different tools each reach their tool, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm)
        assert ask(ran.agent(model), is_async=is_async) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_two_turns_of_calls(model: str) -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert ask(ran.agent(model), is_async=True) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == 4


def test_each_tool_once_without_a_script(model: str) -> None:
    """`auto(tools="each once")` calls both tools, and ends with a text."""
    ran = Ran()
    with intercept(auto(FINAL, tools="each once")) as llm:
        assert ask(ran.agent(model), is_async=False) == FINAL
    assert sorted(ran) == [("get_time", ""), ("get_weather", "")]
    assert len(llm.calls) == 2


def test_a_structured_output(model: str) -> None:
    """The output is parsed, whichever way the agent asks for it."""
    with intercept(structured(Forecast(city="Paris", degrees=20))):
        agent = Agent(model=MODELS[model][1](), callback_handler=None)
        assert agent("weather?", structured_output_model=Forecast).structured_output == Forecast(
            city="Paris", degrees=20
        )
