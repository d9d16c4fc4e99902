"""pydantic-ai with OpenAI's chat completions and Responses, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("pydantic_ai")

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider
from two_calls import FINAL, calls_ids, one_of_each_tool

from llm_intercept import Reply, intercept


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


def test_a_response_is_continued_by_its_id(stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that leaves the conversation with the API sends the answers of its tools alone."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    settings = OpenAIResponsesModelSettings(openai_previous_response_id="auto")
    agent = Agent("openai:gpt-5.4", model_settings=settings)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    @agent.tool_plain
    def get_time(city: str) -> str:
        """Tell the time."""
        return f"noon in {city}"

    async def run() -> str:
        if not stream:
            return (await agent.run("weather?")).output
        async with agent.run_stream("weather?") as result:
            return await result.get_output()

    with intercept() as llm:
        one_of_each_tool(llm)
        assert asyncio.run(run()) == FINAL
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert [item["type"] for item in llm.calls[1].request.raw["input"]] == ["function_call_output"] * 2


HOSTS = {
    "groq:qwen/qwen3-32b": "GROQ_API_KEY",
    "mistral:magistral-small-latest": "MISTRAL_API_KEY",
    "openrouter:z-ai/glm-4.6": "OPENROUTER_API_KEY",
    "deepseek:deepseek-reasoner": "DEEPSEEK_API_KEY",
    "cerebras:gpt-oss-120b": "CEREBRAS_API_KEY",
    "together:some/model": "TOGETHER_API_KEY",
    "fireworks:some/model": "FIREWORKS_API_KEY",
    "vercel:anthropic/claude-sonnet-4": "VERCEL_AI_GATEWAY_API_KEY",
    "ollama:qwen3": "OLLAMA_API_KEY",
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_hosts_reasoning_and_usage_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's own model finds text, thinking and tokens, at once and streamed."""
    pytest.importorskip({"groq": "groq", "mistral": "mistralai"}.get(name.partition(":")[0], "openai"))
    monkeypatch.setenv(HOSTS[name], "test")
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://localhost:11434/v1")

    async def asked() -> list[Any]:
        agent = Agent(name)
        whole = await agent.run("weather?")
        async with agent.run_stream("weather?") as run:
            output = await run.get_output()
        return [(whole.output, whole.all_messages(), whole.usage), (output, run.all_messages(), run.usage)]

    with intercept(Reply("It is sunny.", reasoning="Let me see")):
        found = asyncio.run(asked())
    for output, messages, usage in found:
        thoughts = [part.content for message in messages for part in message.parts if part.part_kind == "thinking"]
        assert (output, thoughts) == ("It is sunny.", ["Let me see"])
        assert usage.output_tokens == 7
