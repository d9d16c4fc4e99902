"""An agent of google-adk, unmodified, on Gemini as it is by default and on Claude: two calls at once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("google.adk")

from google.adk.agents import LlmAgent, RunConfig
from google.adk.agents.run_config import StreamingMode
from google.adk.models.anthropic_llm import AnthropicLlm
from google.adk.runners import InMemoryRunner
from google.genai import types
from pydantic import BaseModel
from two_calls import (
    ANTHROPIC,
    CLAUDE,
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    answers,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import auto, intercept, structured

if TYPE_CHECKING:
    from collections.abc import Callable

# Its own code uses what is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "gemini": (GEMINI, lambda: GEMINI_NAMING_CALLS),
    "claude": (ANTHROPIC, lambda: AnthropicLlm(model=CLAUDE)),
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

    def ask(self, model: str, *, stream: bool, **more: Any) -> str:
        """Run an agent with two tools; its final answer."""

        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        async def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        agent = LlmAgent(name="forecaster", model=MODELS[model][1](), tools=[get_weather, get_time], **more)
        return asyncio.run(_answer(InMemoryRunner(agent=agent), stream=stream))


async def _answer(runner: InMemoryRunner, *, stream: bool) -> str:
    session = await runner.session_service.create_session(app_name=runner.app_name, user_id="me")
    question = types.UserContent(parts=[types.Part(text="weather?")])
    config = RunConfig(streaming_mode=StreamingMode.SSE if stream else StreamingMode.NONE)
    run = runner.run_async(user_id="me", session_id=session.id, new_message=question, run_config=config)
    async with aclosing(run) as events:
        texts = [_text(event) async for event in events if event.is_final_response()]
    await runner.close()
    return texts[-1]


def _text(event: Any) -> str:
    return "".join(part.text or "" for part in event.content.parts)


def test_two_calls_of_one_tool(model: str, stream: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ran.ask(model, stream=stream) == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == 2
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(MODELS[model][0], stream)] * 2


def test_calls_of_two_tools_with_ids_of_their_own(model: str, stream: bool) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        assert ran.ask(model, stream=stream) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_two_turns_of_calls(model: str) -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert ran.ask(model, stream=True) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == 4


def test_each_tool_once_without_a_script(model: str, stream: bool) -> None:
    """`auto(tools="each once")` calls both tools, and ends with a text."""
    ran = Ran()
    with intercept(auto(FINAL, tools="each once")) as llm:
        assert ran.ask(model, stream=stream) == FINAL
    assert sorted(ran) == [("get_time", ""), ("get_weather", "")]
    assert len(llm.calls) == 2


def test_a_structured_output_after_the_tools(model: str) -> None:
    """The last answer is JSON for the schema that the agent has."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, final=structured(Forecast(city="Paris", degrees=20)))
        said = ran.ask(model, stream=False, output_schema=Forecast)
    assert Forecast.model_validate_json(said) == Forecast(city="Paris", degrees=20)
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
