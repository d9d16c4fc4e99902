"""The stream of a request, accumulated by openai's own code, is the JSON of the same request."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openai")

from openai.lib.streaming.chat import ChatCompletionStreamState
from sdk_support import body, make

from llm_intercept import Reply, intercept
from llm_intercept.model import Usage

REPLIES = {
    "text": "It's simple to use",
    "empty": "",
    "unicode": 'naïve 🙂 日本語\u2028\x00\\"',
    "long": "word " * 500,
    "deltas": ["Hel", "lo", "", " world"],
    "length": Reply("cut off he", finish_reason="length"),
    "usage": Reply("hi", usage=Usage(input_tokens=7, output_tokens=3, cache_read_tokens=2, reasoning_tokens=1)),
    "model": Reply("hi", model="gpt-4o-mini-2024-07-18"),
}


def _both(reply: Any, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask the same twice in one block: once as JSON, once as a stream that the SDK accumulates."""
    state = ChatCompletionStreamState()
    with intercept(reply), make(is_async=False, _strict_response_validation=True) as client:
        whole = client.chat.completions.create(**body(**options))
        more = {"stream": True, "stream_options": {"include_usage": True}}
        for chunk in client.chat.completions.create(**body(**options, **more)):
            state.handle_chunk(chunk)
    return whole.model_dump(exclude_none=True), state.current_completion_snapshot.model_dump(exclude_none=True)


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5", "o3-mini", "my-own-model"])
def test_the_accumulated_stream_is_the_json(name: str, model: str) -> None:
    """Id, created, model, fingerprint, choices and usage agree, field for field.

    Two differences are the API's and the SDK's own: no stream carries `annotations`, and openai 2's accumulator lets
    the last chunk's `obfuscation` through.
    """
    whole, accumulated = _both(REPLIES[name], model=model)
    assert whole["choices"][0]["message"].pop("annotations", []) == []
    accumulated.pop("obfuscation", None)
    assert accumulated == whole


def test_two_requests_that_are_the_same_have_two_ids() -> None:
    """Asking the same twice gives two ids, and the stream of each agrees with the JSON of each."""
    with intercept("hi"), make(is_async=False) as client:
        whole = [client.chat.completions.create(**body()).id for _ in range(2)]
        streamed = [{chunk.id for chunk in client.chat.completions.create(**body(stream=True))} for _ in range(2)]
    assert whole[0] != whole[1]
    assert streamed == [{whole[0]}, {whole[1]}]


def test_usage_comes_only_when_asked_for() -> None:
    """A stream reports its usage in a last chunk if `include_usage` asks for it, and nowhere else."""
    with intercept("hi"), make(is_async=False) as client:
        plain = [chunk.usage for chunk in client.chat.completions.create(**body(stream=True))]
        options = {"include_usage": True}
        counted = list(client.chat.completions.create(**body(stream=True, stream_options=options)))
    assert set(plain) == {None}
    assert [chunk.usage is not None for chunk in counted] == [*[False] * (len(counted) - 1), True]
    assert counted[-1].choices == []
    usage = counted[-1].usage
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
