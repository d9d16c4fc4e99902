"""instructor around each maker's SDK, unmodified: the reply is JSON text for a model's schema, or a call's arguments."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import pytest

pytest.importorskip("instructor")

import instructor
import openai
from pydantic import BaseModel
from two_calls import ANTHROPIC, CHAT, CLAUDE, GEMINI, GEMINI_NAMING_CALLS, RESPONSES

from llm_intercept import auto, intercept, structured, tool_call

MESSAGES = [{"role": "user", "content": "who?"}]


class Person(BaseModel):
    """What the model is asked for."""

    name: str
    age: int


ADA = {"name": "Ada", "age": 36}


def test_create() -> None:
    """A client made with `from_openai` reads its model out of the text."""
    client = instructor.from_openai(openai.OpenAI(api_key="sk-test"), mode=instructor.Mode.JSON)
    with intercept(json.dumps(ADA)) as llm:
        assert (
            client.chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Person).model_dump() == ADA
        )
    assert len(llm.calls) == 1


def test_create_async() -> None:
    """An async client does the same."""
    client = instructor.from_openai(openai.AsyncOpenAI(api_key="sk-test"), mode=instructor.Mode.JSON)

    async def run() -> Person:
        return await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Person)

    with intercept(json.dumps(ADA)) as llm:
        assert asyncio.run(run()).model_dump() == ADA
    assert len(llm.calls) == 1


def test_create_partial() -> None:
    """A streamed model grows to the whole one."""
    client = instructor.from_openai(openai.OpenAI(api_key="sk-test"), mode=instructor.Mode.JSON)
    with intercept(json.dumps(ADA)) as llm:
        people = list(client.chat.completions.create_partial(model="gpt-4o", messages=MESSAGES, response_model=Person))
    assert people[-1].model_dump() == ADA
    assert [call.request.stream for call in llm.calls] == [True]


def test_a_second_attempt() -> None:
    """instructor asks again after an answer that does not fit, and sends what was wrong with it."""
    client = instructor.from_openai(openai.OpenAI(api_key="sk-test"), mode=instructor.Mode.JSON)
    with intercept() as llm:
        llm.reply('{"name": "Ada"}', json.dumps(ADA))
        assert (
            client.chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Person).model_dump() == ADA
        )
    assert [call.request.turn for call in llm.calls] == [1, 2]


def test_tools_mode() -> None:
    """In the mode that forces a tool, an instance is the tool's arguments, also where instructor renames the tool."""
    client = instructor.from_openai(openai.OpenAI(api_key="sk-test"), mode=instructor.Mode.TOOLS)
    with intercept(Person(name="Ada", age=36)):
        assert client.chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Person).age == 36
        found = list(client.chat.completions.create_partial(model="gpt-4o", messages=MESSAGES, response_model=Person))
        assert found[-1].model_dump() == ADA
    with intercept(structured({"tasks": [ADA]})):
        people = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, response_model=Iterable[Person])
        assert [one.model_dump() for one in people] == [ADA]


@pytest.mark.parametrize("mode", [instructor.Mode.TOOLS, instructor.Mode.RESPONSES_TOOLS])
def test_auto_on_either_api(mode: instructor.Mode) -> None:
    """`auto()` calls the tool that stands for the model, in chat completions and in Responses."""
    client = instructor.from_openai(openai.OpenAI(api_key="sk-test"), mode=mode)
    with intercept(auto()) as llm:
        made = client.create(model="gpt-5.4", messages=MESSAGES, response_model=Person)
    assert made.model_dump() == {"name": "", "age": 0}
    api = RESPONSES if mode is instructor.Mode.RESPONSES_TOOLS else CHAT
    assert [call.request.api for call in llm.calls] == [api]


MODELS = {"openai/gpt-5.4": CHAT, f"anthropic/{CLAUDE}": ANTHROPIC, f"google/{GEMINI_NAMING_CALLS}": GEMINI}
"""Models by their names, and which API they are asked by."""
MODES = pytest.mark.parametrize("mode", [instructor.Mode.TOOLS, instructor.Mode.JSON], ids=["tools", "JSON"])


# aiohttp warns of google-genai's own code.
@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
@MODES
@pytest.mark.parametrize("model", MODELS)
def test_a_model_by_its_name(model: str, mode: instructor.Mode, is_async: bool, stream: bool) -> None:
    """Each maker's answer is parsed into the instance, whole and as it grows."""

    async def run() -> Person:
        client = instructor.from_provider(model, mode=mode, async_client=True)
        if stream:
            found = client.create_partial(messages=MESSAGES, response_model=Person, max_retries=1)
            return [one async for one in found][-1]
        return await client.create(messages=MESSAGES, response_model=Person)

    def run_sync() -> Person:
        client = instructor.from_provider(model, mode=mode)
        if stream:
            return list(client.create_partial(messages=MESSAGES, response_model=Person))[-1]
        return client.create(messages=MESSAGES, response_model=Person)

    with intercept(structured(ADA)) as llm:
        assert (asyncio.run(run()) if is_async else run_sync()).model_dump() == ADA
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(MODELS[model], stream)]


@MODES
@pytest.mark.parametrize("model", MODELS)
def test_a_second_attempt_of_any_maker(model: str, mode: instructor.Mode) -> None:
    """An answer that does not fit is asked for again, with what was wrong with it."""
    wrong = tool_call("Person", name="Ada") if mode is instructor.Mode.TOOLS else '{"name": "Ada"}'
    with intercept() as llm:
        llm.reply(wrong, structured(ADA))
        client = instructor.from_provider(model, mode=mode)
        assert client.create(messages=MESSAGES, response_model=Person).model_dump() == ADA
    assert len(llm.calls) == 2
    assert "Field required" in llm.calls[1].request.messages[-1].text
