"""A tool loop on litellm, unmodified, with each maker's models: two calls at once, streamed, to the final text."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

# litellm fetches its price list when it is imported, unless told to use the one it ships.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

pytest.importorskip("litellm")

import litellm
from pydantic import BaseModel
from two_calls import (
    ANTHROPIC,
    CHAT,
    CLAUDE,
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    are_the_apis_own,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
)

from llm_intercept import intercept, structured, tool_call

if TYPE_CHECKING:
    from collections.abc import Iterator

# pydantic warns of litellm's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ("get_weather", "get_time")]
MODELS = {"gpt-4o": CHAT, f"anthropic/{CLAUDE}": ANTHROPIC, f"gemini/{GEMINI_NAMING_CALLS}": GEMINI}
"""Models by their names, and which API they are asked by."""
Say = "Callable[[list[Any]], Awaitable[Any]]"


@pytest.fixture(autouse=True)
def _loop() -> Iterator[None]:
    """Give litellm's sync calls a loop: they ask asyncio for the thread's, which would make one nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(autouse=True, params=MODELS)
def _model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask each of the APIs by the same rules."""
    monkeypatch.setattr(Ran, "model", request.param, raising=False)


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    model: str

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        """The ids of the calls as the program was given them, for litellm changes what it gave when it asks Gemini again."""

    def answer(self, call: Any) -> dict[str, str]:
        """Run the tool that is called; the message with what it says."""
        name, city = call.function.name, json.loads(call.function.arguments)["city"]
        self.append((name, city))
        self.ids.append(call.id.partition("__thought__")[0])  # behind which litellm keeps Gemini's signature
        said = {"get_weather": "sunny", "get_time": "noon"}[name]
        return {"role": "tool", "tool_call_id": call.id, "content": f"{said} in {city}"}


async def loop(ran: Ran, say: Say) -> list[Any]:
    """Ask, call the tools and ask again until there is no call; the conversation."""
    messages: list[Any] = [{"role": "user", "content": "weather?"}]
    while True:
        message = (await say(messages)).choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return messages
        messages += [ran.answer(call) for call in message.tool_calls]


def question(messages: list[Any], **more: Any) -> dict[str, Any]:
    return {"model": Ran.model, "messages": messages, "tools": TOOLS, **more}


async def streamed(messages: list[Any], **more: Any) -> Any:
    chunks = list(litellm.completion(**question(messages, **more), stream=True))
    return litellm.stream_chunk_builder(chunks, messages=messages)


async def streamed_async(messages: list[Any], **more: Any) -> Any:
    chunks = [chunk async for chunk in await litellm.acompletion(**question(messages, **more), stream=True)]
    return litellm.stream_chunk_builder(chunks, messages=messages)


async def whole(messages: list[Any], **more: Any) -> Any:
    return litellm.completion(**question(messages, **more))


async def whole_async(messages: list[Any], **more: Any) -> Any:
    return await litellm.acompletion(**question(messages, **more))


WAYS = pytest.mark.parametrize("say", [streamed, streamed_async, whole, whole_async])


@WAYS
def test_two_calls_of_one_tool(say: Say) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        messages = asyncio.run(loop(ran, say))
    assert messages[-1].content == FINAL
    assert ran == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == ran.ids
    assert are_the_apis_own(ran.ids, MODELS[Ran.model])
    asked = [(call.request.api, call.request.stream) for call in llm.calls]
    assert asked == [(MODELS[Ran.model], say in {streamed, streamed_async})] * 2


@WAYS
def test_calls_of_two_tools_with_ids_of_their_own(say: Say) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        messages = asyncio.run(loop(ran, say))
    assert [message.content for message in messages if not isinstance(message, dict)] == ["Let me see.", FINAL]
    assert ran == [("get_weather", "Paris"), ("get_time", "Rome")]
    assert calls_ids(llm, 2) == ran.ids == ["call_weather", "call_time"]


@pytest.mark.parametrize("say", [streamed, streamed_async])
def test_a_stream_finishes_with_tool_calls(say: Say) -> None:
    """What litellm builds from the chunks of two calls has both, with their arguments to the letter where they are text."""
    with intercept([tool_call("get_weather", '{ "city":"Paris"}'), tool_call("get_time", city="Rome")]):
        answer = asyncio.run(say([{"role": "user", "content": "weather?"}]))
    assert answer.choices[0].finish_reason == "tool_calls"
    told = [call.function.arguments for call in answer.choices[0].message.tool_calls]
    assert [json.loads(one) for one in told] == [{"city": "Paris"}, {"city": "Rome"}]
    if MODELS[Ran.model] == CHAT:
        assert told == ['{ "city":"Paris"}', '{"city": "Rome"}']


@WAYS
def test_a_structured_output(say: Say) -> None:
    """What a model is asked for by `response_format` comes as its JSON."""

    async def ask() -> Any:
        return await say([{"role": "user", "content": "weather?"}], response_format=Forecast, tools=None)

    with intercept(structured(Forecast(city="Paris", degrees=20))) as llm:
        answer = asyncio.run(ask())
    assert Forecast.model_validate_json(answer.choices[0].message.content) == Forecast(city="Paris", degrees=20)
    assert len(llm.calls) == 1
