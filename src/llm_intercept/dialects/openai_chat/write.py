"""Writes an answer as chat completions does: one JSON body, or a stream of chunks.

Knows: WIRE.md 2 and 4; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.base.json import mapping
from llm_intercept.base.sse import DONE
from llm_intercept.dialects.openai_chat.deltas import Run, choice, deltas, interleaved
from llm_intercept.dialects.openai_chat.events import events
from llm_intercept.dialects.openai_chat.failures import retry_at_once, write_failure
from llm_intercept.dialects.openai_chat.frames import AzureFrames, Envelope, Frames, OpenAIFrames
from llm_intercept.dialects.openai_chat.headers import JSON, STREAM, azure_headers, openai_headers, overridden
from llm_intercept.dialects.openai_chat.hosts import manner
from llm_intercept.dialects.openai_chat.identity import completion_id, created, fingerprint
from llm_intercept.dialects.openai_chat.models import answering_model, traits
from llm_intercept.dialects.openai_chat.ordinary import ordinary_body
from llm_intercept.dialects.openai_chat.ready import Ready, ready
from llm_intercept.dialects.openai_chat.turn import Plan, automatic, plans, shows_logprobs
from llm_intercept.dialects.openai_chat.usage import usage, usage_json
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.reply import AutoReply, ErrorReply, RawReply, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.dialects.base import Writing
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.reply import Answer


def write(request: LLMRequest, answer: Answer, writing: Writing) -> WireResponse:
    """Write an answer: SSE if the request asks for a stream, else JSON.

    Raises:
        SchemaError: The answer is to be made from a schema of the request's that has no instance.

    """
    match answer:
        case Reply():
            body = None if request.stream else ordinary_body(request, answer, writing)
            if body is not None:
                return WireResponse(200, openai_headers(JSON, writing.identity), (body,))
            return _written(request, answer, writing, _envelope(request, answer, writing.identity))
        case AutoReply():
            return write(request, automatic(request, answer), writing)
        case ErrorReply():
            return write_failure(request, answer, writing.identity)
        case RawReply():
            return _ready(request, answer, writing)
        case _:
            assert_never(answer)


def _envelope(request: LLMRequest, reply: Reply, identity: str) -> Envelope:
    model = reply.model or answering_model(request.model, dated=manner(request.url) != "compatible")
    return Envelope(
        id=completion_id(identity),
        created=created(identity),
        model=model,
        fingerprint=fingerprint(identity) if traits(model).has_fingerprint else None,
        identity=identity,
        filters_prompt=manner(request.url) != "azure" or not request.messages or request.messages[-1].role != "tool",
    )


def _written(request: LLMRequest, reply: Reply, writing: Writing, envelope: Envelope) -> WireResponse:
    include_usage = mapping(request.params.get("stream_options")).get("include_usage") is True
    kind: type[OpenAIFrames | AzureFrames] = AzureFrames if manner(request.url) == "azure" else OpenAIFrames
    frames = kind(envelope, include_usage=include_usage)
    planned = plans(request, reply, writing.identity, envelope.choices)
    if request.stream:
        chunks = _stream(request, reply, planned, frames, writing, envelope)
        return WireResponse(200, _headers(request, STREAM, writing.identity), chunks)
    choices = [
        choice(plan, events(plan, writing.tokenizer, envelope.model, envelope.created), shows_logprobs=shown)
        for plan, shown in _shown(planned, envelope)
    ]
    body = frames.body(choices, _usage(request, reply, planned, writing, envelope))
    return WireResponse(200, _headers(request, JSON, writing.identity), (body,))


def _stream(
    request: LLMRequest, reply: Reply, planned: list[Plan], frames: Frames, writing: Writing, envelope: Envelope
) -> Iterator[bytes]:
    """Yield the events one by one: roles, deltas, finishes, usage if asked for, [DONE]."""
    yield from frames.begin()
    singly = len(planned) > 1
    streams = [
        deltas(
            plan,
            events(plan, writing.tokenizer, envelope.model, envelope.created, singly=singly),
            shows_logprobs=shown,
        )
        for plan, shown in _shown(planned, envelope)
    ]
    try:
        for one in interleaved(streams) if singly else streams[0]:
            if isinstance(one, Run):
                yield from frames.run(one)
            else:
                yield frames.chunk(one, None)
    finally:
        for stream in streams:
            stream.close()
    used = _usage(request, reply, planned, writing, envelope)
    if mapping(request.params.get("stream_options")).get("include_usage") is True:
        yield frames.chunk(None, used)
    yield DONE


def _shown(planned: list[Plan], envelope: Envelope) -> list[tuple[Plan, bool]]:
    return [(plan, shows_logprobs(envelope.model, plan)) for plan in planned]


def _usage(
    request: LLMRequest, reply: Reply, planned: list[Plan], writing: Writing, envelope: Envelope
) -> dict[str, Any]:
    """Count, unless the reply says it; note it; write it."""
    used = reply.usage or usage(request, planned, writing.tokenizer, envelope.model)
    writing.note_usage(used)
    return envelope.usage or usage_json(used, envelope.model)


def _headers(request: LLMRequest, content_type: str, identity: str) -> Headers:
    if manner(request.url) == "azure":
        return azure_headers(content_type, identity, request.url)
    return openai_headers(content_type, identity)


def _ready(request: LLMRequest, answer: RawReply, writing: Writing) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = _headers(request, found.content_type, writing.identity)
        headers = overridden(headers, retry_at_once(answer.status))
        return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
    reply, envelope = found
    written = _written(request, reply, writing, envelope(_envelope(request, reply, writing.identity)))
    return WireResponse(answer.status, overridden(written.headers, answer.headers), written.chunks)
