"""OpenAI's Responses as a dialect: writes one JSON body, or a stream of events.

Knows: docs/wire.md 5; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.flavor import is_held
from llm_intercept.dialects.openai.headers import JSON, STREAM, answer_headers
from llm_intercept.dialects.openai.of_its_types import check_types
from llm_intercept.dialects.openai.stream_options import without_stream
from llm_intercept.dialects.openai_responses import grammar, read, refused
from llm_intercept.dialects.openai_responses.answered import keep, keeping
from llm_intercept.dialects.openai_responses.item_ids import timeless
from llm_intercept.dialects.openai_responses.kept import KeptResponse
from llm_intercept.dialects.openai_responses.later import begun, begun_stream
from llm_intercept.dialects.openai_responses.manner import MANNER
from llm_intercept.dialects.openai_responses.output import Plan, planned
from llm_intercept.dialects.openai_responses.raw import identified, ready
from llm_intercept.dialects.openai_responses.recall import PREVIOUS
from llm_intercept.dialects.openai_responses.recorded import RECORDED
from llm_intercept.dialects.openai_responses.remembered import remembered
from llm_intercept.dialects.openai_responses.reported import counted, read_usage, usage_json
from llm_intercept.dialects.openai_responses.response import ended, in_stream, model_of, response
from llm_intercept.dialects.openai_responses.said_before import without_answers
from llm_intercept.dialects.openai_responses.socket import ResponsesSocket, is_spoken_at
from llm_intercept.dialects.openai_responses.streamed import LATER, events, ready_teller
from llm_intercept.dialects.openai_responses.telling import Teller
from llm_intercept.dialects.openai_responses.turned_away import check
from llm_intercept.dialects.shared.forced import automatic, obeying
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.dialects.shared.ready import Ready
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Alive, Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step, WireRequest
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.stored.shelves import Shelves

PREPARED = Reply()

TYPES = ("openai.types.responses.response_create_params", "ResponseCreateParams")
"""Where the SDK has the types of a request."""


class OpenAIResponses(OpenAIDialect):
    """Responses, as api.openai.com, Azure and every compatible host speak them."""

    name = read.NAME
    path = read.PATH
    objects = ("openai.types.responses.",)
    grammar: Grammar = grammar
    recorded = RECORDED
    manner = MANNER
    remembers = True

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST to a path that ends in /responses."""
        return head.path.rstrip("/").endswith(read.PATH) and head.method == "POST"

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI and Azure refuse; of others' hosts, strictly alone what these may take."""
        is_whole = strictly or is_held(request)
        refused.check(request.raw, strictly=is_whole)
        if is_whole:
            check(request.raw)
            check_types(without_answers(request.raw) if strictly else request.raw, *TYPES, strictly=strictly)

    def recall(self, request: LLMRequest, shelves: Shelves) -> LLMRequest:
        """Find the conversation that a request continues."""
        return remembered(request, shelves)

    def follows(self, request: LLMRequest, asked: Mapping[str, Any]) -> bool:
        """Whether a recorded request continued the same response."""
        before = request.before if isinstance(request, read.ResponsesRequest) else ()
        return not isinstance(before, KeptResponse) or asked.get(PREVIOUS) == before.body.get("id")

    def is_later(self, request: LLMRequest) -> bool:
        """Whether it is answered at once, and worked on in the background."""
        return request.raw.get(LATER) is True and not request.stream

    def alive(self, request: LLMRequest) -> Alive | None:
        """Return what tells its events; the numbers of a background response's are kept, and asked for later."""
        return None if request.raw.get(LATER) is True else grammar.alive

    def replayed(self, request: LLMRequest, response: WireResponse, context: Context) -> WireResponse:
        """Keep what a take says."""
        return keeping(request, response, context, is_recorded=True)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer: events if the request asks for a stream, else JSON.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation.

        """
        match answer:
            case Reply():
                return _written(request, answer if answer is PREPARED else obeying(request, answer), context)
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
        """Leave out what asks for a stream, and what time it was before."""
        return timeless(without_stream(request.raw))

    def unasked(self, request: LLMRequest) -> Reply | None:
        """Answer what only prepares a conversation, over a WebSocket, with nothing."""
        return PREPARED if request.raw.get("generate") is False else None

    def socket(self, head: WireRequest) -> ResponsesSocket | None:
        """Speak over a WebSocket as OpenAI does, where the head alone says that a model is asked."""
        return ResponsesSocket() if is_spoken_at(head) else None


def _written(request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
    model = reply.model or model_of(request)
    body = response(request, model, context.identity)
    silent = Plan([], Budget()) if reply is PREPARED else None
    plan = silent or planned(request, reply, context.identity, body["created_at"], model)
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
    headers, whole = answer_headers(request.url, JSON, context.identity, request), end()
    if request.raw.get(LATER) is True:
        return WireResponse(200, headers, (encode(begun(request, whole, context), indent=2),))
    content = encode(whole, indent=2)
    _keep(request, whole, len(content), context)
    return WireResponse(200, headers, (content,))


def _keep(request: LLMRequest, body: Mapping[str, Any], size: int, context: Context) -> None:
    if not context.is_replay:
        keep(request, body, size, context)


def _streamed(
    request: LLMRequest, teller: Teller, body: Mapping[str, Any], end: Callable[[], Mapping[str, Any]], context: Context
) -> WireResponse:
    is_later = request.raw.get(LATER) is True

    def ended(last: Mapping[str, Any], size: int) -> None:
        if not is_later:
            _keep(request, last, size, context)

    chunks: Iterable[Step] = events(request.raw, context.identity, teller, body, end, ended)
    if is_later and not context.is_replay:
        chunks = begun_stream(request, chunks, context)
    return WireResponse(200, answer_headers(request.url, STREAM, context.identity, request), chunks)


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = answer_headers(request.url, found.content_type, context.identity, request)
        headers = overridden(headers, retry_at_once(answer.status, answer.headers))
        made = WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
        return made if context.is_replay else keeping(request, made, context, is_recorded=False)
    written = _written(request, found, context) if isinstance(found, Reply) else _told(request, found, context)
    return WireResponse(answer.status, overridden(written.headers, answer.headers), written.chunks)


def _told(request: LLMRequest, body: Mapping[str, Any], context: Context) -> WireResponse:
    """Tell a ready response as a stream; it is not bent to the request, and says what it says."""
    used = read_usage([body])
    if used is not None:
        context.note_usage(used)
    told = identified(body)
    teller = ready_teller(told, context.tokenizer, request.model)
    return _streamed(request, teller, told, lambda: told, context)
