"""Mistral's own SDK, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("mistralai.client")

from mistralai.client import Mistral

from llm_intercept import Reply, intercept, structured, tool_call

QUESTION: dict[str, Any] = {"model": "mistral-large-latest", "messages": [{"role": "user", "content": "weather?"}]}


def test_complete() -> None:
    """`chat.complete` is answered."""
    with intercept("It is sunny") as llm, Mistral(api_key="test") as client:
        assert client.chat.complete(**QUESTION).choices[0].message.content == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"]


def test_stream() -> None:
    """`chat.stream` is answered chunk by chunk."""
    with intercept("It is sunny") as llm, Mistral(api_key="test") as client, client.chat.stream(**QUESTION) as events:
        assert "".join(event.data.choices[0].delta.content or "" for event in events) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]


def test_async() -> None:
    """`chat.complete_async` and `chat.stream_async` are answered."""

    async def run() -> list[str]:
        async with Mistral(api_key="test") as client:
            whole = await client.chat.complete_async(**QUESTION)
            stream = await client.chat.stream_async(**QUESTION)
            texts = [event.data.choices[0].delta.content or "" async for event in stream]
            return [whole.choices[0].message.content, "".join(texts)]

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == ["It is sunny"] * 2
    assert [call.request.stream for call in llm.calls] == [False, True]


def test_stream_of_calls() -> None:
    """Streamed calls are read, several too, and `tool_choice="any"` forces one."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]

    def calls(reply: Any, **more: Any) -> list[Any]:
        with (
            intercept(reply),
            Mistral(api_key="test") as client,
            client.chat.stream(**QUESTION, tools=tools, **more) as events,
        ):
            found = [call for event in events for call in event.data.choices[0].delta.tool_calls or ()]
        return [(call.index, call.function.name, call.function.arguments) for call in found]

    assert calls(["Let me see.", tool_call("f", a="long enough"), tool_call("f", b=1)]) == [
        (0, "f", '{"a": "long enough"}'),
        (1, "f", '{"b": 1}'),
    ]
    assert calls(structured({"a": 1}), tool_choice="any") == [(0, "f", '{"a":1}')]


def test_reasoning_and_usage() -> None:
    """Reasoning is a part of the content, as Mistral has it, and the usage is in the last chunk unasked."""
    with intercept(Reply("It is sunny", reasoning="Let me see")), Mistral(api_key="test") as client:
        thought, said = client.chat.complete(**QUESTION).choices[0].message.content
        with client.chat.stream(**QUESTION) as events:
            chunks = [event.data for event in events]
    assert (thought.thinking[0].text, said.text) == ("Let me see", "It is sunny")
    contents = [chunk.choices[0].delta.content for chunk in chunks]
    thoughts = [part.thinking[0].text for content in contents if isinstance(content, list) for part in content]
    assert "".join(thoughts) == "Let me see"
    assert "".join(content for content in contents if isinstance(content, str)) == "It is sunny"
    assert chunks[-1].usage.completion_tokens > 0
