"""Bedrock's conversations (Converse, ConverseStream) as a dialect: one body, or Amazon's frames.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.bedrock import grammar, read
from llm_intercept.dialects.bedrock.aws_origin import JSON, STREAM, BedrockDialect, answer_headers, latency
from llm_intercept.dialects.bedrock.converse_events import accumulated, events, frame_of
from llm_intercept.dialects.bedrock.disallowed import check, check_form
from llm_intercept.dialects.bedrock.raw import NOVAS, Ready, beside, read_usage, ready, replies, said_in, usage_json
from llm_intercept.dialects.shared.conversing import Conversation
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived, letters
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.dialects.shared.prompt_cost import prompt_tokens
from llm_intercept.dialects.shared.told_parts import Teller, check_objects, identified, sayable
from llm_intercept.model.parts import Reasoning, Text, ToolCall
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import Awaited, WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.shared.told_parts import End
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import RawReply
    from llm_intercept.replies.reply import Reply

OWN = (
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "guardrail_intervened",
    "content_filtered",
    "malformed_model_output",
    "malformed_tool_use",
    "model_context_window_exceeded",
)
FINISHES = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    **{word: word for word in OWN},
}
"""The reasons to stop that Bedrock has."""
ENDS: dict[End, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}


class BedrockConverse(BedrockDialect, Conversation):
    """`/model/{id}/converse` and `/model/{id}/converse-stream`."""

    name = read.NAME
    grammar: Grammar = grammar

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and read.PATH.search(head.path) is not None

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what Bedrock refuses; of other hosts, strictly alone what these may take."""
        check_form(request.raw)
        if strictly or self.is_asked(request):
            check(request.raw, strictly=strictly)

    def essence(self, request: LLMRequest) -> Any:
        """Leave out which of the two paths is asked, but for the model in it."""
        return {"model": request.model, "body": request.raw}

    def written(self, request: LLMRequest, reply: Reply, context: Context) -> WireResponse:
        parts = sayable(reply, (Text, Reasoning, ToolCall), "Bedrock")
        check_objects(parts, "Bedrock")
        parts = identified(parts, lambda number, _: f"tooluse_{letters(derived(context.identity, number), 22)}")
        stops = request.stops if isinstance(request, read.ConverseRequest) else ()
        teller = Teller.of(parts, request, reply, context.tokenizer, stops)
        given = finish_of(reply, FINISHES, "Bedrock")

        def end() -> dict[str, Any]:
            used = reply.usage or Usage(prompt_tokens(request, context.tokenizer), teller.tokens)
            context.note_usage(used)
            return {"stopReason": given or ENDS[teller.end], **self.cost(used)}

        return _told(request, teller, end, context)

    def cost(self, used: Usage) -> dict[str, Any]:
        """Write what an answer cost."""
        return {"usage": usage_json(used), "metrics": {"latencyMs": latency(used)}}

    def ready(self, request: LLMRequest, answer: RawReply, context: Context) -> WireResponse:
        found = ready(answer, stream=request.stream)
        if isinstance(found, Ready):
            headers = answer_headers(found.content_type, context.identity)
            return WireResponse(answer.status, overridden(headers, answer.headers), (found.content,))
        used = read_usage([found])
        if used is not None:
            context.note_usage(used)
        teller = Teller(said_in(found), Splitter(context.tokenizer, request.model, Budget()))
        made = _told(request, teller, lambda: beside(found), context)
        return WireResponse(answer.status, overridden(made.headers, answer.headers), made.chunks)


class Nova(BedrockConverse):
    """What Amazon's Nova models read and say where they are invoked, which is Converse with other words for the cache.

    It is asked in Bedrock's envelope alone.
    """

    def claims(self, head: WireRequest) -> bool:
        del head
        return False

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        check_form(request.raw)

    def cost(self, used: Usage) -> dict[str, Any]:
        return {"usage": {NOVAS.get(name, name): value for name, value in usage_json(used).items()}}


def _told(request: LLMRequest, teller: Teller, end: Callable[[], Mapping[str, Any]], context: Context) -> WireResponse:
    told = events(teller, end)
    if request.stream:
        frames = (one if isinstance(one, Awaited) else frame_of(one) for one in told)
        return WireResponse(200, answer_headers(STREAM, context.identity), frames)
    body = accumulated(one for one in told if not isinstance(one, Awaited))
    return WireResponse(200, answer_headers(JSON, context.identity), (encode(dict(sorted(body.items()))),))


def _last_user(body: Any) -> str:
    said = map(read.read_message, reversed(items(mapping(body).get("messages"))))
    return next((message.said for message in said if message.is_user), "")


BedrockConverse.recorded = Recorded(
    last_user=_last_user,
    roles=lambda body: [read.read_message(one).role for one in items(mapping(body).get("messages"))],
    usage=read_usage,
    replies=replies,
    not_in_key=frozenset({"requestMetadata"}),
    call_ids=(("toolUseId", None),),
    call_id=r"tooluse_[A-Za-z0-9_-]{8,}",
    delta_fields=frozenset({"text", "input"}),
    indices=("contentBlockIndex",),
    kept_headers=("x-amzn-errortype",),
    changing_headers=("x-amzn-requestid",),
    free_fields=frozenset({"input"}),
    same_url=read.same_url,
)
