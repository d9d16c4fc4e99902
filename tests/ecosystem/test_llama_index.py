"""llama-index's OpenAI model, unmodified."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("llama_index.llms.openai")

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI

from llm_intercept import intercept

MESSAGES = [ChatMessage(role="user", content="weather?")]


def _model() -> OpenAI:
    return OpenAI(model="gpt-4o", api_key="sk-test")


def test_chat() -> None:
    """`chat` and `achat` are answered."""
    with intercept("It is sunny") as llm:
        assert _model().chat(MESSAGES).message.content == "It is sunny"
        assert asyncio.run(_model().achat(MESSAGES)).message.content == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"] * 2


def test_stream_chat() -> None:
    """`stream_chat` and `astream_chat` are answered chunk by chunk."""

    async def run() -> str:
        return "".join([chunk.delta or "" async for chunk in await _model().astream_chat(MESSAGES)])

    with intercept("It is sunny") as llm:
        assert "".join(chunk.delta or "" for chunk in _model().stream_chat(MESSAGES)) == "It is sunny"
        assert asyncio.run(run()) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True, True]
