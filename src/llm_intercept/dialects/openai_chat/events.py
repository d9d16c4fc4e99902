"""What happens while a choice is generated, one event after the other.

JSON and stream are both made of these events, so that a stream adds up to the JSON body.

Knows: plans. Must not know: how a response is framed.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.costs import CallCosts
from llm_intercept.dialects.openai_chat.turn import SEVERAL
from llm_intercept.dialects.shared.logprobs import Asked
from llm_intercept.dialects.shared.pieces import EvenlyCut, Splitter, Unbroken, evenly
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai_chat.plan import Plan
    from llm_intercept.model.parts import ToolCall

AUDIO_SECONDS = 3600


@dataclass(slots=True)
class Said:
    """Text of a field (`content`, `refusal`, `reasoning_content`), with the logprobs of its tokens."""

    field: str
    text: str
    logprobs: list[Any] | None = None


@dataclass(slots=True)
class Ran:
    """A text of a field that nothing ends early and nothing comes between, without logprobs."""

    field: str
    said: Unbroken


@dataclass(slots=True)
class Called:
    """A call begins; `number` counts the calls of the choice, or is None for the legacy form."""

    number: int | None
    call: ToolCall


@dataclass(slots=True)
class Argued:
    """A fragment of a call's arguments."""

    number: int | None
    call: ToolCall
    text: str


@dataclass(slots=True)
class ArgumentsRan:
    """A call's arguments, that nothing ends early and nothing comes between."""

    number: int | None
    call: ToolCall
    said: Unbroken


@dataclass(slots=True)
class Spoke:
    """A fragment of audio: keys of the `audio` object."""

    audio: dict[str, Any]


@dataclass(slots=True)
class Cited:
    """Annotations of the text."""

    annotations: list[Any]


@dataclass(slots=True)
class Finished:
    """The choice is complete."""

    reason: str


Event = Said | Ran | Called | Argued | ArgumentsRan | Spoke | Cited | Finished


def events(
    plan: Plan, tokenizer: Tokenizer, model: str, created: int, *, singly: bool = False
) -> Generator[Event | Awaited]:
    """Generate a choice; `singly` where other choices' events may come between any two."""
    turn, splitter = plan.turn, Splitter(tokenizer, model, plan.budget)
    if turn.reasoning:
        yield from (Said("reasoning_content", text) for text in splitter.thoughts(turn.reasoning))
    runs = plan.is_unlimited and not singly
    yield from _said(plan, splitter, runs=runs)
    if turn.annotations:
        yield Cited([dict(one) for one in turn.annotations])
    if turn.audio is not None:
        yield from _spoken(plan, tokenizer, model, created)
    if turn.calls:
        yield from _calls(plan, splitter, runs=runs)
    yield Finished(plan.finish_reason)


def _said(plan: Plan, splitter: Splitter, *, runs: bool) -> Iterator[Event | Awaited]:
    field = "refusal" if plan.turn.refusal else "content"
    said = plan.turn.refusal or plan.turn.said
    if runs:
        yield Ran(field, splitter.unbroken(said))
        return
    asked = None if plan.top_logprobs is None else Asked(plan.top_logprobs, plan.identity, plan.turn.logprobs)
    position = 0
    with closing(splitter.pieces(said, plan.stops)) as pieces:
        for piece in pieces:
            if isinstance(piece, Awaited):
                yield piece
                continue
            text, tokens = piece
            yield Said(field, text, None if asked is None else asked.entries(tokens, position))
            position += len(tokens)


def _calls(plan: Plan, splitter: Splitter, *, runs: bool) -> Iterator[Event | Awaited]:
    legacy = plan.turn.function_call
    calls: list[tuple[int | None, ToolCall]] = [*enumerate(plan.turn.tool_calls)]
    costs = CallCosts(len(calls), plan.names_tool)
    for number, call in [(None, legacy)] if legacy is not None else calls:
        if plan.budget.cut:
            return
        yield Called(number, call)
        plan.budget.spend(costs.of(number or 0, call.name, splitter.tokenizer, splitter.model))
        if len(calls) >= SEVERAL and call.type == "function":
            yield from _cut_evenly(number, call, splitter, runs=runs)
        elif runs:
            yield ArgumentsRan(number, call, splitter.unbroken(call.arguments))
        else:
            for piece in splitter.pieces(call.arguments):
                yield piece if isinstance(piece, Awaited) else Argued(number, call, piece[0])


def _cut_evenly(number: int | None, call: ToolCall, splitter: Splitter, *, runs: bool) -> Iterator[Event]:
    """Say what one of several calls is given, in pieces of so many characters (docs/wire.md 2.2.11)."""
    if runs:
        yield ArgumentsRan(number, call, EvenlyCut(splitter, call.arguments))
        return
    for piece in evenly(splitter.whole(call.arguments)):
        yield Argued(number, call, piece)


def _spoken(plan: Plan, tokenizer: Tokenizer, model: str, created: int) -> Iterator[Event]:
    audio = plan.turn.audio
    if audio is None:
        return
    yield Spoke({"id": audio.id})
    for text in tokenizer.split(audio.transcript, model):
        plan.budget.spent += 1
        yield Spoke({"transcript": text})
    yield Spoke({"data": audio.data})
    yield Spoke({"expires_at": created + AUDIO_SECONDS})
