"""What the model will say: the reply, bent to the request's parameters, as one plan for each choice.

Knows: the request's parameters (OpenAI's reference). Must not know: how a response is framed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from llm_intercept.base.json import is_object, items, mapping, text, to_json_text
from llm_intercept.dialects.openai.ids import derived, letters
from llm_intercept.dialects.openai_chat.pieces import Budget
from llm_intercept.dialects.openai_chat.traits import traits
from llm_intercept.model.parts import Citation, Media, Text, ToolCall
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest, Tool
    from llm_intercept.replies.kinds import AutoReply

CALL_ID_LENGTH = 24
SILENCE = base64.b64encode(
    b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0]\x00\x00\x80\xbb\x00\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00"
).decode()
Finish = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]


@dataclass(slots=True)
class Turn:
    """One assistant message as chat completions can say it: the parts of a reply, texts joined, calls after them."""

    said: str | Iterable[str] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    function_call: ToolCall | None = None
    reasoning: str = ""
    refusal: str = ""
    audio: Media | None = None
    annotations: tuple[Mapping[str, Any], ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] | None = None
    finish_reason: Finish | None = None

    @classmethod
    @lru_cache(maxsize=256)  # a rule's reply is given again and again
    def of(cls, reply: Reply) -> Turn:
        """Make one of a reply."""
        first = reply.parts[0] if len(reply.parts) == 1 else None
        if isinstance(first, Text):
            return cls(
                first.text if first.deltas is None else first.deltas,
                logprobs=reply.logprobs,
                finish_reason=reply.finish_reason,
            )
        calls = reply.tool_calls
        legacy = calls[0] if calls and calls[0].type == "function_call" else None
        return cls(
            _said(reply),
            tool_calls=() if legacy is not None else calls,
            function_call=legacy,
            reasoning=reply.reasoning,
            refusal=reply.refusal,
            audio=next((part for part in reply.parts if isinstance(part, Media)), None),
            annotations=tuple(_annotation(part) for part in reply.parts if isinstance(part, Citation)),
            logprobs=reply.logprobs,
            finish_reason=_finish(reply, legacy),
        )

    @property
    def says_text(self) -> bool:
        """Whether there is text, or at least deltas that may hold some."""
        return not isinstance(self.said, str) or bool(self.said)

    @property
    def has_ids(self) -> bool:
        """Whether there is something in it that has an id of its own."""
        return bool(self.tool_calls) or self.audio is not None

    @property
    def calls(self) -> bool:
        """Whether it asks for a call, in either form."""
        return bool(self.tool_calls) or self.function_call is not None


def _said(reply: Reply) -> str | Iterable[str]:
    return reply.text if reply.deltas is None else reply.deltas


def _finish(reply: Reply, legacy: ToolCall | None) -> Finish | None:
    return "function_call" if reply.finish_reason == "tool_calls" and legacy is not None else reply.finish_reason


def _annotation(citation: Citation) -> Mapping[str, Any]:
    if citation.raw:
        return citation.raw
    where = {"end_index": citation.end, "start_index": citation.start}
    return {"type": "url_citation", "url_citation": {**where, "title": citation.title, "url": citation.url}}


@dataclass(slots=True)
class Plan:
    """One choice: what is said, in what budget, with which ids."""

    index: int
    turn: Turn
    budget: Budget
    identity: str
    stops: tuple[str, ...]
    top_logprobs: int | None

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing of the request ends the text early or asks for more than the text."""
        return self.budget.left is None and not self.stops and self.top_logprobs is None

    @property
    def finish_reason(self) -> Finish:
        """Why this choice ended; to be asked when all was said."""
        if self.turn.finish_reason is not None:
            return self.turn.finish_reason
        if self.budget.cut:
            return "length"
        if self.turn.tool_calls:
            return "tool_calls"
        return "function_call" if self.turn.function_call else "stop"


def plans(request: LLMRequest, reply: Reply, identity: str, count: int | None = None) -> list[Plan]:
    """Plan the choices of an answer: as many as the request asks for, unless `count` says how many."""
    asked = request.raw
    wanted = asked.get("n")
    count = count or (wanted if isinstance(wanted, int) else 1)
    turns = [Turn.of(variant) for variant in reply.variants] if reply.variants else [Turn.of(reply)]
    if count > 1:
        turns = [_repeatable(turn) for turn in turns]
    unwanted, top_logprobs = stops(asked.get("stop")), _top_logprobs(request)
    found: list[Plan] = []
    for index in range(count):
        turn = obeying(request, turns[index % len(turns)])
        own = derived(identity, index) if turn.has_ids or top_logprobs is not None else ""
        budget = Budget(request.max_tokens)
        found.append(Plan(index, identified(turn, own), budget, own, unwanted, top_logprobs))
    return found


def _repeatable(turn: Turn) -> Turn:
    """Keep the deltas of an iterator, since every choice reads them."""
    return replace(turn, said=tuple(turn.said)) if isinstance(turn.said, Iterator) else turn


def automatic(request: LLMRequest, auto: AutoReply) -> Reply:
    """Make the smallest valid answer to the request.

    Raises:
        SchemaError: The request's schema is invalid or nothing fulfils it.

    """
    if request.messages and request.messages[-1].role != "tool":
        forced = obeying(request, Turn())
        if forced.function_call is not None:
            return Reply(function_call=forced.function_call)
        if forced.tool_calls:
            return Reply(*forced.tool_calls)
    wanted = request.output_format
    if wanted is not None and wanted.type == "json_schema":
        return Reply(to_json_text(_smallest(wanted.schema)))
    return Reply("{}" if wanted is not None and wanted.type == "json_object" else auto.text)


