"""What the model will say, as one plan for each candidate: the reply's parts in their order, as Gemini writes them.

A part is written as it will be when it is said; a text in it may still be an iterator of deltas.

Knows: the request's parameters (the API's reference). Must not know: how an answer is framed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.json import decode, is_object, mapping
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google_gemini.accumulate import SIGNATURE
from llm_intercept.dialects.google_gemini.event_ids import call_id, signature
from llm_intercept.dialects.google_gemini.finish_words import DONE, EXPLAINED, FINISHES, WITHHELD, why_ended
from llm_intercept.dialects.google_gemini.own_parts import (
    OF_ANSWERS,
    OF_CANDIDATES,
    grounded,
    media_part,
    safety_ratings,
    value_of,
)
from llm_intercept.dialects.google_gemini.read import candidate_count, stops_of, thinking_of
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.forced import obeying
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.in_base64 import in_base64
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall
from llm_intercept.replies.computed import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.google_gemini.generations import Generation
    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage
    from llm_intercept.replies.reply import Reply

TEXT = "text"


@dataclass(slots=True)
class Plan:
    """One candidate: what is said, in what budget, and why it ends.

    Attributes:
        index: Which candidate it is.
        parts: What is said.
        budget: How much may be said.
        stops: Before what a text ends.
        why: Why it ends, where the reply says so.
        beside: Fields of the candidate beside its content.
        around: Fields of the whole answer beside its candidates.
        thought: How many tokens were thought.

    """

    index: int
    parts: list[dict[str, Any]]
    budget: Budget
    stops: tuple[str, ...] = ()
    why: str | None = None
    beside: dict[str, Any] = field(default_factory=dict[str, Any])
    around: dict[str, Any] = field(default_factory=dict[str, Any])
    thought: int = 0

    @property
    def is_live(self) -> bool:
        """Whether a text comes from an iterator, each delta when it is there."""
        return any(not isinstance(part.get(TEXT, ""), str | list | tuple) for part in self.parts)

    @property
    def finish_reason(self) -> str:
        """Why it ended; to be asked when all was said."""
        return why_ended(self.why, is_cut=self.budget.cut)


def plans(
    request: LLMRequest, reply: Reply, manner: Generation, tokenizer: Tokenizer, identity: str, model: str
) -> list[Plan]:
    """Plan the candidates of an answer, as many as are asked for.

    Raises:
        ReplyError: There is something in the reply that Gemini cannot say.

    """
    asked = candidate_count(request.raw)
    said = [_repeatable(one, asked) for one in reply.variants or (reply,)]
    found: list[Plan] = []
    for index in range(asked):
        own = derived(identity, "candidate", index)
        bent = obeying(request, said[index % len(said)])
        splitter = Splitter(tokenizer, model, Budget.of(request.max_tokens, reply, bent, choices=asked))
        made = _Candidate(request, manner, own, splitter)
        for part in bent.parts:
            made.add(part)
        found.append(made.done(bent, index, _thought(request, bent, reply.usage, manner, splitter.budget)))
    return found


def _thought(request: LLMRequest, reply: Reply, usage: Usage | None, manner: Generation, budget: Budget) -> int:
    """Count the thoughts: as is reported, as the reply says, or as its generation has them."""
    if usage is not None:
        return usage.reasoning_tokens
    return budget.thought if reply.reasoning else thinks_for(request, manner)


def _repeatable(reply: Reply, times: int) -> Reply:
    """Keep the deltas of an iterator, where several candidates read them."""
    if times == 1 or not isinstance(reply.deltas, Iterator):
        return reply
    kept = Kept(reply.deltas)
    return reply.replaced(parts=tuple(_with(kept, part) for part in reply.parts))


def _with(kept: Kept, part: ReplyPart) -> ReplyPart:
    return (
        replace(part, deltas=cast("Iterable[str]", kept))
        if isinstance(part, Text) and part.deltas is not None
        else part
    )


class _Candidate:
    """A candidate as it comes together from a reply's parts."""

    def __init__(self, request: LLMRequest, manner: Generation, identity: str, splitter: Splitter) -> None:
        self._request, self._manner, self._identity, self._splitter = request, manner, identity, splitter
        self._shows_thoughts = got(thinking_of(request.raw), "includeThoughts") is True
        self._parts: list[dict[str, Any]] = []
        self._beside: dict[str, Any] = {}
        self._around: dict[str, Any] = {}
        self._citations: list[Citation] = []
        self._signature = ""  # of a thought, for the part that comes next
        self._calls = 0

    def add(self, part: ReplyPart) -> None:
        """Add a part, or what is said beside the parts."""
        match part:
            case Text():
                self._say(part)
            case Reasoning():
                self._think(part)
            case ToolCall():
                self._call(part)
            case Media():
                self._add(media_part(part))
            case Citation():
                self._citations.append(part)
            case Refusal():
                self._beside |= {"finishMessage": part.text}
            case Other():
                self._own(part)

    def done(self, reply: Reply, index: int, thought: int) -> Plan:
        """Make the plan."""
        why = finish_of(reply, FINISHES, "Gemini") or (WITHHELD if reply.refusal else None)
        if self._signature:
            self._add({TEXT: ""})
        if not (self._around or (why or DONE) != DONE or any("thought" not in part for part in self._parts)):
            self._parts.append({TEXT: ""})
        self._sign(thinks=thought > 0)
        if self._citations:
            self._beside.setdefault("groundingMetadata", grounded(self._citations, reply.text))
        if why == WITHHELD:
            self._beside.setdefault("safetyRatings", safety_ratings(is_vertex=self._manner.is_vertex))
        if why in EXPLAINED:
            self._beside.setdefault("finishMessage", EXPLAINED[why])
        budget, stops = self._splitter.budget, stops_of(self._request.raw)
        return Plan(index, self._parts, budget, stops, why, self._beside, self._around, thought)

    def _add(self, part: dict[str, Any]) -> None:
        signed = {SIGNATURE: self._signature} if self._signature else {}
        self._signature = ""
        self._parts.append({**part, **signed})

    def _say(self, part: Text) -> None:
        last = self._parts[-1] if self._parts else {}
        if part.deltas is None and isinstance(last.get(TEXT), str) and "thought" not in last and not self._signature:
            last[TEXT] += part.text
        else:
            self._add({TEXT: part.text if part.deltas is None else part.deltas})

    def _think(self, part: Reasoning) -> None:
        told = "".join(self._splitter.thoughts(part.text))
        if told and self._shows_thoughts:
            self._parts.append({TEXT: told, "thought": True})
        self._signature = in_base64(part.signature) or self._signature

    def _call(self, call: ToolCall) -> None:
        identifier = call.id or (call_id(self._identity, self._calls) if self._manner.names_calls else "")
        self._calls += 1
        told: dict[str, Any] = {"name": call.name, "args": arguments(call)}
        self._add({"functionCall": {**told, "id": identifier} if identifier else told})

    def _own(self, part: Other) -> None:
        value = value_of(part)
        if part.type in OF_CANDIDATES:
            self._beside[part.type] = value
        elif part.type in OF_ANSWERS:
            self._around[part.type] = value
        else:
            self._add({part.type: value})

    def _sign(self, *, thinks: bool) -> None:
        """Sign what the API signs: the first call that a thought led to, or the text that ends an answer."""
        manner = self._manner
        called = next((part for part in self._parts if "functionCall" in part), None)
        if called is not None:
            thinks = manner.signs_calls and (thinks or manner.signs_texts)
            if thinks and not any(SIGNATURE in part for part in self._parts):
                called[SIGNATURE] = signature(self._identity, 0)
        elif manner.signs_texts and self._parts and SIGNATURE not in self._parts[-1]:
            self._parts[-1][SIGNATURE] = signature(self._identity, 0)


