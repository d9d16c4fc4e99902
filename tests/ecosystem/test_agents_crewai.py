"""A crew of CrewAI, unmodified, with its default model and with those of other APIs: two calls at once, and what it asks beside."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

# CrewAI reports what a crew does, and asks for a newer version and for traces, unless told not to.
os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")
os.environ.setdefault("CREWAI_DISABLE_VERSION_CHECK", "true")
os.environ.setdefault("CREWAI_TESTING", "true")

pytest.importorskip("crewai")

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from pydantic import BaseModel
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
)

from llm_intercept import intercept, structured

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Its own code uses what is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MODELS: dict[str, tuple[str, bool, Callable[[], Any]]] = {
    "default": (CHAT, False, lambda: None),
    "chat": (CHAT, False, lambda: LLM(model="gpt-5.4")),
    "chat streamed": (CHAT, True, lambda: LLM(model="gpt-5.4", stream=True)),
    "claude": (ANTHROPIC, False, lambda: LLM(model=f"anthropic/{CLAUDE}")),
    "claude streamed": (ANTHROPIC, True, lambda: LLM(model=f"anthropic/{CLAUDE}", stream=True)),
    "gemini": (GEMINI, False, lambda: LLM(model=f"gemini/{GEMINI_NAMING_CALLS}")),
    "gemini streamed": (GEMINI, True, lambda: LLM(model=f"gemini/{GEMINI_NAMING_CALLS}", stream=True)),
    "responses": (RESPONSES, False, lambda: LLM(model="gpt-5.4", api="responses")),
}
"""Models, by which API they are asked, and whether for a stream."""


class Forecast(BaseModel):
    """What the task with a structured output answers."""

    city: str
    degrees: int


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give it a place of its own for what it stores."""
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path))


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Which model is asked, of those in the table."""
    return request.param


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    def kickoff(self, model: str, *, is_async: bool = False, **more: Any) -> Any:
        """Run a crew of one agent with two tools; what it gives."""

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

        agent = Agent(
            role="Forecaster",
            goal="Tell the weather",
            backstory="Brief.",
            tools=[get_weather, get_time],
            llm=MODELS[model][2](),
            max_iter=5,
        )
        task = Task(description="weather?", expected_output="a sentence", agent=agent, **more)
        crew = Crew(agents=[agent], tasks=[task])
        return asyncio.run(_awaited(crew)) if is_async else crew.kickoff()


async def _awaited(crew: Crew) -> Any:
    return await crew.akickoff()


def test_two_calls_of_one_tool(model: str, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ran.kickoff(model, is_async=is_async).raw == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == 2
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [MODELS[model][:2]] * 2


def test_calls_of_two_tools_with_ids_of_their_own(model: str) -> None:
    """Calls of different tools each reach their tool, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm)
        assert ran.kickoff(model).raw == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    weather, time = ("get_weather", "get_time") if MODELS[model][0] == GEMINI else ("call_weather", "call_time")
    assert answers(llm) == {weather: "sunny in Paris", time: "noon in Rome"}


def test_a_structured_output_after_the_tools(model: str) -> None:
    """What a task's last answer says is parsed."""
    with intercept() as llm:
        one_of_each_tool(llm, final=structured(Forecast(city="Paris", degrees=20)))
        assert Ran().kickoff(model, output_pydantic=Forecast).pydantic == Forecast(city="Paris", degrees=20)


def test_tokens_are_counted_beside_the_calls() -> None:
    """CrewAI asks how many tokens a request has; that is answered, and is no call."""
    with intercept("It is sunny") as llm:
        assert Ran().kickoff("default").raw == "It is sunny"
    assert len(llm.calls) == 1
    assert {(call.request.api, call.status) for call in llm.side_calls} == {("side.tokens", 200)}


@pytest.mark.parametrize("api", ["completions", "responses"])
def test_a_text_is_streamed(api: str) -> None:
    """A model by itself streams a text on either API; of Responses it loses the calls of a stream (docs/wire-notes.md)."""
    with intercept("It is sunny") as llm:
        assert LLM(model="gpt-5.4", api=api, stream=True).call("weather?") == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]