def obeying(request: LLMRequest, turn: Turn) -> Turn:
    """Bend a turn to what the request says of tools and modalities."""
    for name, bend in BENDS.items():
        if name in request.raw:
            turn = bend(request, turn)
    return turn


def _to_the_choice(request: LLMRequest, turn: Turn) -> Turn:
    """Leave out the calls that `tool_choice` forbids, or add the one it forces."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "none" and turn.tool_calls:
        kept = None if turn.finish_reason == "tool_calls" else turn.finish_reason
        return replace(turn, tool_calls=(), finish_reason=kept)
    return turn if turn.refusal else _forced(request, turn)


def _one_at_a_time(request: LLMRequest, turn: Turn) -> Turn:
    """Keep the first call where `parallel_tool_calls` is false."""
    if request.raw["parallel_tool_calls"] is not False or len(turn.tool_calls) < 2:  # noqa: PLR2004 - several
        return turn
    return replace(turn, tool_calls=turn.tool_calls[:1])


def _aloud(request: LLMRequest, turn: Turn) -> Turn:
    """Speak a text where `modalities` asks for sound."""
    if (
        "audio" not in items(request.raw["modalities"])
        or turn.tool_calls
        or not isinstance(turn.said, str)
        or not turn.said
    ):
        return turn
    return replace(turn, said="", audio=Media("audio", transcript=turn.said))


def _legacy_call(request: LLMRequest, turn: Turn) -> Turn:
    """Add the call that `function_call` forces, in the form that came before tools."""
    named = text(mapping(request.raw["function_call"]).get("name"))
    if turn.refusal or turn.calls or not is_object(request.raw["function_call"]):
        return turn
    return replace(turn, function_call=_call_of(_legacy_schema(request, named)))


BENDS: dict[str, Callable[[LLMRequest, Turn], Turn]] = {
    "function_call": _legacy_call,
    "tool_choice": _to_the_choice,
    "parallel_tool_calls": _one_at_a_time,
    "modalities": _aloud,
}
"""The parameters that change what is said, in the order in which they do."""


def _forced(request: LLMRequest, turn: Turn) -> Turn:
    """Add the call that the request forces, unless the turn makes it."""
    choice = request.tool_choice
    if choice is None or choice.mode != "required":
        return turn
    if len(choice.tools) == 1:
        name = choice.tools[0]
        own = tuple(call for call in turn.tool_calls if call.name == name)
        return replace(turn, function_call=None, tool_calls=own or (_call_of(_tool(request, name)),))
    if not turn.tool_calls and request.tools:
        return replace(turn, function_call=None, tool_calls=(_call_of(_allowed(request, choice.tools)),))
    return turn


def _allowed(request: LLMRequest, allowed: tuple[str, ...]) -> tuple[str, Any, bool]:
    """Choose the tool to call: the first one allowed that the conversation has not called yet, else the last."""
    names = allowed or tuple(tool.name for tool in request.tools)
    called = {call.name for message in request.messages for call in message.tool_calls}
    return _tool(request, next((name for name in names if name not in called), names[-1]))


def _tool(request: LLMRequest, name: str) -> tuple[str, Any, bool]:
    return next((_schema_of(tool) for tool in request.tools if tool.name == name), (name, {"type": "object"}, False))


def _schema_of(tool: Tool) -> tuple[str, Any, bool]:
    return tool.name, tool.parameters or {"type": "object"}, tool.type == "custom"


def _legacy_schema(request: LLMRequest, name: str) -> tuple[str, Any, bool]:
    functions = [mapping(one) for one in items(request.raw.get("functions"))]
    found = next((one.get("parameters") for one in functions if one.get("name") == name), None)
    return name, found or {"type": "object"}, False


def _call_of(described: tuple[str, Any, bool]) -> ToolCall:
    name, schema, is_custom = described
    return ToolCall(name, "", type="custom") if is_custom else ToolCall(name, to_json_text(_smallest(schema)))


def identified(turn: Turn, identity: str) -> Turn:
    """Give every call an id, and what is spoken its own."""
    if not turn.has_ids:
        return turn
    if any(not call.id for call in turn.tool_calls):
        turn = replace(turn, tool_calls=tuple(_identified(call, identity, n) for n, call in enumerate(turn.tool_calls)))
    if turn.audio is not None:
        audio = turn.audio
        known = replace(audio, id=audio.id or "audio_" + identity[:32], data=audio.data or SILENCE)
        turn = replace(turn, audio=known)
    return turn


def _identified(call: ToolCall, identity: str, number: int) -> ToolCall:
    if call.id:
        return call
    made = "call_" + letters(derived(identity, "call", number), CALL_ID_LENGTH)
    return ToolCall(call.name, call.arguments, made, call.type)


def stops(stop: object) -> tuple[str, ...]:
    """Read the sequences before which the text ends."""
    if stop is None:
        return ()
    given = [stop] if isinstance(stop, str) else items(stop)
    return tuple(one for one in given if isinstance(one, str) and one)


def _top_logprobs(request: LLMRequest) -> int | None:
    """Return how many alternatives are asked for at each token; None if there are to be no logprobs."""
    if request.raw.get("logprobs") is not True:
        return None
    top = request.raw.get("top_logprobs")
    return top if isinstance(top, int) else 0


def shows_logprobs(model: str, plan: Plan) -> bool:
    """Whether a choice has a `logprobs` key at all."""
    return traits(model).has_logprobs or plan.top_logprobs is not None


def _smallest(schema: Any) -> Any:
    from llm_intercept.replies.schema import smallest  # noqa: PLC0415 - it compiles patterns, 40 ms, for schemas alone

    return smallest(schema)
