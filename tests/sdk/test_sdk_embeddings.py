"""The openai SDK, unmodified, gets embeddings and models from a block."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openai")

import openai
from sdk_support import ask, make, run

from llm_intercept import embedding, intercept

SMALL = "text-embedding-3-small"


def create(client: Any, of: Any = "a cat", **more: Any) -> Any:
    return run(lambda: client.embeddings.create(**{"model": SMALL, "input": of, **more}))


@pytest.mark.parametrize("of", ["one", ["one", "two", "three"], [1, 2], [[1], [2, 3]]])
def test_strict_validation_finds_no_fault(is_async: bool, of: Any) -> None:
    """Every form of input is answered with what the SDK's own models declare."""
    with intercept("hi"):
        answer = create(make(is_async, _strict_response_validation=True), of, encoding_format="float", dimensions=8)
    assert [one.index for one in answer.data] == list(range(len(answer.data)))
    assert {len(one.embedding) for one in answer.data} == {8}
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


def test_the_sdks_own_base64_says_the_same_numbers(is_async: bool) -> None:
    """What the SDK asks for by itself, base64, is read to the numbers that are asked for as such."""
    with intercept("hi"):
        usual, plain = create(make(is_async)), create(make(is_async), encoding_format="float")
    assert usual.data[0].embedding == pytest.approx(plain.data[0].embedding, rel=1e-6)
    assert len(usual.data[0].embedding) == 1536


def test_a_rule_gives_the_vectors(is_async: bool) -> None:
    """Vectors of a rule reach the program as they were given."""
    with intercept("hi") as llm:
        llm.on(api="openai.embeddings").reply(embedding([0.5, 0.25]))
        assert create(make(is_async)).data[0].embedding == [0.5, 0.25]
        assert ask(make(is_async)) == "hi"


def test_a_mistake_is_the_sdks_error(is_async: bool) -> None:
    """What OpenAI refuses is raised as the SDK's own error, and not tried again."""
    with pytest.raises(openai.BadRequestError, match="empty string"), intercept("hi") as llm:
        create(make(is_async), ["a", ""])
    assert len(llm.calls) == 1


def test_azure_is_answered(is_async: bool) -> None:
    """A deployment of Azure's is answered."""
    kind = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
    client = kind(api_key="none", api_version="2024-10-21", azure_endpoint="https://it.openai.azure.com")
    with intercept("hi") as llm:
        assert len(create(client, model="mine").data) == 1
    assert "/deployments/mine/embeddings" in llm.calls[0].request.url


def test_models_are_listed_and_retrieved(is_async: bool) -> None:
    """The list and each of its models are the SDK's own types; one that is not in it is not found."""

    async def listed(client: Any) -> list[Any]:
        return [model async for model in client.models.list()] if is_async else list(client.models.list())

    with intercept("hi"):
        client = make(is_async, _strict_response_validation=True)
        models = run(lambda: listed(client))
        assert run(lambda: client.models.retrieve("gpt-4o")) in models
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            run(lambda: client.models.retrieve("gpt-1"))
