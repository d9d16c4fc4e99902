"""The parts of a turn, told one after the other, piece by piece, as far as a request lets them.

JSON and stream are both made of what is told, so that a stream adds up to the JSON body.

Knows: parts, tokens. Must not know: any API's JSON.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from llm_intercept.base.json import json_object
from llm_intercept.base.tokens import count
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Media, Other, Reasoning, Refusal, ReplyPart, Text, ToolCall
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Delta
    from llm_intercept.replies.reply import Reply

CALL_TOKENS = 7
"""What a call costs beside its name and arguments, as OpenAI counts it; the others do not say."""
NO_STOPS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A part begins."""

    number: int
    part: ReplyPart


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a part is said: of its text, its thoughts, its arguments; with the tokens that it is made of."""

    number: int
    part: ReplyPart
    text: str
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A part is complete, with all that was said of it."""

    number: int
    part: ReplyPart
    text: str


Told = Begun | Said | Ended
End = Literal["stop", "stop_sequence", "length", "tool_calls"]


@dataclass(slots=True)
class Teller:
    """Tells parts within a budget, up to a stop sequence.

    Attributes:
        parts: The parts.
        splitter: What cuts them, and counts.
        stops: Where a text ends.
        told: The parts that were told, and what of each.

    """

    parts: Sequence[ReplyPart]
    splitter: Splitter
    stops: tuple[str, ...] = NO_STOPS
    told: list[tuple[ReplyPart, str]] = field(default_factory=list["tuple[ReplyPart, str]"])

    @classmethod
    def of(
        cls, parts: Sequence[ReplyPart], request: LLMRequest, reply: Reply, tokenizer: Tokenizer, stops: tuple[str, ...]
    ) -> Teller:
        """Make one of the parts of a reply that answers a request."""
        return cls(parts, Splitter(tokenizer, request.model, Budget.of(request.max_tokens, reply)), stops)

    @property
    def tokens(self) -> int:
        """How many tokens were told by now."""
        return self.splitter.budget.spent

    @property
    def end(self) -> End:
        """Why it ended; to be asked when all was told."""
        if self.splitter.budget.cut:
            return "length"
        if self.splitter.budget.stopped:
            return "stop_sequence"
        return "tool_calls" if any(isinstance(part, ToolCall) for part, _ in self.told) else "stop"

    def tell(self) -> Generator[Told | Awaited]:
        """Tell the parts."""
        budget = self.splitter.budget
        for number, part in enumerate(self.parts):
            if budget.cut or budget.stopped:
                return
            yield Begun(number, part)
            if isinstance(part, ToolCall):
                budget.spend(CALL_TOKENS + count(self.splitter.tokenizer, part.name, self.splitter.model))
            said: list[str] = []
            stops = self.stops if isinstance(part, Text) else NO_STOPS
            with closing(self.splitter.pieces(_text(part), stops)) as pieces:
                for piece in pieces:
                    if isinstance(piece, Awaited):
                        yield piece
                    else:
                        said.append(piece[0])
                        yield Said(number, part, *piece)
            whole = "".join(said)
            self.told.append((part, whole))
            yield Ended(number, part, whole)

    def whole(self, heard: Callable[[Said], None] | None = None) -> list[tuple[ReplyPart, str]]:
        """Tell all at once, for a body that is no stream; `heard` hears of each piece."""
        for one in self.tell():
            if isinstance(one, Awaited):
                raise TypeError("a JSON body cannot wait for what it says")
            if heard is not None and isinstance(one, Said):
                heard(one)
        return self.told


def _text(part: ReplyPart) -> str | Iterable[Delta]:
    match part:
        case Text():
            return part.text if part.deltas is None else part.deltas
        case Reasoning() | Refusal():
            return part.text
        case ToolCall():
            return part.arguments
        case _:
            return ""


def sayable(reply: Reply, kinds: tuple[type[ReplyPart], ...], api: str) -> tuple[ReplyPart, ...]:
    """Return the parts of a reply, of kinds that an API has; a refusal is a text where it has none of its own.

    Raises:
        ReplyError: A part is of another kind, or there are several answers.

    """
    if reply.variants:
        problem = f"{reply!r} has several answers, and {api} gives one"
        raise ReplyError(problem, "Answer chat completions alone with it: llm.on(api='openai.chat').")
    parts = tuple(Text(part.text) if isinstance(part, Refusal) else part for part in reply.parts)
    for part in parts:
        if not isinstance(part, kinds):
            what = part.type if isinstance(part, Other) else part.kind if isinstance(part, Media) else repr(part)
            raise ReplyError(f"A reply gives {what}, which {api} cannot say", "Answer the API alone with it that can.")
    return parts


def check_objects(parts: Iterable[ReplyPart], api: str) -> None:
    """Refuse calls whose arguments are no JSON object, for an API that has them as one.

    Raises:
        ReplyError: A call's are something else.

    """
    for part in parts:
        if isinstance(part, ToolCall) and json_object(part.arguments.encode(errors="replace")) is None:
            problem = f"{part!r} has arguments that are no JSON object, which is all that {api} can say"
            raise ReplyError(problem, "Give a mapping, or text that is a JSON object: tool_call('f', {…}).")


def identified(parts: Iterable[ReplyPart], id_of: Callable[[int, ToolCall], str]) -> tuple[ReplyPart, ...]:
    """Give every call that has none an id, made of its number among the calls."""
    made, calls = list[ReplyPart](), 0
    for part in parts:
        if isinstance(part, ToolCall):
            made.append(part if part.id else replace(part, id=id_of(calls, part)))
            calls += 1
        else:
            made.append(part)
    return tuple(made)
