"""An agent of agno, unmodified: its default model on Responses, and those of other APIs, by the same rules."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("agno")

from agno.agent import Agent
from agno.models.anthropic import Claude
from agno.models.google import Gemini
from agno.models.openai import OpenAIChat, OpenAIResponses
from pydantic import BaseModel
from two_calls import (
    ANTHROPIC,
    CHAT,
    FINAL,
    GEMINI,
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
    "default": (RESPONSES, lambda: None),
    "default model of its class": (RESPONSES, OpenAIResponses),
    "replayed": (RESPONSES, lambda: OpenAIResponses(store=False)),
    "chat": (CHAT, lambda: OpenAIChat(id="gpt-5.4")),
    "claude": (ANTHROPIC, Claude),
    "gemini": (GEMINI, Gemini),
}
WITHOUT_IDS = {"gemini"}
"""Of which agno does not send the calls' ids back."""


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

    def agent(self, model: str, **more: Any) -> Agent:
        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        return Agent(model=MODELS[model][1](), tools=[get_weather, get_time], **more)


def ask(agent: Agent, *, stream: bool, is_async: bool) -> Any:
    """Run the agent; what it answered."""

    async def run() -> Any:
        if not stream:
            return (await agent.arun("weather?")).content
        return "".join([_said(event) async for event in agent.arun("weather?", stream=True)])

    if is_async:
        return asyncio.run(run())
    if not stream:
        return agent.run("weather?").content
    return "".join(map(_said, agent.run("weather?", stream=True)))


def _said(event: Any) -> str:
    return event.content or "" if event.event == "RunContent" else ""


def test_text(model: str, stream: bool, is_async: bool) -> None:
    """A text is answered, on the API that the model speaks."""
    with intercept("It is sunny") as llm:
        assert ask(Ran().agent(model), stream=stream, is_async=is_async) == "It is sunny"
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(MODELS[model][0], stream)]


def test_two_calls_of_one_tool(model: str, stream: bool, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ask(ran.agent(model), stream=stream, is_async=is_async) == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == (1 if model in WITHOUT_IDS else 2)


def test_calls_of_two_tools_with_ids_of_their_own(model: str, stream: bool, is_async: bool) -> None:
    """Calls of different tools each reach their tool, and the ids that the test chose come back."""
    ran = Ran()
    weather, time = ("get_weather", "get_time") if model in WITHOUT_IDS else ("call_weather", "call_time")
    with intercept() as llm:
        one_of_each_tool(llm)
        assert ask(ran.agent(model), stream=stream, is_async=is_async) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == [weather, time]
    assert answers(llm) == {weather: "sunny in Paris", time: "noon in Rome"}


def test_two_turns_of_calls(model: str) -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert ask(ran.agent(model), stream=True, is_async=True) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == (1 if model in WITHOUT_IDS else 4)


def test_a_structured_output_after_the_tools(model: str, is_async: bool) -> None:
    """The output is parsed, once the tools were called."""
    ran = Ran()
    agent = ran.agent(model, output_schema=Forecast)
    with intercept() as llm:
        one_of_each_tool(llm, final=structured(Forecast(city="Paris", degrees=20)))
        assert ask(agent, stream=False, is_async=is_async) == Forecast(city="Paris", degrees=20)
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]


def test_each_tool_once_without_a_script(model: str, stream: bool) -> None:
    """`auto(tools="each once")` calls both tools, and ends with a text."""
    ran = Ran()
    with intercept(auto(FINAL, tools="each once")) as llm:
        assert ask(ran.agent(model), stream=stream, is_async=False) == FINAL
    assert sorted(ran) == [("get_time", ""), ("get_weather", "")]
    assert len(llm.calls) == 2


def test_telemetry_is_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What agno reports of a run goes to a host of its own, in a thread, and changes nothing where that is not there."""

    def no_network(host: str, *_: object, **__: object) -> None:
        raise socket.gaierror(-2, f"a test looked up {host}")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setenv("AGNO_TELEMETRY", "true")
    with intercept("It is sunny") as llm:
        assert ask(Ran().agent("default"), stream=False, is_async=False) == "It is sunny"
    assert (len(llm.calls), len(llm.side_calls)) == (1, 0)