def thinks_for(request: LLMRequest, manner: Generation) -> int:
    """Say how many tokens the model thinks before it answers, where nobody says what."""
    thinking = thinking_of(request.raw)
    budget, level = got(thinking, "thinkingBudget"), got(thinking, "thinkingLevel")
    if budget == 0:
        return 0
    last = request.messages[-1] if request.messages else None
    if last is not None and last.tool_results:
        return manner.thinks_after_tools
    is_asked = bool(level) or (isinstance(budget, int) and budget != 0)
    return manner.thinks or (THOUGHT_ABOUT if is_asked else 0)


THOUGHT_ABOUT = 53
"""How many tokens a model thinks that does so only when it is asked to."""


def arguments(call: ToolCall) -> dict[str, Any]:
    """Read the arguments of a call, which are an object here and no text.

    Raises:
        ReplyError: They are none, or the call is of a tool that takes text.

    """
    if call.type == "custom":
        problem = f"A reply calls {call.name!r} with free text, which Gemini cannot say"
        raise ReplyError(problem, f"Its functions take objects: tool_call({call.name!r}, …).")
    try:
        found: Any = decode(call.arguments.encode())
    except (ValueError, RecursionError):
        found = None
    if not is_object(found):
        problem = f"The arguments of tool_call({call.name!r}) are {call.arguments!r}, and Gemini's are an object"
        raise ReplyError(
            problem, f"Give a mapping of names to values, or arguments by name: tool_call({call.name!r}, …)."
        )
    return dict(mapping(found))
