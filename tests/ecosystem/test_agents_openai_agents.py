"""An agent of openai-agents, unmodified, on Responses and on chat completions: two calls at once, to the final text."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("agents")

from agents import (
    Agent,
    Model,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel
from two_calls import FINAL, answers, calls_ids, one_of_each_tool, two_of_one_tool, two_turns

from llm_intercept import auto, intercept, structured, tool_call

if TYPE_CHECKING:
    from collections.abc import Callable

# Traces would be sent to OpenAI.
set_tracing_disabled(disabled=True)


MODELS: dict[str, tuple[str, Callable[[], Model | None]]] = {
    "default": ("openai.responses", lambda: None),
    "responses": ("openai.responses", lambda: OpenAIResponsesModel("gpt-4o", openai_client=AsyncOpenAI())),
    "chat": ("openai.chat", lambda: OpenAIChatCompletionsModel("gpt-4o", openai_client=AsyncOpenAI())),
}
"""Models, and which API they are asked by."""


class Forecast(BaseModel):
    """What an agent with a structured output answers."""

    city: str
    degrees: int


@pytest.fixture(autouse=True, params=MODELS)
def _model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask either of the two APIs by the same rules."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setattr(Ran, "api", MODELS[request.param][0], raising=False)
    monkeypatch.setattr(Ran, "model", MODELS[request.param][1], raising=False)


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    api: str
    model: Callable[[], Model | None]

    def agent(self, name: str = "Forecaster", **more: Any) -> Agent:
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

        return Agent(name=name, model=Ran.model(), tools=[get_weather, get_time], **more)


def ask(agent: Agent, *, stream: bool, **more: Any) -> tuple[Any, list[str]]:
    """Run the agent; its final output, and the ids of the calls as it was given them."""

    async def run() -> tuple[Any, list[str]]:
        if stream:
            result = Runner.run_streamed(agent, "weather?", **more)
            async for _ in result.stream_events():
                pass
        else:
            result = await Runner.run(agent, "weather?", **more)
        given = [item.raw_item.call_id for item in result.new_items if item.type == "tool_call_item"]
        return result.final_output, given

    return asyncio.run(run())


def test_two_calls_of_one_tool(stream: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
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
        one_of_each_tool(llm, "Let me see.")
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
        two_turns(llm)
        text, given = ask(ran.agent(), stream=True)
    assert text == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert calls_ids(llm, 3) == given
    assert len(set(given)) == 4


def test_each_tool_once_without_a_script(stream: bool) -> None:
    """`auto(tools="each once")` calls both tools, together and with arguments that they take, and ends."""
    ran = Ran()
    with intercept(auto(FINAL, tools="each once")) as llm:
        text, given = ask(ran.agent(), stream=stream)
    assert text == FINAL
    assert sorted(ran) == [("get_time", ""), ("get_weather", "")]
    assert calls_ids(llm, 2) == given


def test_a_hand_off_and_a_structured_output(stream: bool) -> None:
    """An agent hands over to one that calls two tools at once, whose last answer is parsed."""
    ran, forecast = Ran(), Forecast(city="Paris", degrees=20)
    spanish = ran.agent("Spanish", output_type=Forecast)
    triage = Agent(name="Triage", model=Ran.model(), handoffs=[spanish])
    with intercept() as llm:
        llm.on(tool="transfer_to_spanish").reply(tool_call("transfer_to_spanish"), times=1)
        llm.on(lambda r: r.turn == 2).reply(
            [tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")], times=1
        )
        llm.on(lambda r: r.turn == 3).reply(structured(forecast))
        output, given = ask(triage, stream=stream)
    assert output == forecast
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 3)[1:] == given
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(Ran.api, stream)] * 3


def test_an_agent_as_a_tool(stream: bool) -> None:
    """Two agents that are tools of a third run at once, each in a conversation of its own."""
    ran = Ran()
    experts = [ran.agent(name).as_tool(name, f"Knows {name}") for name in ("weather", "time")]
    chief = Agent(name="Chief", model=Ran.model(), tools=experts)
    with intercept() as llm:
        llm.on(lambda r: r.last_user in {"in Paris?", "in Rome?"}).reply(lambda r: f"fine {r.last_user}")
        llm.on(lambda r: r.turn == 1).reply(
            [tool_call("weather", input="in Paris?"), tool_call("time", input="in Rome?")], times=1
        )
        llm.on(lambda r: r.turn == 2).reply(FINAL)
        output, given = ask(chief, stream=stream)
    assert output == FINAL
    assert sorted(answers(llm).values()) == ["fine in Paris?", "fine in Rome?"]
    assert sorted(answers(llm)) == sorted(given)
