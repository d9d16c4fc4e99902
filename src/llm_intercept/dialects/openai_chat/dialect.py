"""OpenAI's chat completions as a dialect: writes one JSON body, or a stream of chunks.

Knows: docs/wire.md 2 and 4; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from itertools import cycle, repeat
from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.flavor import flavor_of, is_mistral
from llm_intercept.dialects.openai.headers import JSON, STREAM, answer_headers
from llm_intercept.dialects.openai.ids import dated_id, fingerprint
from llm_intercept.dialects.openai.models import answering_model
from llm_intercept.dialects.openai.stream_options import asks_alike, wants_usage, without_stream
from llm_intercept.dialects.openai.traits import traits
from llm_intercept.dialects.openai_chat import grammar, read
from llm_intercept.dialects.openai_chat.chunks import choice, deltas, interleaved
from llm_intercept.dialects.openai_chat.counts import usage, usage_json
from llm_intercept.dialects.openai_chat.events import events
from llm_intercept.dialects.openai_chat.frames import AzureFrames, Envelope, Frames, OpenAIFrames, Run
from llm_intercept.dialects.openai_chat.keeping import keeping
from llm_intercept.dialects.openai_chat.plan import Plan, plans
from llm_intercept.dialects.openai_chat.raw import ready
from llm_intercept.dialects.openai_chat.recorded import RECORDED
from llm_intercept.dialects.openai_chat.whole_calls import with_whole_calls
from llm_intercept.dialects.shared.forced import automatic
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.ready import DONE, Ready
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_chat.chunks import Choice
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer


class OpenAIChat(OpenAIDialect):
    """Chat completions, as api.openai.com, Azure and every compatible host speak them."""

    name = read.NAME
    grammar: Grammar = grammar
    recorded = RECORDED

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST to a path that ends in /chat/completions."""
        return read.claims(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer: SSE if the request asks for a stream, else JSON.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation.

        """
        match answer:
            case Reply():
                written = _written(request, answer, context, _envelope(request, answer, context.identity))
                return _kept(written, request, context)
            case AutoReply():
                return self.respond(request, automatic(request, answer), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return _kept(_ready(request, answer, context), request, context)
            case Embeddings() | Moderations():
                problem = f"{answer!r} cannot answer a question to a model"
                advice = "Answer its own API alone with it: llm.on(api='openai.embeddings'), 'openai.moderations'."
                raise ReplyError(problem, advice)
            case _:
                assert_never(answer)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out what asks for a stream."""
        return without_stream(request.raw)

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        """Whether a stream is asked for as it was, with the chunk of usage or without."""
        return asks_alike(request, asked, is_stream=is_stream)


def _kept(response: WireResponse, request: LLMRequest, context: Context) -> WireResponse:
    """Keep a completion that the request asks to store."""
    return keeping(response, request, context.shelves) if request.raw.get("store") is True else response


def _envelope(request: LLMRequest, reply: Reply, identity: Identity) -> Envelope:
    model = reply.model or answering_model(request.model, dated=flavor_of(request.url) != "compatible")
    return Envelope(
        id=dated_id("chatcmpl", identity),
        created=identity.second,
        model=model,
        fingerprint=fingerprint(identity) if traits(model).has_fingerprint else None,
        identity=identity,
        filters_prompt=flavor_of(request.url) != "azure" or not request.messages or request.messages[-1].role != "tool",
    )


def _written(request: LLMRequest, reply: Reply, context: Context, envelope: Envelope) -> WireResponse:
    include_usage = wants_usage(request.raw)
    kind: type[OpenAIFrames | AzureFrames] = AzureFrames if flavor_of(request.url) == "azure" else OpenAIFrames
    frames = kind(envelope, include_usage=include_usage)
    planned = plans(request, reply, context.identity, envelope.choices)
    if request.stream:
        chunks = _stream(request, reply, planned, frames, context, envelope)
        return WireResponse(200, answer_headers(request.url, STREAM, context.identity), chunks)
    happening = [events(plan, context.tokenizer, envelope.model, envelope.created) for plan in planned]
    choices = list(map(choice, planned, happening, repeat(envelope.model)))
    if envelope.along:
        choices = [one.with_choice(choice) for choice, one in zip(choices, cycle(envelope.along), strict=False)]
    body = frames.body(choices, _usage(request, reply, planned, context, envelope))
    return WireResponse(200, answer_headers(request.url, JSON, context.identity), (body,))


def _stream(
    request: LLMRequest, reply: Reply, planned: list[Plan], frames: Frames, context: Context, envelope: Envelope
) -> Iterator[bytes | Awaited]:
    """Yield the events one by one: roles, deltas, finishes, usage if asked for, [DONE]."""
    yield from frames.begin()
    singly = len(planned) > 1
    streams = [
        deltas(plan, events(plan, context.tokenizer, envelope.model, envelope.created, singly=singly), envelope.model)
        for plan in planned
    ]
    told: list[Iterator[Choice | Run | Awaited]] = [*streams]
    if envelope.along:
        told = [one.with_deltas(stream) for stream, one in zip(streams, cycle(envelope.along), strict=False)]
    if "tools" in request.raw and is_mistral(request.url, request.headers):
        told = [with_whole_calls(stream) for stream in told]
    try:
        for one in interleaved(told) if singly else told[0]:
            if isinstance(one, Run):
                yield from frames.run(one)
            elif isinstance(one, Awaited):
                yield one
            else:
                yield frames.chunk(one, None)
    finally:
        for stream in streams:
            stream.close()
    used = _usage(request, reply, planned, context, envelope)
    if wants_usage(request.raw):
        yield frames.chunk(None, used)
    yield DONE


def _usage(
    request: LLMRequest, reply: Reply, planned: list[Plan], context: Context, envelope: Envelope
) -> dict[str, Any]:
    """Count, unless the reply says it; note it; write it."""
    used = reply.usage or usage(request, planned, context.tokenizer, envelope.model)
    context.note_usage(used)
    return envelope.usage or usage_json(used, envelope.model)


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = answer_headers(request.url, found.content_type, context.identity)
        headers = overridden(headers, retry_at_once(answer.status, answer.headers))
        return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
    reply, envelope = found
    written = _written(request, reply, context, envelope(_envelope(request, reply, context.identity)))
    return WireResponse(answer.status, overridden(written.headers, answer.headers), written.chunks)
