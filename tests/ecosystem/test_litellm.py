"""litellm, unmodified: its sync client sends with httpx (by openai's SDK), its async one with aiohttp."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest

# litellm fetches its price list when it is imported, unless told to use the one it ships.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

pytest.importorskip("litellm")

import litellm

from llm_intercept import Reply, intercept

if TYPE_CHECKING:
    from collections.abc import Iterator

# pydantic warns of litellm's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
]

QUESTION: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "weather?"}],
    "api_key": "sk-test",
}


@pytest.fixture(autouse=True)
def _loop() -> Iterator[None]:
    """Give litellm's sync calls a loop: they ask asyncio for the thread's, which would make one nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def test_completion() -> None:
    """`litellm.completion` is answered."""
    with intercept("It is sunny") as llm:
        answer = litellm.completion(**QUESTION)
    assert answer.choices[0].message.content == "It is sunny"
    assert [call.request.last_user for call in llm.calls] == ["weather?"]


def test_completion_stream() -> None:
    """`litellm.completion(stream=True)` is answered chunk by chunk."""
    with intercept("It is sunny") as llm:
        texts = [chunk.choices[0].delta.content for chunk in litellm.completion(**QUESTION, stream=True)]
    assert "".join(filter(None, texts)) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]


def test_acompletion() -> None:
    """`litellm.acompletion`, which sends with aiohttp, is answered."""
    with intercept("It is sunny") as llm:
        answer = asyncio.run(litellm.acompletion(**QUESTION))
    assert answer.choices[0].message.content == "It is sunny"
    assert len(llm.calls) == 1


def test_acompletion_stream() -> None:
    """`litellm.acompletion(stream=True)` is answered chunk by chunk."""

    async def run() -> list[str | None]:
        stream = await litellm.acompletion(**QUESTION, stream=True)
        return [chunk.choices[0].delta.content async for chunk in stream]

    with intercept("It is sunny") as llm:
        assert "".join(filter(None, asyncio.run(run()))) == "It is sunny"
    assert [call.request.stream for call in llm.calls] == [True]


def test_a_provider_that_litellm_calls_by_itself() -> None:
    """A provider that litellm calls with its own HTTP handlers, without openai's SDK, is answered too."""
    request = {**QUESTION, "model": "hosted_vllm/my-model", "api_base": "http://localhost:8000/v1"}

    async def run() -> Any:
        return await litellm.acompletion(**request)

    with intercept("It is sunny") as llm:
        for answer in (litellm.completion(**request), asyncio.run(run())):
            assert answer.choices[0].message.content == "It is sunny"
    assert [call.request.url for call in llm.calls] == ["http://localhost:8000/v1/chat/completions"] * 2


HOSTS = {
    "mistral/magistral-small-latest": "mistral",
    "openrouter/z-ai/glm-4.6": "openrouter",
    "deepseek/deepseek-reasoner": "deepseek",
    "xai/grok-3-mini": "xai",
    "cerebras/gpt-oss-120b": "cerebras",
    "together_ai/some/model": "together",
    "groq/qwen3-32b": "groq",
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_hosts_reasoning_and_usage_are_found(name: str) -> None:
    """litellm finds reasoning and tokens in what each host sends; of Groq's it reads the reasoning of streams alone."""
    question: dict[str, Any] = {"model": name, "messages": [{"role": "user", "content": "weather?"}], "api_key": "test"}
    with intercept(Reply("It is sunny.", reasoning="Let me see")):
        whole = litellm.completion(**question)
        chunks = list(litellm.completion(**question, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert (whole.choices[0].message.content, whole.usage.completion_tokens) == ("It is sunny.", 7)
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Let me see"
    assert HOSTS[name] == "groq" or whole.choices[0].message.reasoning_content == "Let me see"
