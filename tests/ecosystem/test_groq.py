"""groq's own SDK, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("groq")

from groq import AsyncGroq, Groq

from llm_intercept import Reply, intercept

QUESTION: dict[str, Any] = {"model": "llama-3.3-70b", "messages": [{"role": "user", "content": "weather?"}]}


def test_create() -> None:
    """`chat.completions.create` is answered."""
    with intercept("It is sunny") as llm, Groq(api_key="test") as client:
        assert client.chat.completions.create(**QUESTION).choices[0].message.content == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"]


def test_create_stream() -> None:
    """`chat.completions.create(stream=True)` is answered chunk by chunk."""
    with intercept("It is sunny") as llm, Groq(api_key="test") as client:
        stream = client.chat.completions.create(**QUESTION, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]


def test_create_async() -> None:
    """The async client is answered, as JSON and chunk by chunk."""

    async def run() -> list[str]:
        async with AsyncGroq(api_key="test") as client:
            whole = await client.chat.completions.create(**QUESTION)
            stream = await client.chat.completions.create(**QUESTION, stream=True)
            texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return [whole.choices[0].message.content, "".join(texts)]

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == ["It is sunny"] * 2
    assert [call.request.stream for call in llm.calls] == [False, True]


def test_reasoning_and_usage() -> None:
    """Reasoning has Groq's field, and the SDK finds Groq's own usage in the last chunk, asked for or not."""
    reply = Reply("It is sunny", reasoning="Let me see")
    with intercept(reply), Groq(api_key="test") as client:
        whole = client.chat.completions.create(**QUESTION)
        chunks = list(client.chat.completions.create(**QUESTION, stream=True))
    assert whole.choices[0].message.reasoning == "Let me see"
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    assert whole.usage.total_time > 0
    assert "".join(chunk.choices[0].delta.reasoning or "" for chunk in chunks) == "Let me see"
    assert chunks[-1].x_groq.usage.total_tokens == whole.usage.total_tokens
