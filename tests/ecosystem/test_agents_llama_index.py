"""An agent of llama-index, unmodified, on its class for each of four APIs: two calls at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("llama_index.llms.openai")

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.openai import OpenAI, OpenAIResponses
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
    asked,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import intercept, structured, tool_call

if TYPE_CHECKING:
    from collections.abc import Callable

# Its own code uses what is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "default": (RESPONSES, OpenAIResponses),
    "reasoning": (RESPONSES, lambda: OpenAIResponses(model="gpt-5.4", reasoning_options={"effort": "low"})),
    "chat": (CHAT, OpenAI),
    "claude": (ANTHROPIC, lambda: Anthropic(model=CLAUDE)),
    "gemini": (GEMINI, lambda: GoogleGenAI(model=GEMINI_NAMING_CALLS)),
}


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Which model is asked, of those in the table."""
    return request.param


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    def ask(self, model: Any, *, stream: bool) -> str:
        """Run an agent with two tools; its answer."""

        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        async def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        async def run() -> str:
            agent = FunctionAgent(tools=[get_weather, get_time], llm=model, streaming=stream)
            return str(await agent.run("weather?", max_iterations=5))

        return asyncio.run(run())


def test_two_calls_of_one_tool(model: str, stream: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ran.ask(MODELS[model][1](), stream=stream) == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == 2
    assert [(one.api, one.stream) for one in asked(llm)] == [(MODELS[model][0], stream)] * 2


def test_calls_of_two_tools_with_ids_of_their_own(model: str, stream: bool) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        assert ran.ask(MODELS[model][1](), stream=stream) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_two_turns_of_calls(model: str) -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert ran.ask(MODELS[model][1](), stream=True) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert len(set(calls_ids(llm, 3))) == 4


def test_a_response_is_continued_by_its_id(stream: bool) -> None:
    """An agent that tracks responses says the conversation again behind the id; a script answers it all the same."""
    ran = Ran()
    model = OpenAIResponses(model="gpt-5.4", track_previous_responses=True)
    with intercept() as llm:
        llm.reply([tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")], FINAL)
        assert ran.ask(model, stream=stream) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    first, second = (call.request for call in llm.calls)
    assert second.raw["previous_response_id"].startswith("resp_")
    assert [message.text for message in second.messages if message.role == "user"] == [first.last_user] * 2


def test_a_structured_output(model: str, is_async: bool) -> None:
    """`structured_predict` parses what is answered."""
    predict = PromptTemplate("weather?")

    def ask() -> Any:
        llm = MODELS[model][1]()
        if is_async:
            return asyncio.run(llm.astructured_predict(Forecast, predict))
        return llm.structured_predict(Forecast, predict)

    with intercept(structured(Forecast(city="Paris", degrees=20))):
        assert ask() == Forecast(city="Paris", degrees=20)


def test_chat_and_complete(model: str) -> None:
    """`chat`, `complete` and their streams are answered."""
    messages = [ChatMessage(role="user", content="weather?")]
    with intercept("It is sunny") as llm:
        chosen = MODELS[model][1]()
        texts = [
            chosen.chat(messages).message.content,
            chosen.complete("weather?").text,
            "".join(one.delta or "" for one in chosen.stream_chat(messages)),
            "".join(one.delta or "" for one in chosen.stream_complete("weather?")),
        ]
    assert texts == ["It is sunny"] * 4
    assert [one.api for one in asked(llm)] == [MODELS[model][0]] * 4
