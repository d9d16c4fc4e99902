"""openai-agents on chat completions, unmodified."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("agents")

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

from llm_intercept import intercept

# Traces would be sent to OpenAI.
set_tracing_disabled(disabled=True)


def _agent() -> Agent:
    model = OpenAIChatCompletionsModel(model="gpt-4o", openai_client=AsyncOpenAI(api_key="sk-test"))
    return Agent(name="Forecaster", instructions="Be brief.", model=model)


def test_run() -> None:
    """`Runner.run` is answered, and sends the agent's instructions."""
    with intercept("It is sunny") as llm:
        assert asyncio.run(Runner.run(_agent(), "weather?")).final_output == "It is sunny"
    assert [(call.request.system, call.request.last_user) for call in llm.calls] == [("Be brief.", "weather?")]


def test_run_streamed() -> None:
    """`Runner.run_streamed` is answered chunk by chunk."""

    async def run() -> str:
        result = Runner.run_streamed(_agent(), "weather?")
        async for _ in result.stream_events():
            pass
        return result.final_output

    with intercept("It is sunny") as llm:
        assert asyncio.run(run()) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]
