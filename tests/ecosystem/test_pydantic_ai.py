"""pydantic-ai with OpenAI's chat completions, unmodified."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("pydantic_ai")

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from llm_intercept import intercept


def _agent() -> Agent:
    return Agent(OpenAIChatModel("gpt-4o", provider=OpenAIProvider(api_key="sk-test")))


def test_run() -> None:
    """`run` is answered."""
    with intercept("It is sunny") as llm:
        assert asyncio.run(_agent().run("weather?")).output == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"]


def test_run_stream() -> None:
    """`run_stream` is answered chunk by chunk."""

    async def run() -> str:
        async with _agent().run_stream("weather?") as result:
            return "".join([text async for text in result.stream_text(delta=True, debounce_by=None)])

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]
