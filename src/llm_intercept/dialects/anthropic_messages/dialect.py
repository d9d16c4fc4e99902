"""Anthropic's Messages as a dialect: writes one JSON body, or a stream of events.

Knows: docs/wire.md 6; the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never, cast

from llm_intercept.base.json import encode, mapping
from llm_intercept.dialects.anthropic.dialect import AnthropicDialect
from llm_intercept.dialects.anthropic.lines_of_head import JSON, STREAM, answer_headers
from llm_intercept.dialects.anthropic.origin import has_pings, place_of
from llm_intercept.dialects.anthropic.wording import retry_at_once
from llm_intercept.dialects.anthropic_messages import grammar, read
from llm_intercept.dialects.anthropic_messages.blocks import OWN_WORDS, Plan, planned, tellable
from llm_intercept.dialects.anthropic_messages.claude_costs import prompt_tokens
from llm_intercept.dialects.anthropic_messages.kept_schemas import check_schemas
from llm_intercept.dialects.anthropic_messages.message import message, model_of
from llm_intercept.dialects.anthropic_messages.message_threads import PREVIOUS, THREAD, continued, keeping
from llm_intercept.dialects.anthropic_messages.of_sdk_types import check_types
from llm_intercept.dialects.anthropic_messages.out_of_bounds import check_bounds, check_generation, check_most
from llm_intercept.dialects.anthropic_messages.raw import ready
from llm_intercept.dialects.anthropic_messages.recorded import RECORDED
from llm_intercept.dialects.anthropic_messages.spaces import alive
from llm_intercept.dialects.anthropic_messages.speaking import Teller
from llm_intercept.dialects.anthropic_messages.tokens_used import read_usage, usage_json
from llm_intercept.dialects.anthropic_messages.told_events import events
from llm_intercept.dialects.shared.forced import automatic, obeying
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.dialects.shared.ready import Ready
from llm_intercept.errors import ReplyError
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse
from llm_intercept.replies.kinds import AutoReply, Embeddings, ErrorReply, Moderations, RawReply
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.anthropic_messages.read import MessagesRequest
    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Alive, Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.stored.shelves import Shelves

NOT_IN_ESSENCE = frozenset({"stream"})
ENDS_EARLY = frozenset(OWN_WORDS) - {"end_turn", "stop_sequence", "tool_use"}
"""The words for an end before the call that a request forces."""


class AnthropicMessages(AnthropicDialect):
    """Messages, as api.anthropic.com, Vertex and every compatible host speak them."""

    name = read.NAME
    path = read.PATH
    objects = ("anthropic.types.",)
    grammar: Grammar = grammar
    recorded = RECORDED
    remembers = True

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a POST to the path of Messages."""
        return read.claims(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request."""
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what Anthropic refuses; of others' hosts, strictly alone what these may take."""
        place = place_of(request.url)
        read.check_request(request, strictly=strictly)
        if strictly or place != "compatible":
            check_bounds(request.raw, request.model)
        if strictly or place == "anthropic":
            check_schemas(request.raw)
            check_most(request.raw, request.model, request.headers)
            check_generation(request.raw, request.model)
        if place == "anthropic" or (strictly and place == "compatible"):
            check_types(request.raw, strictly=strictly)

    def recall(self, request: LLMRequest, shelves: Shelves) -> LLMRequest:
        """Find the conversation that a request continues."""
        return continued(request, shelves) if isinstance(request, read.MessagesRequest) else request

    def follows(self, request: LLMRequest, asked: Mapping[str, Any]) -> bool:
        """Whether a recorded request continued a thread as this one does."""
        before = mapping(asked.get(THREAD)).get(PREVIOUS)
        now = mapping(request.raw.get(THREAD)).get(PREVIOUS)
        return before == now or not getattr(request, "before", ())

    def alive(self, request: LLMRequest) -> Alive | None:
        """Return what tells its pings."""
        del request
        return alive

    def replayed(self, request: LLMRequest, response: WireResponse, context: Context) -> WireResponse:
        """Keep what a take says."""
        return keeping(request, response, context)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer: events if the request asks for a stream, else JSON.

        Raises:
            SchemaError: The answer is to be made from a schema of the request's that has no instance.
            ReplyError: The answer is no part of a conversation.

        """
        match answer:
            case Reply():
                bent = answer if answer.finish_reason in ENDS_EARLY else obeying(request, answer)
                return keeping(request, written(cast("MessagesRequest", request), bent, context), context)
            case AutoReply():
                return self.respond(request, automatic(request, answer), context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply():
                return keeping(request, _ready(request, answer, context), context)
            case Embeddings() | Moderations():
                problem = f"{answer!r} cannot answer a question to a model"
                advice = "Answer its own API alone with it: llm.on(api='openai.embeddings'), 'openai.moderations'."
                raise ReplyError(problem, advice)
            case _:
                assert_never(answer)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out what asks for a stream; a path may say the model."""
        asked = {key: value for key, value in sorted(request.raw.items()) if key not in NOT_IN_ESSENCE}
        return {**asked, "model": request.model}


def written(request: MessagesRequest, reply: Reply, context: Context) -> WireResponse:
    """Write what a model says, in the shape that is asked for.

    Raises:
        ReplyError: There is something in the reply that Messages cannot say.

    """
    model = reply.model or model_of(request)
    plan = planned(request, reply, context.identity)
    teller = Teller(plan, Splitter(context.tokenizer, model, plan.budget), context.identity, request.stream)
    body = message(request, model, context.identity)
    asked = reply.usage or Usage(prompt_tokens(request, context.tokenizer))

    def cost(used: Usage) -> dict[str, Any]:
        return usage_json(used, model, request, teller.content)

    def end() -> dict[str, Any]:
        thought = plan.budget.thought
        used = reply.usage or Usage(asked.input_tokens, teller.output_tokens, reasoning_tokens=thought)
        context.note_usage(used)
        return {**body, "content": teller.content, **plan.ended(teller.content), "usage": cost(used)}

    if request.stream:
        begin = cost(asked if asked.output_tokens else Usage(asked.input_tokens, 1))
        chunks = events(context.identity, teller, body, begin, end, pings=has_pings(request.url))
        return WireResponse(200, answer_headers(request.url, STREAM, context.identity), chunks)
    for one in teller.tell():
        if isinstance(one, Awaited):
            raise TypeError("a JSON body cannot wait for what it says")
    return WireResponse(200, answer_headers(request.url, JSON, context.identity), (encode(end()),))


def _ready(request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
    found = ready(answer, stream=request.stream)
    if isinstance(found, Ready):
        headers = answer_headers(request.url, found.content_type, context.identity)
        headers = overridden(headers, retry_at_once(answer.status, answer.headers))
        return WireResponse(answer.status, overridden(headers, answer.headers), found.chunks)
    told = _told(request, found, context)
    return WireResponse(answer.status, overridden(told.headers, answer.headers), told.chunks)


def _told(request: LLMRequest, body: Mapping[str, Any], context: Context) -> WireResponse:
    """Tell a ready message as a stream; it is not bent to the request, and says what it says."""
    used = read_usage([body])
    if used is not None:
        context.note_usage(used)
    teller = ready_teller(body, context.tokenizer, request.model, context.identity)
    begin, pings = mapping(body.get("usage")), has_pings(request.url)
    chunks = events(context.identity, teller, body, begin, lambda: body, pings=pings)
    return WireResponse(200, answer_headers(request.url, STREAM, context.identity), chunks)


def ready_teller(body: Mapping[str, Any], tokenizer: Tokenizer, model: str, identity: str) -> Teller:
    """Make what tells a ready message."""
    plan = Plan([tellable(mapping(block)) for block in body["content"]], Budget())
    return Teller(plan, Splitter(tokenizer, model, plan.budget), identity, is_stream=True)
