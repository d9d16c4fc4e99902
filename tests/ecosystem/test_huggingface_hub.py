"""huggingface_hub's inference client, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")

from huggingface_hub import AsyncInferenceClient, InferenceClient

from llm_intercept import intercept

SERVER = "http://localhost:8080/v1"
QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "weather?"}]}


def _text(chunk: Any) -> str:
    return "".join(choice.delta.content or "" for choice in chunk.choices)


def test_chat_completion() -> None:
    """`chat_completion` is answered, as JSON and chunk by chunk."""
    client = InferenceClient(base_url=SERVER, api_key="test")
    with intercept("It is sunny") as llm:
        assert client.chat_completion(**QUESTION).choices[0].message.content == "It is sunny"
        assert "".join(map(_text, client.chat_completion(**QUESTION, stream=True))) == "It is sunny"
    assert [(call.request.last_user, call.request.stream) for call in llm.calls] == [
        ("weather?", False),
        ("weather?", True),
    ]


def test_async_chat_completion() -> None:
    """The async client is answered, as JSON and chunk by chunk."""

    async def run() -> list[str]:
        async with AsyncInferenceClient(base_url=SERVER, api_key="test") as client:
            whole = await client.chat_completion(**QUESTION)
            stream = await client.chat_completion(**QUESTION, stream=True)
            return [whole.choices[0].message.content, "".join([_text(chunk) async for chunk in stream])]

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == ["It is sunny"] * 2
    assert [call.request.stream for call in llm.calls] == [False, True]
