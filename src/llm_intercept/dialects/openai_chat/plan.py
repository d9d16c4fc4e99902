"""What the model will say: the reply, bent to the request's parameters, as one plan for each choice.

Knows: the request's parameters (OpenAI's reference). Must not know: how a response is framed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items
from llm_intercept.dialects.openai.costs import named_tool
from llm_intercept.dialects.openai.hosts.finding import asked_host
from llm_intercept.dialects.openai.hosts.templates import filled
from llm_intercept.dialects.openai.ids import call_id
from llm_intercept.dialects.openai.traits import traits
from llm_intercept.dialects.openai_chat.turn import Turn
from llm_intercept.dialects.shared.forced import obeying
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.pieces import Budget
from llm_intercept.model.parts import Media
from llm_intercept.replies.computed import Kept

if TYPE_CHECKING:
    from llm_intercept.model.parts import ToolCall
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.reply import Reply

SILENCE = base64.b64encode(
    b"RIFF$\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0]\x00\x00\x80\xbb\x00\x00"
    b"\x02\x00\x10\x00data\x00\x00\x00\x00"
).decode()

MOST_CHOICES, MOST_LOGPROBS = 128, 20
BENT_BY = frozenset({"tool_choice", "function_call", "parallel_tool_calls", "modalities"})
"""The parameters that change what is said."""
PLANNED_BY = BENT_BY | {"n", "stop", "logprobs", "max_tokens", "max_completion_tokens"}
"""All parameters that are planned for."""


@dataclass(slots=True)
class _Wanted:
    """What the parameters of a request want; as it is where there are none of them."""

    choices: int = 1
    limit: int | None = None
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None
    names_tool: bool = False
    is_bent: bool = False


AS_IT_IS = _Wanted()


@dataclass(slots=True)
class Plan:
    """One choice: what is said, in what budget, with which ids, and whether the request names the tool to call."""

    index: int
    turn: Turn
    budget: Budget
    identity: str
    stops: tuple[str, ...]
    top_logprobs: int | None
    names_tool: bool = False

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing of the request ends the text early or asks for more than the text."""
        return self.budget.left is None and not self.stops and self.top_logprobs is None

    @property
    def is_read_anew(self) -> bool:
        """Whether what is said is read of what a user gave, which may be read only once or say something else then."""
        return not isinstance(self.turn.said, str | tuple)

    @property
    def finish_reason(self) -> str:
        """Why this choice ended; to be asked when all was said."""
        if self.turn.finish_reason is not None:
            return self.turn.finish_reason
        if self.budget.cut:
            return "length"
        if self.turn.tool_calls:
            return "tool_calls"
        return "function_call" if self.turn.function_call else "stop"


def plans(request: LLMRequest, reply: Reply, identity: str, count: int | None = None) -> list[Plan]:
    """Plan the choices of an answer, as the request asks for them; of a ready body its `count`, just as they are."""
    wanted = AS_IT_IS if PLANNED_BY.isdisjoint(request.raw) else _wanted(request, is_ready=count is not None)
    choices = count or wanted.choices
    said = reply.variants or (reply,)
    turns = [_bent(request, one) if wanted.is_bent else Turn.of(one) for one in said]
    if choices > 1:
        turns = [_repeatable(turn) for turn in turns]
    top_logprobs = wanted.top_logprobs
    found: list[Plan] = []
    for index in range(choices):
        turn, own = turns[index % len(turns)], ""
        if turn.has_ids or top_logprobs is not None:
            own = derived(identity, index)
            turn = identified(turn, own, call_form(request))
        budget = Budget.of(wanted.limit, reply, said[index % len(said)], choices=choices)
        found.append(Plan(index, turn, budget, own, wanted.stops, top_logprobs, wanted.names_tool))
    return found


def _wanted(request: LLMRequest, *, is_ready: bool) -> _Wanted:
    """Read the parameters; a ready body is neither bent nor cut."""
    asked = request.raw
    several = asked.get("n")
    choices = min(several, MOST_CHOICES) if is_int(several, 1) else 1
    names_tool = "tool_choice" in asked and bool(named_tool(request))
    if is_ready:
        return _Wanted(choices, names_tool=names_tool)
    unwanted, is_bent = stops(asked.get("stop")), not BENT_BY.isdisjoint(asked)
    return _Wanted(choices, request.max_tokens, unwanted, _top_logprobs(request), names_tool, is_bent)


def _bent(request: LLMRequest, reply: Reply) -> Turn:
    """Bend a reply to what the request says of tools and modalities."""
    obedient = obeying(request, reply)
    turn = Turn.of(reply) if obedient is reply else Turn.made(obedient)
    return _aloud(request, turn) if "modalities" in request.raw else turn


def _repeatable(turn: Turn) -> Turn:
    """Keep the deltas of an iterator, since every choice reads them."""
    return replace(turn, said=Kept(turn.said)) if isinstance(turn.said, Iterator) else turn


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


def call_form(request: LLMRequest) -> str:
    """Say which form the ids of calls have at the host that is asked; empty for OpenAI's."""
    host = asked_host(request)
    return "" if host is None else host.call_id


def identified(turn: Turn, identity: str, form: str = "") -> Turn:
    """Give every call an id, of the `form` that the host has, and what is spoken its own."""
    if not turn.has_ids:
        return turn
    if any(not call.id for call in turn.tool_calls):
        calls = enumerate(turn.tool_calls)
        turn = replace(turn, tool_calls=tuple(_identified(call, identity, number, form) for number, call in calls))
    if turn.audio is not None:
        audio = turn.audio
        known = replace(audio, id=audio.id or "audio_" + identity[:32], data=audio.data or SILENCE)
        turn = replace(turn, audio=known)
    return turn


def _identified(call: ToolCall, identity: str, number: int, form: str) -> ToolCall:
    return call if call.id else replace(call, id=named_call(identity, number, form))


def named_call(identity: str, number: int, form: str) -> str:
    """Make the id of a call, one of several of a choice, of the `form` that the host has."""
    return filled(form, {"identity": derived(identity, "call", number)}) if form else call_id(identity, number)


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
    return min(top, MOST_LOGPROBS) if is_int(top, 0) else 0


def shows_logprobs(model: str, plan: Plan) -> bool:
    """Whether a choice has a `logprobs` key at all."""
    return traits(model).has_logprobs or plan.top_logprobs is not None
