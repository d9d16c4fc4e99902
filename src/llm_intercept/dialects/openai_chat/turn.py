"""What the model will say: the reply, bent to the request's parameters, as one plan for each choice.

Knows: the request's parameters (OpenAI's reference). Must not know: how a response is framed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, text, to_json_text
from llm_intercept.dialects.openai_chat.identity import derived, letters
from llm_intercept.dialects.openai_chat.models import traits
from llm_intercept.dialects.openai_chat.pieces import Budget
from llm_intercept.replies.reply import Audio, AutoReply, FinishReason, Reply, ToolCall

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest, Tool


CALL_ID_LENGTH = 24
SILENCE = base64.b64encode(
    b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0]\x00\x00\x80\xbb\x00\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00"
).decode()


@dataclass(frozen=True, slots=True)
class Plan:
    """One choice: what is said, in what budget, with which ids."""

    index: int
    reply: Reply
    budget: Budget
    identity: str
    stops: tuple[str, ...]
    top_logprobs: int | None

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing of the request ends the text early or asks for more than the text."""
        return self.budget.left is None and not self.stops and self.top_logprobs is None

    @property
    def finish_reason(self) -> FinishReason:
        """Why this choice ended; to be asked when all was said."""
        if self.reply.finish_reason is not None:
            return self.reply.finish_reason
        if self.budget.cut:
            return "length"
        if self.reply.tool_calls:
            return "tool_calls"
        return "function_call" if self.reply.function_call else "stop"


def plans(request: LLMRequest, reply: Reply, identity: str, count: int | None = None) -> list[Plan]:
    """Plan the choices of an answer: as many as the request asks for, unless `count` says how many."""
    params = request.params
    wanted = params.get("n")
    count = count or (wanted if isinstance(wanted, int) else 1)
    if count > 1 and isinstance(reply.deltas, Iterator):
        reply = replace(reply, deltas=tuple(reply.deltas))  # every choice reads it
    variants: tuple[Reply, ...] = reply.variants or (reply,)
    limit = _limit(params.get("max_completion_tokens"), params.get("max_tokens"))
    unwanted, top_logprobs = stops(params.get("stop")), _top_logprobs(request)
    found: list[Plan] = []
    for index, own in ((index, derived(identity, index)) for index in range(count)):
        answer = identified(_obeying(request, variants[index % len(variants)]), own)
        found.append(Plan(index, answer, Budget(limit), own, unwanted, top_logprobs))
    return found


def automatic(request: LLMRequest, auto: AutoReply) -> Reply:
    """Make the smallest valid answer to the request.

    Raises:
        SchemaError: The request's schema is invalid or nothing fulfils it.

    """
    if request.messages and request.messages[-1].role != "tool":
        forced = _forced(request, Reply())
        if forced.tool_calls or forced.function_call:
            return forced
    wanted = mapping(request.response_format)
    if wanted.get("type") == "json_schema":
        return Reply(to_json_text(_smallest(mapping(wanted.get("json_schema")).get("schema", True))))
    return Reply("{}") if wanted.get("type") == "json_object" else Reply(auto.text)


def _obeying(request: LLMRequest, reply: Reply) -> Reply:
    """Bend a reply to tool_choice, parallel_tool_calls and modalities."""
    params = request.params
    choice = params.get("tool_choice")
    if choice == "none" and reply.tool_calls:
        reply = replace(
            reply, tool_calls=(), finish_reason=None if reply.finish_reason == "tool_calls" else reply.finish_reason
        )
    if not reply.refusal:
        reply = _forced(request, reply)
    if params.get("parallel_tool_calls") is False and len(reply.tool_calls) > 1:
        reply = replace(reply, tool_calls=reply.tool_calls[:1])
    if "audio" in items(params.get("modalities")) and reply.text and not reply.tool_calls:
        reply = replace(reply, text="", audio=Audio(transcript=reply.text))
    return reply


