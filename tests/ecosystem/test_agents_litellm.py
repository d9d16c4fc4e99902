"""A tool loop on litellm, unmodified: two calls at once, streamed, to the final text."""

from __future__ import annotations

import asyncio
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

# litellm fetches its price list when it is imported, unless told to use the one it ships.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

pytest.importorskip("litellm")

import litellm
from two_calls import FINAL, calls_ids, one_of_each_tool, two_of_one_tool

from llm_intercept import intercept, tool_call

if TYPE_CHECKING:
    from collections.abc import Iterator

# pydantic warns of litellm's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in ("get_weather", "get_time")]
Say = "Callable[[list[Any]], Awaitable[Any]]"


@pytest.fixture(autouse=True)
def _loop() -> Iterator[None]:
    """Give litellm's sync calls a loop: they ask asyncio for the thread's, which would make one nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    def answer(self, call: Any) -> dict[str, str]:
        """Run the tool that is called; the message with what it says."""
        name, city = call.function.name, json.loads(call.function.arguments)["city"]
        self.append((name, city))
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


def question(messages: list[Any]) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": messages, "tools": TOOLS, "api_key": "sk-test"}


async def streamed(messages: list[Any]) -> Any:
    chunks = list(litellm.completion(**question(messages), stream=True))
    return litellm.stream_chunk_builder(chunks, messages=messages)


async def streamed_async(messages: list[Any]) -> Any:
    chunks = [chunk async for chunk in await litellm.acompletion(**question(messages), stream=True)]
    return litellm.stream_chunk_builder(chunks, messages=messages)


async def whole(messages: list[Any]) -> Any:
    return litellm.completion(**question(messages))


async def whole_async(messages: list[Any]) -> Any:
    return await litellm.acompletion(**question(messages))


WAYS = pytest.mark.parametrize("say", [streamed, streamed_async, whole, whole_async])


def given_ids(messages: list[Any]) -> list[str]:
    """The ids of the calls as the program was given them."""
    return [call.id for message in messages if not isinstance(message, dict) for call in message.tool_calls or ()]


@WAYS
def test_two_calls_of_one_tool(say: Say) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        messages = asyncio.run(loop(ran, say))
    assert messages[-1].content == FINAL
    assert ran == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == given_ids(messages)
    assert all(re.fullmatch(r"call_[A-Za-z0-9]{24}", one) for one in given_ids(messages))
    assert [call.request.stream for call in llm.calls] == [say in {streamed, streamed_async}] * 2


@WAYS
def test_calls_of_two_tools_with_ids_of_their_own(say: Say) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        messages = asyncio.run(loop(ran, say))
    assert [message.content for message in messages if not isinstance(message, dict)] == ["Let me see.", FINAL]
    assert ran == [("get_weather", "Paris"), ("get_time", "Rome")]
    assert calls_ids(llm, 2) == given_ids(messages) == ["call_weather", "call_time"]


@pytest.mark.parametrize("say", [streamed, streamed_async])
def test_a_stream_finishes_with_tool_calls(say: Say) -> None:
    """What litellm builds from the chunks of two calls has both, with their arguments to the letter."""
    with intercept([tool_call("get_weather", '{ "city":"Paris"}'), tool_call("get_time", city="Rome")]):
        answer = asyncio.run(say([{"role": "user", "content": "weather?"}]))
    assert answer.choices[0].finish_reason == "tool_calls"
    assert [call.function.arguments for call in answer.choices[0].message.tool_calls] == [
        '{ "city":"Paris"}',
        '{"city":"Rome"}',
    ]
