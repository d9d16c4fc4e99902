"""OpenAI's Responses as a dialect: writes one JSON body, or a stream of events.

Knows: docs/wire.md 5; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.base.json import encode, mapping, text
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.forced import automatic, obeying
from llm_intercept.dialects.openai.headers import JSON, STREAM, answer_headers, overridden
from llm_intercept.dialects.openai.pieces import Budget, Splitter
from llm_intercept.dialects.openai.ready import Ready
from llm_intercept.dialects.openai_responses import grammar, read
from llm_intercept.dialects.openai_responses.manner import MANNER
from llm_intercept.dialects.openai_responses.numbered import Numbered
from llm_intercept.dialects.openai_responses.output import Plan, planned
from llm_intercept.dialects.openai_responses.raw import ready, told
from llm_intercept.dialects.openai_responses.recorded import RECORDED
from llm_intercept.dialects.openai_responses.reported import counted, read_usage, usage_json
from llm_intercept.dialects.openai_responses.response import ended, in_stream, just_begun, model_of, response
from llm_intercept.dialects.openai_responses.telling import Event, Run, Teller
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer

NOT_IN_ESSENCE = frozenset({"stream", "stream_options"})
ENDS = frozenset({"completed", "incomplete", "failed"})


class OpenAIResponses(OpenAIDialect):
    """Responses, as api.openai.com, Azure and every compatible host speak them."""

    name = read.NAME
    grammar: Grammar = grammar
    recorded = RECORDED
    manner = MANNER

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST to a path that ends in /responses."""
        return read.claims(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer: events if the request asks for a stream, else JSON.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation.

        """
        match answer:
            case Reply():
                return _written(request, obeying(request, answer), context)
            case AutoReply():
                return self.respond(request, automatic(request, answer), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return _ready(request, answer, context)
            case Embeddings() | Moderations():
                problem = f"{answer!r} cannot answer a question to a model"
                advice = "Answer its own API alone with it: llm.on(api='openai.embeddings'), 'openai.moderations'."
                raise ReplyError(problem, advice)
            case _:
                assert_never(answer)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out what asks for a stream."""
        return {key: value for key, value in sorted(request.raw.items()) if key not in NOT_IN_ESSENCE}


def _written(request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
    model = reply.model or model_of(request)
    body = response(request, model, context.identity)
    plan = planned(request, reply, context.identity, body["created_at"], model)
    teller = Teller(plan, Splitter(context.tokenizer, model, plan.budget), request.stream)

    def end() -> dict[str, Any]:
        used = reply.usage or counted(request, teller)
        context.note_usage(used)
        return ended(body, teller.output, usage_json(used), plan.why_incomplete)

    if request.stream:
        return _streamed(request, teller, in_stream(body), lambda: in_stream(end()), context)
    for one in teller.tell():
        if isinstance(one, Awaited):
            raise TypeError("a JSON body cannot wait for what it says")
    return WireResponse(200, answer_headers(request.url, JSON, context.identity), (encode(end(), indent=2),))


def _streamed(
    request: LLMRequest, teller: Teller, body: Mapping[str, Any], end: Callable[[], Mapping[str, Any]], context: Context
) -> WireResponse:
    chunks = _events(request, teller, body, end, context)
    return WireResponse(200, answer_headers(request.url, STREAM, context.identity), chunks)


def _events(
    request: LLMRequest, teller: Teller, body: Mapping[str, Any], end: Callable[[], Mapping[str, Any]], context: Context
) -> Iterator[bytes | Awaited]:
    """Yield the events one by one: that it began, each item, that it ended."""
    pads = mapping(request.raw.get("stream_options")).get("include_obfuscation") is not False
    frames = Numbered(int(context.identity[-2:], 16), pads=pads)
    begun = just_begun(body, request.raw)
    yield frames.event(Event("response.created", {"response": begun}))
    yield frames.event(Event("response.in_progress", {"response": begun}))
    for one in teller.tell():
        if isinstance(one, Run):
            yield from frames.run(one)
        elif isinstance(one, Awaited):
            yield one
        else:
            yield frames.event(one)
    last = end()
    status = text(last.get("status"))
    yield frames.event(Event(f"response.{status if status in ENDS else 'completed'}", {"response": last}))


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = answer_headers(request.url, found.content_type, context.identity)
        headers = overridden(headers, retry_at_once(answer.status, answer.headers))
        return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
    written = _written(request, found, context) if isinstance(found, Reply) else _told(request, found, context)
    return WireResponse(answer.status, overridden(written.headers, answer.headers), written.chunks)


def _told(request: LLMRequest, body: Mapping[str, Any], context: Context) -> WireResponse:
    """Tell a ready response as a stream; it is not bent to the request, and says what it says."""
    used = read_usage([body])
    if used is not None:
        context.note_usage(used)
    plan = Plan(list(told(body)), Budget())
    splitter = Splitter(context.tokenizer, text(body.get("model")) or request.model, plan.budget)
    return _streamed(request, Teller(plan, splitter, is_stream=True), body, lambda: body, context)