def _forced(request: LLMRequest, reply: Reply) -> Reply:
    """Add the call that the request forces, unless the reply makes it."""
    choice = request.params.get("tool_choice")
    legacy = request.params.get("function_call")
    if is_object(legacy) and not reply.function_call and not reply.tool_calls:
        return replace(reply, function_call=_call_of(_legacy_schema(request, text(mapping(legacy).get("name")))))
    name = _named(choice)
    if name:
        own = tuple(call for call in reply.tool_calls if call.name == name)
        return replace(reply, function_call=None, tool_calls=own or (_call_of(_tool(request, name)),))
    if _required(choice) and not reply.tool_calls and request.tools:
        return replace(reply, function_call=None, tool_calls=(_call_of(_allowed(request, choice)),))
    return reply


def _named(choice: object) -> str:
    known = mapping(choice)
    kind = text(known.get("type"))
    return text(mapping(known.get(kind)).get("name")) if kind in {"function", "custom"} else ""


def _required(choice: object) -> bool:
    allowed = mapping(mapping(choice).get("allowed_tools"))
    return choice == "required" or allowed.get("mode") == "required"


def _allowed(request: LLMRequest, choice: object) -> tuple[str, Any, bool]:
    """Choose the tool to call: the first one allowed that the conversation has not called yet, else the last."""
    names = [_named(tool) for tool in items(mapping(mapping(choice).get("allowed_tools")).get("tools"))]
    names = [name for name in names if name] or [tool.name for tool in request.tools]
    called = {call.name for message in request.messages for call in message.tool_calls}
    return _tool(request, next((name for name in names if name not in called), names[-1]))


def _tool(request: LLMRequest, name: str) -> tuple[str, Any, bool]:
    return next((_schema_of(tool) for tool in request.tools if tool.name == name), (name, {"type": "object"}, False))


def _schema_of(tool: Tool) -> tuple[str, Any, bool]:
    return tool.name, tool.parameters or {"type": "object"}, tool.type == "custom"


def _legacy_schema(request: LLMRequest, name: str) -> tuple[str, Any, bool]:
    functions = [mapping(one) for one in items(request.params.get("functions"))]
    found = next((one.get("parameters") for one in functions if one.get("name") == name), None)
    return name, found or {"type": "object"}, False


def _call_of(described: tuple[str, Any, bool]) -> ToolCall:
    name, schema, is_custom = described
    if is_custom:
        return ToolCall(name=name, arguments="", type="custom")
    return ToolCall(name=name, arguments=to_json_text(_smallest(schema)))


def identified(reply: Reply, identity: str) -> Reply:
    """Give every call an id, and what is spoken its own."""
    if reply.tool_calls:
        calls = tuple(
            call
            if call.id
            else call.model_copy(update={"id": "call_" + letters(derived(identity, "call", number), CALL_ID_LENGTH)})
            for number, call in enumerate(reply.tool_calls)
        )
        reply = replace(reply, tool_calls=calls)
    if reply.audio is not None:
        audio = reply.audio
        known = {"id": audio.id or "audio_" + identity[:32], "data": audio.data if audio.data is not None else SILENCE}
        reply = replace(reply, audio=audio.model_copy(update=known))
    return reply


def _limit(*limits: object) -> int | None:
    return next((limit for limit in limits if isinstance(limit, int) and not isinstance(limit, bool)), None)


def stops(stop: object) -> tuple[str, ...]:
    """Read the sequences before which the text ends."""
    given = [stop] if isinstance(stop, str) else items(stop)
    return tuple(one for one in given if isinstance(one, str) and one)


def _top_logprobs(request: LLMRequest) -> int | None:
    """Say how many alternatives are asked for at each token; None if there are to be no logprobs."""
    if request.params.get("logprobs") is not True:
        return None
    top = request.params.get("top_logprobs")
    return top if isinstance(top, int) else 0


def shows_logprobs(model: str, plan: Plan) -> bool:
    """Tell whether a choice has a `logprobs` key at all."""
    return traits(model).has_logprobs or plan.top_logprobs is not None


def _smallest(schema: Any) -> Any:
    from llm_intercept.replies.schema import smallest  # noqa: PLC0415 - it compiles patterns for 40 ms, and most requests have no schema

    return smallest(schema)
