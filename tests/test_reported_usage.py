"""A usage that an API reported is given as a reply's, and told again whole: every field, in its order."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from anthropic.types import Usage as AnthropicUsage
from google.genai.types import GenerateContentResponseUsageMetadata
from openai.types import CompletionUsage

from llm_intercept import InterceptTransport, Reply, intercept
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.model.usage import COUNTS, Usage
from tests.recorded import needs_recordings, recorded, recorded_in

GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai.chat": (
        "https://api.openai.com/v1/chat/completions",
        {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
    ),
    "openai.completions": ("https://api.openai.com/v1/completions", {"model": "davinci-002", "prompt": "hi"}),
    "openai.responses": ("https://api.openai.com/v1/responses", {"model": "gpt-4o", "input": "hi"}),
    "anthropic.messages": (
        "https://api.anthropic.com/v1/messages",
        {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]},
    ),
    "google.gemini": (GEMINI, {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
}
REPORTED: dict[str, dict[str, Any]] = {
    "openai.chat": {
        "prompt_tokens": 19,
        "completion_tokens": 10,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 2, "text_tokens": 17, "image_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0, "text_tokens": 7},
        "queue_time": 0.5,
    },
    "openai.completions": {"total_tokens": 5, "prompt_tokens": 3, "completion_tokens": 2},
    "openai.responses": {
        "input_tokens": 19,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
        "output_tokens": 10,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 29,
    },
    "anthropic.messages": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 4,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 5},
        "output_tokens": 10,
        "service_tier": "priority",
    },
    "google.gemini": {
        "promptTokenCount": 19,
        "candidatesTokenCount": 7,
        "totalTokenCount": 29,
        "cachedContentTokenCount": 4,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 19}],
        "thoughtsTokenCount": 3,
    },
}
READ = {
    "openai.chat": (19, 10, 4, 0, 3),
    "openai.completions": (3, 2, 0, 0, 0),
    "openai.responses": (19, 10, 4, 1, 3),
    "anthropic.messages": (19, 10, 4, 5, 0),
    "google.gemini": (19, 10, 4, 0, 3),
}


def answered(api: str, usage: Any) -> tuple[Any, Usage]:
    """Ask an API that answers with a usage; return what it reports, and what is noted."""
    url, body = ASKED[api]
    with InterceptTransport(Reply("hi", usage=usage)) as transport, httpx.Client(transport=transport) as client:
        answer = client.post(url, json=body).json()
        noted = transport.calls[-1].usage
    assert noted is not None
    return answer.get("usage") or answer.get("usageMetadata"), noted


def counts(used: Usage) -> tuple[int, ...]:
    return (
        used.input_tokens,
        used.output_tokens,
        used.cache_read_tokens,
        used.cache_write_tokens,
        used.reasoning_tokens,
    )


@pytest.mark.parametrize("api", REPORTED)
def test_the_same_api_tells_it_to_the_letter(api):
    """And its numbers are noted."""
    told, noted = answered(api, REPORTED[api])
    assert json.dumps(told) == json.dumps(REPORTED[api])
    assert counts(noted) == READ[api]


@pytest.mark.parametrize("api", ASKED)
@pytest.mark.parametrize("of", ["openai.chat", "openai.responses", "anthropic.messages", "google.gemini"])
def test_another_api_tells_what_it_can(of, api):
    """The same numbers, in its own words."""
    told, noted = answered(api, REPORTED[of])
    assert counts(noted) == READ[of]
    assert told == answered(api, Usage(*READ[of]))[0] or api == of


@pytest.mark.parametrize(
    ("api", "given"),
    [
        ("openai.chat", CompletionUsage.model_validate(REPORTED["openai.chat"])),
        ("anthropic.messages", AnthropicUsage.model_validate(REPORTED["anthropic.messages"])),
        ("google.gemini", GenerateContentResponseUsageMetadata.model_validate(REPORTED["google.gemini"])),
    ],
)
def test_an_sdks_object_is_taken_whole(api, given):
    """With what nobody set left out."""
    told, noted = answered(api, given)
    assert told == REPORTED[api]
    assert counts(noted) == READ[api]


def test_a_stream_tells_it_too():
    """In the chunk that has the usage."""
    url, body = ASKED["openai.chat"]
    given = REPORTED["openai.chat"]
    with InterceptTransport(Reply("hi", usage=given)) as transport, httpx.Client(transport=transport) as client:
        asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
        assert accumulated(stream_data(client.post(url, json=asked).content))["usage"] == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"input_tokenz": 3}, "there is no 'input_tokenz'"),
        ({"prompt_tokens": -3}, "prompt_tokens is -3"),
        ({"prompt_tokens": 3, "details": {"cached": [float("nan")]}}, r"details.cached\[0\] is nan"),
        ({"prompt_tokens": "3"}, "counts nothing"),
        ({"tokens": 3}, "there is no 'tokens'"),
        ({"prompt_tokens": object()}, "prompt_tokens is <object"),
        ("3 tokens", "cannot be used. Give Usage"),
        (3, "cannot be used. Give Usage"),
        (Usage, "cannot be used. Give Usage"),
    ],
)
def test_what_is_no_usage_is_refused_and_told(given, words):
    """Where it is given."""
    with pytest.raises(ReplyError, match=words):
        Reply("hi", usage=given)


def test_names_of_no_api_are_refused_when_somebody_is_asked():
    """For only then is it known whose they are to be."""
    url, body = ASKED["openai.chat"]
    with (
        pytest.raises(ReplyError, match="no API reports its usage by these names"),
        intercept(Reply("hi", usage={"prompts": 3})),
    ):
        httpx.post(url, json=body)


RECORDED = {"chat.completions": "openai.chat", "responses": "openai.responses", "messages": "anthropic.messages"}


@needs_recordings
def test_every_recorded_usage_is_told_to_the_letter():
    """Of every API, whatever its model and day: each that is another once."""
    seen: set[str] = set()
    for one in (*recorded(), *recorded_in("recordings-apis.jsonl")):
        if one.is_sse or one.status != 200 or one.endpoint not in RECORDED:
            continue
        usage = one.body.get("usage")
        kind = f"{one.endpoint} {[*(usage or ())]}"
        if usage and kind not in seen and not usage.keys() <= {*COUNTS}:
            seen.add(kind)
            assert json.dumps(answered(RECORDED[one.endpoint], usage)[0]) == json.dumps(usage), one.name
    assert len(seen) > 3
