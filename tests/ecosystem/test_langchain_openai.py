"""langchain-openai, unmodified."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("langchain_openai")

from langchain_openai import ChatOpenAI

from llm_intercept import intercept


def _model() -> ChatOpenAI:
    return ChatOpenAI(model="gpt-4o", api_key="sk-test")


def test_invoke() -> None:
    """`invoke` and `ainvoke` are answered."""
    with intercept("It is sunny") as llm:
        assert _model().invoke("weather?").content == "It is sunny"
        assert asyncio.run(_model().ainvoke("weather?")).content == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"] * 2


def test_stream() -> None:
    """`stream` and `astream` are answered chunk by chunk."""

    async def run() -> str:
        return "".join([chunk.content async for chunk in _model().astream("weather?")])

    with intercept("It is sunny") as llm:
        assert "".join(chunk.content for chunk in _model().stream("weather?")) == "It is sunny"
        assert asyncio.run(run()) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True, True]
