"""Writes a reply as chat completions does: one JSON body, or a stream of chunks.

Knows: WIRE.md 2.1 to 2.3 and 3. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.content import LLMRequest, Usage
from llm_intercept.dialects.chat.headers import json_headers, stream_headers
from llm_intercept.dialects.chat.models import answering_model, traits
from llm_intercept.jsontext import encode, mapping
from llm_intercept.sse import DONE, frame
from llm_intercept.tokens import count
from llm_intercept.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.dialects.base import ErrorFacts, Writing
    from llm_intercept.replies import Reply

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 29
EPOCH = 1_767_225_600  # 2026-01-01: `created` is within the year from here, the same for the same request
YEAR = 365 * 86_400
MODULUS = 16  # WIRE.md 2.2: a chunk's JSON text has 1 character more than a multiple of 16
# How OpenAI's cookbook counts a chat prompt: every message costs 3 tokens beside its text, the answer's start 3 more.
MESSAGE_TOKENS = 3
ANSWER_TOKENS = 3


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all chunks of a response have in common."""

    id: str
    created: int
    model: str
    fingerprint: str | None
    has_logprobs: bool


def write(request: LLMRequest, reply: Reply, writing: Writing) -> WireResponse:
    """Write `reply`: SSE if the request asks for a stream, else JSON."""
    envelope = _envelope(request, reply, writing.identity)
    if request.stream:
        chunks = _stream(request, reply, envelope, writing)
        return WireResponse(200, stream_headers(writing.identity), chunks)
    body = _json(request, reply, envelope, writing)
    return WireResponse(200, json_headers(writing.identity), (body,))


def write_error(error: ErrorFacts, identity: str) -> WireResponse:
    """Write an error; plain JSON even where a stream was asked for (WIRE.md 3.1: 27 of 27)."""
    body = {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}
    headers = (*json_headers(identity), *error.headers)
    return WireResponse(error.status, headers, (encode(body, indent=2),))


def _envelope(request: LLMRequest, reply: Reply, identity: str) -> Envelope:
    model = reply.model or answering_model(request.model, urlsplit(request.url).hostname or "")
    family = traits(model)
    return Envelope(
        id="chatcmpl-" + letters(identity, ID_LENGTH),
        created=EPOCH + int(identity[:8], 16) % YEAR,
        model=model,
        fingerprint="fp_" + identity[8:18] if family.has_fingerprint else None,
        has_logprobs=family.has_logprobs,
    )


def letters(identity: str, length: int) -> str:
    """Turn hex digits into `length` letters and digits."""
    number = int(identity, 16)
    characters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def _json(request: LLMRequest, reply: Reply, envelope: Envelope, writing: Writing) -> bytes:
    text = reply.text if reply.deltas is None else "".join(reply.deltas)
    usage = reply.usage or _usage(request, count(writing.tokenizer, text, envelope.model), writing)
    writing.note_usage(usage)
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
    }
    if envelope.has_logprobs:
        choice["logprobs"] = None
    choice["finish_reason"] = reply.finish_reason or "stop"
    body = {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": [choice],
        "usage": _usage_json(usage),
        "service_tier": "default",
        "system_fingerprint": envelope.fingerprint,
    }
    return encode(body, indent=2) + b"\n"


def _stream(request: LLMRequest, reply: Reply, envelope: Envelope, writing: Writing) -> Iterator[bytes]:
    """Yield the events one by one: role, deltas, finish, usage if asked for, [DONE]."""
    include_usage = _include_usage(request)
    chunk = _Chunks(envelope, writing.identity, ',"usage":null' if include_usage else "")
    tail = ',"logprobs":null,"finish_reason":' if envelope.has_logprobs else ',"finish_reason":'
    yield chunk.frame('{"index":0,"delta":{"role":"assistant","content":"","refusal":null}' + tail + "null}")
    written = 0
    for delta in _deltas(reply, envelope.model, writing):
        written += 1 if reply.deltas is None else count(writing.tokenizer, delta, envelope.model)
        text = encode(delta).decode()
        yield chunk.frame('{"index":0,"delta":{"content":' + text + "}" + tail + "null}")
    finish = f'"{reply.finish_reason or "stop"}"'
    yield chunk.frame('{"index":0,"delta":{}' + tail + finish + "}")
    usage = reply.usage or _usage(request, written, writing)
    writing.note_usage(usage)
    if include_usage:
        chunk.usage = ',"usage":' + encode(_usage_json(usage)).decode()
        yield chunk.frame("")
    yield DONE


class _Chunks:
    """Frames choices as chunks, each padded as OpenAI pads them (`obfuscation`)."""

    def __init__(self, envelope: Envelope, identity: str, usage: str) -> None:
        self.usage = usage
        model, fingerprint = encode(envelope.model).decode(), encode(envelope.fingerprint).decode()
        self._head = (
            f'{{"id":"{envelope.id}","object":"chat.completion.chunk","created":{envelope.created},"model":{model},'
            f'"service_tier":"default","system_fingerprint":{fingerprint},"choices":['
        )
        self._pad = letters(identity[::-1], 64) * 2
        self._number = 0

    def frame(self, choice: str) -> bytes:
        """Frame one choice, or none."""
        text = self._head + choice + "]" + self.usage + ',"obfuscation":"'
        missing = (1 - len(text) - len('"}')) % MODULUS
        self._number = (self._number + 7) % 64
        return frame(text + self._pad[self._number : self._number + missing] + '"}')


def _deltas(reply: Reply, model: str, writing: Writing) -> Iterable[str]:
    return writing.tokenizer.split(reply.text, model) if reply.deltas is None else reply.deltas


def _include_usage(request: LLMRequest) -> bool:
    return mapping(request.params.get("stream_options")).get("include_usage") is True


def _usage(request: LLMRequest, completion_tokens: int, writing: Writing) -> Usage:
    """Estimate the usage: the prompt's messages and names, and what was written."""
    texts = [text for message in request.messages for text in (message.role, message.name, message.text) if text]
    prompt = sum(count(writing.tokenizer, text, request.model) for text in texts)
    prompt += MESSAGE_TOKENS * len(request.messages) + ANSWER_TOKENS
    return Usage(prompt_tokens=prompt, completion_tokens=completion_tokens)


def _usage_json(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
