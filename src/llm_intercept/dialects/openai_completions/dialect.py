"""OpenAI's legacy completions as a dialect: writes one JSON body, or a stream of texts.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.flavor import flavor_of, is_held
from llm_intercept.dialects.openai.headers import JSON, STREAM, answer_headers
from llm_intercept.dialects.openai.ids import dated_id
from llm_intercept.dialects.openai.stream_options import asks_alike, wants_usage, without_stream
from llm_intercept.dialects.openai_completions import read
from llm_intercept.dialects.openai_completions.choices import Said, choices
from llm_intercept.dialects.openai_completions.completion_json import (
    OBJECT,
    body_of,
    choice_of,
    event_of,
    joined,
    ready,
    usage_json,
)
from llm_intercept.dialects.openai_completions.read import prompts_of
from llm_intercept.dialects.openai_completions.recorded import RECORDED
from llm_intercept.dialects.openai_completions.text_events import TextEvents
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.ready import DONE
from llm_intercept.errors import ReplyError
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_completions.choices import Choice
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import Answer


class OpenAICompletions(OpenAIDialect):
    """Legacy completions, as api.openai.com, Azure and compatible hosts speak them."""

    name = read.NAME
    path = read.PATH
    objects = ("openai.types.completion",)
    grammar: Grammar = TextEvents()
    recorded = RECORDED

    def claims(self, head: WireRequest) -> bool:
        return read.claims(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI and Azure refuse; of others' hosts, strictly alone, what these may take."""
        read.check_anywhere(request.raw)
        if strictly or is_held(request):
            read.check(request.raw, request.url)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case Reply():
                return _written(request, answer, context)
            case AutoReply():
                return _written(request, Reply(answer.text), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return _ready(request, answer, context)
            case Embeddings() | Moderations():
                raise ReplyError(f"{answer!r} cannot answer a prompt", "Give a text; answer its own API alone with it.")
            case _:
                assert_never(answer)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out what asks for a stream."""
        return without_stream(request.raw)

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        """Whether a stream is asked for as it was, with the event of usage or without."""
        return asks_alike(request, asked, is_stream=is_stream)


def _written(request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
    model = reply.model or request.model
    about = {
        "id": dated_id("cmpl", context.identity),
        "object": OBJECT,
        "created": context.identity.second,
    }
    planned = choices(request, reply, context.identity)
    if request.stream:
        told = _stream(request, reply, context, about, planned)
        return WireResponse(200, _headers(request, STREAM, model, context), told)
    made: list[dict[str, Any]] = []
    for one in planned:
        said = [piece for piece in one.said(context.tokenizer, model) if isinstance(piece, Said)]
        whole = "".join(piece.text for piece in said)
        made.append(choice_of(one.index, whole, joined(piece.logprobs for piece in said), one.finish_reason))
    body = body_of(about, model, made, _usage(request, reply, context, planned))
    return WireResponse(200, _headers(request, JSON, model, context), (body,))


def _stream(
    request: LLMRequest, reply: Reply, context: Context, about: Mapping[str, Any], planned: list[Choice]
) -> Iterator[bytes | Awaited]:
    """Yield the events: the choices' texts in turns, usage if asked for, [DONE]."""
    model, counts = reply.model or request.model, wants_usage(request.raw)
    streams = [(one, one.said(context.tokenizer, model)) for one in planned]
    try:
        for one, piece in _in_turns(streams):
            if isinstance(piece, Awaited):
                yield piece
            else:
                shown = choice_of(one.index, piece.text, piece.logprobs, piece.finish_reason)
                yield event_of(about, model, [shown], None, counts=counts)
    finally:
        for _, stream in streams:
            stream.close()
    used = _usage(request, reply, context, planned)
    if counts:
        yield event_of(about, model, [], used, counts=True)
    yield DONE


def _in_turns(streams: list[tuple[Choice, Generator[Said | Awaited]]]) -> Iterator[tuple[Choice, Said | Awaited]]:
    """Give the pieces of all choices in turns, until all have ended."""
    left = list(streams)
    while left:
        for one in tuple(left):
            for piece in one[1]:
                yield one[0], piece
                if isinstance(piece, Said):
                    break
            else:
                left.remove(one)


def _usage(request: LLMRequest, reply: Reply, context: Context, planned: list[Choice]) -> dict[str, int]:
    """Count, unless the reply says it: also what `best_of` makes and does not show; note it; write it."""
    n = read.number_of(request.raw, "n") or 1
    said = sum(one.budget.spent for one in planned) * (read.number_of(request.raw, "best_of") or n) // n
    used = reply.usage or Usage(_prompt_tokens(request, context), said)
    context.note_usage(used)
    return usage_json(used)


def _prompt_tokens(request: LLMRequest, context: Context) -> int:
    prompts = prompts_of(request.raw) if request.raw.get("prompt") is not None else []
    texts = total(context.tokenizer, (one for one in prompts if isinstance(one, str)), request.model)
    return texts + sum(len(one) for one in prompts if not isinstance(one, str)) + (not prompts)


def _headers(request: LLMRequest, content_type: str, model: str, context: Context) -> Headers:
    headers = answer_headers(request.url, content_type, context.identity, request)
    if flavor_of(request.url) != "openai":
        return headers
    return (*headers, ("access-control-allow-origin", "*"), ("openai-model", model))


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    def split(text: str) -> Any:
        return context.tokenizer.split(text, request.model)

    found = ready(answer, stream=request.stream, counts=wants_usage(request.raw), split=split)
    headers = _headers(request, found.content_type, request.model, context)
    headers = overridden(headers, retry_at_once(answer.status, answer.headers))
    return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
