"""Cohere's conversations (version 2) as a dialect: one body, or events.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.cohere import grammar, read
from llm_intercept.dialects.cohere.chat_events import accumulated, events, framed
from llm_intercept.dialects.cohere.cohere_laws import check_laws
from llm_intercept.dialects.cohere.cohere_odds import odds_of
from llm_intercept.dialects.cohere.cohere_origin import (
    CHANGING,
    JSON,
    CohereDialect,
    answer_headers,
    stream_type,
    uuid_of,
)
from llm_intercept.dialects.cohere.raw import Ready, beside, plan_in, read_usage, ready, replies, said_in
from llm_intercept.dialects.shared.conversing import Conversation
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived, letters
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.dialects.shared.prompt_cost import prompt_tokens
from llm_intercept.dialects.shared.told_parts import Teller, identified, sayable
from llm_intercept.model.parts import Citation, Reasoning, Text, ToolCall
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.cohere.chat_events import Event
    from llm_intercept.dialects.shared.told_parts import End
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import RawReply
    from llm_intercept.replies.reply import Reply

OWN = ("COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL", "ERROR", "TIMEOUT")
FINISHES = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", **{word: word for word in OWN}}
"""The reasons to finish that Cohere has."""
ENDS: dict[End, str] = {
    "stop": "COMPLETE",
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
}
KINDS = (Text, Reasoning, ToolCall, Citation)


class CohereChat(CohereDialect, Conversation):
    """`/v2/chat`."""

    name = read.NAME
    objects = ("cohere.v2.types.",)
    grammar: Grammar = grammar

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and head.path.rstrip("/").endswith(read.PATH)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what Cohere refuses."""
        del strictly
        read.check(request.raw, request.model)
        check_laws(request.raw)

    def essence(self, request: LLMRequest) -> Any:
        return {key: value for key, value in sorted(request.raw.items()) if key != "stream"}

    def written(self, request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
        parts = _spoken(sayable(reply, KINDS, "Cohere"))
        parts = identified(parts, lambda number, call: f"{call.name}_{letters(derived(context.identity, number), 12)}")
        stops = request.stops if isinstance(request, read.CohereRequest) else ()
        teller = Teller.of(parts, request, reply, context.tokenizer, stops)
        given = finish_of(reply, FINISHES, "Cohere")

        def end() -> dict[str, Any]:
            used = reply.usage or Usage(prompt_tokens(request, context.tokenizer), teller.tokens)
            context.note_usage(used)
            return {"finish_reason": given or ENDS[teller.end], "usage": _usage_json(used)}

        plan = frozenset(number for number, part in enumerate(parts) if isinstance(part, Text) and reply.tool_calls)
        odds = odds_of(request.raw, reply, context.identity)
        told = events({"id": uuid_of(context.identity)}, {}, teller, plan, end, odds)
        return _written(request, told, context)

    def ready(self, request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
        found = ready(answer, stream=stream_type(request.headers) if request.stream else "")
        if isinstance(found, Ready):
            headers = answer_headers(found.content_type, context.identity)
            return WireResponse(answer.status, overridden(headers, answer.headers), (found.content,))
        used = read_usage([found])
        if used is not None:
            context.note_usage(used)
        teller = Teller(said_in(found), Splitter(context.tokenizer, request.model, Budget()))
        first, message, last = beside(found)
        made = _written(request, events(first, message, teller, plan_in(found), lambda: last), context)
        return WireResponse(answer.status, overridden(made.headers, answer.headers), made.chunks)


def _written(request: LLMRequest, told: Iterator[Event | Awaited], context: Context) -> WireResponse:
    if request.stream:
        kind = stream_type(request.headers)
        return WireResponse(200, answer_headers(kind, context.identity), framed(told, kind))
    body = accumulated(one for one in told if not isinstance(one, Awaited))
    return WireResponse(200, answer_headers(JSON, context.identity), (encode(body),))


def _spoken(parts: tuple[ReplyPart, ...]) -> tuple[ReplyPart, ...]:
    """Add a text without words, where neither a text nor a call is there."""
    return parts if any(isinstance(part, Text | ToolCall) for part in parts) else (*parts, Text(""))


def _usage_json(used: Usage) -> dict[str, Any]:
    tokens = {"input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
    return {"billed_units": tokens, "tokens": tokens, "cached_tokens": used.cache_read_tokens}


def _last_user(body: Any) -> str:
    said = (read.read_message(one) for one in reversed(items(mapping(body).get("messages"))))
    return next((message.said for message in said if message.is_user), "")


CohereChat.recorded = Recorded(
    event_kind="type",
    last_user=_last_user,
    roles=lambda body: [read.read_message(one).role for one in items(mapping(body).get("messages"))],
    usage=read_usage,
    replies=replies,
    not_in_key=frozenset({"stream", "seed"}),
    call_ids=(("tool_call_id", None), ("id", "tool_calls")),
    call_id=r"\w+_[A-Za-z0-9]{12}",
    delta_fields=frozenset({"text", "thinking", "arguments", "tool_plan"}),
    indices=("index",),
    changing_headers=CHANGING,
    models={read.PATH: ("cohere", "V2ChatResponse", "V2ChatStreamResponse")},
)
