"""OpenAI's chat completions as a dialect: writes one JSON body, or a stream of chunks.

Knows: docs/wire.md 2 and 4; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.flavor import flavor_of, is_held
from llm_intercept.dialects.openai.headers import JSON, STREAM, answer_headers
from llm_intercept.dialects.openai.hosts.finding import asked_host
from llm_intercept.dialects.openai.ids import dated_id, fingerprint, searching_id
from llm_intercept.dialects.openai.models import answering_model
from llm_intercept.dialects.openai.of_its_types import UNRECOGNIZED, check_types
from llm_intercept.dialects.openai.stream_options import asks_alike, unpadded, wants_usage, without_stream
from llm_intercept.dialects.openai.tiers import answering_tier
from llm_intercept.dialects.openai.traits import traits
from llm_intercept.dialects.openai_chat import grammar, read
from llm_intercept.dialects.openai_chat.chunks import deltas, interleaved
from llm_intercept.dialects.openai_chat.counts import prompt_tokens, usage
from llm_intercept.dialects.openai_chat.echoed import without_echoes
from llm_intercept.dialects.openai_chat.events import events
from llm_intercept.dialects.openai_chat.frames import AzureFrames, Envelope, Frames, OpenAIFrames, Run
from llm_intercept.dialects.openai_chat.host_frames import Around, HostFrames, of_host
from llm_intercept.dialects.openai_chat.keeping import keeping
from llm_intercept.dialects.openai_chat.objected import check, check_anywhere
from llm_intercept.dialects.openai_chat.plan import Plan, plans
from llm_intercept.dialects.openai_chat.raw import ready
from llm_intercept.dialects.openai_chat.recorded import RECORDED
from llm_intercept.dialects.openai_chat.said import counted, said_to
from llm_intercept.dialects.openai_chat.whole_calls import with_whole_calls
from llm_intercept.dialects.shared.forced import automatic
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.ready import Ready
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_chat.chunks import Choice
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import Answer

TYPES = ("openai.types.chat.completion_create_params", "CompletionCreateParams")
"""Where the SDK has the types of a request."""


class OpenAIChat(OpenAIDialect):
    """Chat completions, as api.openai.com, Azure and every compatible host speak them."""

    name = read.NAME
    path = read.PATH
    objects = ("openai.types.chat.", "groq.types.chat.", "together.types.", "litellm.types.", "mistralai.")
    grammar: Grammar = grammar
    recorded = RECORDED

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST to a path that ends in /chat/completions."""
        return head.path.rstrip("/").endswith(read.PATH) and head.method == "POST"

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI and Azure refuse; of others' hosts, strictly alone what these may take."""
        check_anywhere(request.raw)
        if strictly or is_held(request):
            check(request, strictly=strictly)
            body = without_echoes(request.raw) if strictly else request.raw
            check_types(body, *TYPES, strictly=strictly, unknown=UNRECOGNIZED)

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
    flavor, host = flavor_of(request.url), asked_host(request)
    model = reply.model or answering_model(request.model, dated=flavor != "compatible")
    if host is not None:
        return of_host(host, Envelope("", identity.second, model, None, identity, service_tier=None, host=host))
    known = traits(model)
    runs_on = fingerprint(model, identity.second) if known.has_fingerprint else None
    return Envelope(
        id=searching_id(identity) if known.searches else dated_id("chatcmpl", identity),
        created=identity.second,
        model=model,
        fingerprint="" if known.searches else runs_on,
        identity=identity,
        service_tier=None if known.searches else answering_tier(request.raw),
        filters_prompt=flavor != "azure" or not request.messages or request.messages[-1].role != "tool",
    )


def _written(request: LLMRequest, reply: Reply, context: Context, envelope: Envelope) -> WireResponse:
    if request.stream:
        planned = plans(request, reply, context.identity, envelope.choices)
        frames = _frames(request, reply, context, envelope, planned)
        chunks = _stream(request, reply, planned, frames, context, envelope)
        return WireResponse(200, _headers(request, STREAM, context.identity), unpadded(chunks, request.raw))
    frames = _frames(request, reply, context, envelope)
    said = said_to(request, reply, context, envelope)
    choices = said.choices
    if envelope.along:
        choices = [one.with_choice(choice) for choice, one in zip(choices, cycle(envelope.along), strict=False)]
    used = reply.usage or counted(request, said, context, envelope)
    context.note_usage(used)
    body = frames.body(choices, envelope.usage or frames.usage(used))
    return WireResponse(200, _headers(request, JSON, context.identity), (body,))


def _headers(request: LLMRequest, content_type: str, identity: Identity) -> Headers:
    return answer_headers(request.url, content_type, identity, request)


def _frames(
    request: LLMRequest, reply: Reply, context: Context, envelope: Envelope, planned: Sequence[Plan] = ()
) -> Frames:
    """Choose the manner of the host that is asked; a stream's shows in its first chunk what is `planned` for others."""
    host = envelope.host
    if host is None:
        kind: type[OpenAIFrames | AzureFrames] = AzureFrames if flavor_of(request.url) == "azure" else OpenAIFrames
        return kind(envelope, include_usage=wants_usage(request.raw))
    around = Around(
        is_stream=request.stream,
        asks_usage=wants_usage(request.raw),
        reasons=any(plan.turn.reasoning for plan in planned),
        cited=tuple(one for plan in planned for one in plan.turn.annotations),
        prompt=lambda: reply.usage.input_tokens if reply.usage else prompt_tokens(request, context.tokenizer),
    )
    return HostFrames(host, envelope, around)


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
    host = envelope.host
    if host is not None and host.whole_calls:
        told = [with_whole_calls(stream) for stream in told]
    try:
        for one in interleaved(told) if singly else told[0]:
            if isinstance(one, Run):
                for framed in frames.run(one):
                    yield from framed
            elif isinstance(one, Awaited):
                yield one
            else:
                yield from frames.told(one)
    finally:
        for stream in streams:
            stream.close()
    used = reply.usage or usage(request, planned, context.tokenizer, envelope.model)
    context.note_usage(used)
    yield from frames.end(envelope.usage or frames.usage(used))


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = _headers(request, found.content_type, context.identity)
        headers = overridden(headers, retry_at_once(answer.status, answer.headers))
        return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
    reply, envelope = found
    written = _written(request, reply, context, envelope(_envelope(request, reply, context.identity)))
    return WireResponse(answer.status, overridden(written.headers, answer.headers), written.chunks)
