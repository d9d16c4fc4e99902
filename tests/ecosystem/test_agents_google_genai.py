"""Agents on google-genai, unmodified, whose chats call functions by themselves: two calls at once, streamed and not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("google.genai")

from google import genai
from google.genai import types
from pydantic import BaseModel
from two_calls import (
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    GEMINI_WITHOUT_IDS,
    answers,
    are_the_apis_own,
    asked,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import intercept, structured

# Where aiohttp is installed, which warns of google-genai's own code.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


class Ran(list[tuple[str, str]]):
    """The functions that really ran, with their arguments."""

    def ask(self, *, stream: bool, is_async: bool, model: str = GEMINI_NAMING_CALLS) -> str:
        """Say something in a chat with two functions; its answer."""

        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        config = types.GenerateContentConfig(tools=[get_weather, get_time])
        if is_async:
            return asyncio.run(_answer(model, config, stream=stream))
        with genai.Client() as client:
            chat = client.chats.create(model=model, config=config)
            if stream:
                return "".join(chunk.text or "" for chunk in chat.send_message_stream("weather?"))
            return chat.send_message("weather?").text or ""


async def _answer(model: str, config: Any, *, stream: bool) -> str:
    async with genai.Client().aio as client:
        chat = client.chats.create(model=model, config=config)
        if stream:
            return "".join([chunk.text or "" async for chunk in await chat.send_message_stream("weather?")])
        return (await chat.send_message("weather?")).text or ""


def test_two_calls_of_one_tool(stream: bool, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert ran.ask(stream=stream, is_async=is_async) == FINAL
    assert ran == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert are_the_apis_own(calls_ids(llm, 2), GEMINI)
    assert [one.text for one in asked(llm)[1].tool_results] == ["sunny in Paris", "sunny in Rome"]
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(GEMINI, stream)] * 2


@pytest.mark.parametrize("model", [GEMINI_NAMING_CALLS, GEMINI_WITHOUT_IDS])
def test_calls_of_two_tools_with_ids_of_their_own(model: str, stream: bool, is_async: bool) -> None:
    """Calls of different tools each reach their tool, and the ids that the test chose come back, whatever the model.

    What the functions returned has their names alone.
    """
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm)
        assert ran.ask(stream=stream, is_async=is_async, model=model) == FINAL
    assert ran == [("get_weather", "Paris"), ("get_time", "Rome")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"get_weather": "sunny in Paris", "get_time": "noon in Rome"}


@pytest.mark.parametrize("model", [GEMINI_NAMING_CALLS, GEMINI_WITHOUT_IDS])
def test_two_turns_of_calls(model: str, is_async: bool) -> None:
    """An agent that calls functions in two turns has distinct ids in all of them, or none."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert ran.ask(stream=True, is_async=is_async, model=model) == FINAL
    assert [city for _, city in ran] == ["Paris", "Rome", "Oslo", "Bonn"]
    ids = calls_ids(llm, 3)
    assert ids == ["get_weather"] * 4 if model == GEMINI_WITHOUT_IDS else are_the_apis_own(ids, GEMINI)


def test_a_structured_output_is_parsed() -> None:
    """`parsed` is the instance."""
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Forecast)
    with intercept(structured(Forecast(city="Paris", degrees=20))), genai.Client() as client:
        answer = client.models.generate_content(model=GEMINI_NAMING_CALLS, contents="weather?", config=config)
    assert answer.parsed == Forecast(city="Paris", degrees=20)
