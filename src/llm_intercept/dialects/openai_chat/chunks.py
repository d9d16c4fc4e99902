"""Turns the events of a choice into the message of a body, or into the deltas of a stream.

Knows: the keys of message and delta, in order (docs/wire.md 2.1, 2.2). Must not know: what frames them.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.dialects.openai_chat.events import (
    Argued,
    ArgumentsRan,
    Called,
    Cited,
    Event,
    Finished,
    Ran,
    Said,
    Spoke,
)
from llm_intercept.dialects.openai_chat.frames import Run
from llm_intercept.dialects.openai_chat.plan import shows_logprobs
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from llm_intercept.dialects.openai_chat.plan import Plan
    from llm_intercept.dialects.shared.pieces import Unbroken
    from llm_intercept.model.parts import ToolCall

Choice = dict[str, Any]
Single = Said | Called | Argued | Spoke | Cited | Finished


class _Message:
    """The message of a JSON body, added up from the events of its choice."""

    __slots__ = ("annotations", "audio", "calls", "legacy", "logprobs", "reason", "texts")

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.calls: list[dict[str, Any]] = []
        self.legacy: dict[str, str] | None = None
        self.annotations: list[Any] = []
        self.audio: dict[str, Any] | None = None
        self.logprobs: dict[str, Any] | None = None
        self.reason = ""

    def add(self, event: Event) -> None:
        """Add what happened next."""
        match event:
            case Ran(field, said):
                self.texts[field] = said.whole()
            case Finished(reason):
                self.reason = reason
            case Said(field, text, found):
                self.texts[field] = self.texts.get(field, "") + text
                self.logprobs = _joined(self.logprobs, field, found)
            case Called(number, call) if number is None:
                self.legacy = _called(call)
            case Called(_, call):
                self.calls.append(_call(call))
            case Argued(number, call, text):
                _argue(self._open(number, call), call, text)
            case ArgumentsRan(number, call, said):
                _argue(self._open(number, call), call, said.whole())
            case Cited(annotations):
                self.annotations = annotations
            case Spoke(audio):
                self.audio = _spoken(self.audio or {}, audio)
            case _:
                assert_never(event)

    def _open(self, number: int | None, call: ToolCall) -> dict[str, str]:
        opened: dict[str, str] = self.calls[-1][call.type] if number is not None else self.legacy or {}
        return opened

    def written(self, plan: Plan) -> dict[str, Any]:
        """Write it with its keys in order (docs/wire.md 2.1)."""
        texts = self.texts
        message: dict[str, Any] = {"role": "assistant"}
        message["content"] = texts.get("content") or (None if _has_no_content(plan) else "")
        if "reasoning_content" in texts:
            message["reasoning_content"] = texts["reasoning_content"]
        if self.legacy is not None:
            message["function_call"] = self.legacy
        if self.calls:
            message["tool_calls"] = self.calls
        message["refusal"] = texts.get("refusal", "" if plan.turn.refusal else None)
        message["annotations"] = self.annotations
        if self.audio is not None:
            message["audio"] = self.audio
        return message


def choice(plan: Plan, events: Iterable[Event | Awaited], model: str) -> Choice:
    """Make the choice of a JSON body, as `model` answers."""
    message = _Message()
    for event in events:
        if isinstance(event, Awaited):
            raise TypeError("a JSON body cannot wait for what it says")
        message.add(event)
    made: Choice = {"index": plan.index, "message": message.written(plan)}
    if shows_logprobs(model, plan):
        made["logprobs"] = message.logprobs or _no_logprobs(plan)
    made["finish_reason"] = message.reason
    return made


def deltas(plan: Plan, events: Generator[Event | Awaited], model: str) -> Generator[Choice | Run | Awaited]:
    """Yield the choices of a stream's chunks, one a chunk or a run of them: the role, what is said, the finish."""
    has_logprobs = shows_logprobs(model, plan)

    def chunk(delta: dict[str, Any], logprobs: Any = None, reason: str | None = None) -> Choice:
        shown = {"logprobs": logprobs} if has_logprobs else {}
        return {"index": plan.index, "delta": delta, **shown, "finish_reason": reason}

    lone = _lone_call(plan)
    with closing(events):
        if lone is None:
            yield chunk(_role(plan), _no_logprobs(plan))
        for event in events:
            match event:
                case Ran(field, said):
                    yield from _run(partial(_one_text, chunk, field), said)
                case ArgumentsRan(number, call, said):
                    yield from _run(partial(_one_fragment, chunk, number, call), said)
                case Awaited():
                    yield event
                case _:
                    yield chunk(*_delta(event, lone))


def _run(choice: Callable[[str], Choice], said: Unbroken) -> Iterator[Run]:
    with closing(said.runs()) as runs:
        yield Run(choice, runs)


def _one_text(chunk: Callable[[dict[str, Any]], Choice], field: str, text: str) -> Choice:
    return chunk({field: text})


def _one_fragment(chunk: Callable[[dict[str, Any]], Choice], number: int | None, call: ToolCall, text: str) -> Choice:
    return chunk(_fragment(number, call, text))


def _delta(event: Single, lone: ToolCall | None) -> tuple[dict[str, Any], Any, str | None]:
    """Make the delta of one event, its logprobs and its finish reason; a lone call's header has the role with it."""
    match event:
        case Said(field, text, found):
            return {field: text}, _joined(None, field, found), None
        case Called(number, call):
            header = {"function_call": _called(call)} if number is None else {"tool_calls": [_header(number, call)]}
            whole = {"role": "assistant", "content": None, **header, "refusal": None} if call is lone else header
            return whole, None, None
        case Argued(number, call, text):
            return _fragment(number, call, text), None, None
        case Cited(annotations):
            return {"annotations": annotations}, None, None
        case Spoke(audio):
            return {"audio": audio}, None, None
        case Finished(reason):
            return {}, None, reason
        case _:
            assert_never(event)


def interleaved(streams: list[Iterator[Choice | Run | Awaited]]) -> Iterator[Choice | Run | Awaited]:
    """Yield the chunks of several choices in turn, each beginning with its role and first delta (docs/wire.md 2.2)."""
    for stream in streams:
        yield from _first(stream)
    waiting = list(streams)
    while waiting:
        for stream in list(waiting):
            following = next(stream, None)
            if following is None:
                waiting.remove(stream)
            else:
                yield following


def _first(stream: Iterator[Choice | Run | Awaited]) -> Iterator[Choice | Run | Awaited]:
    """Yield the role and the first delta, with what has to be awaited for them."""
    given = 0
    for one in stream:
        yield one
        given += not isinstance(one, Awaited)
        if given == 2:  # noqa: PLR2004 - the role, the delta
            return


def _role(plan: Plan) -> dict[str, Any]:
    if plan.turn.refusal:
        return {"role": "assistant", "content": None, "refusal": ""}
    if plan.turn.audio is not None:
        return {"role": "assistant", "content": None, "refusal": None}
    if _has_no_content(plan):
        return {"role": "assistant", "content": None}
    return {"role": "assistant", "content": "", "refusal": None}


def _lone_call(plan: Plan) -> ToolCall | None:
    """The call whose header rides in the role chunk: the only one, where nothing is said before it."""
    turn = plan.turn
    if turn.says_text or turn.reasoning or turn.audio is not None or turn.annotations or plan.budget.left == 0:
        return None
    return turn.function_call or (turn.tool_calls[0] if len(turn.tool_calls) == 1 else None)


def _has_no_content(plan: Plan) -> bool:
    turn = plan.turn
    return bool(turn.refusal or turn.audio or (turn.calls and not turn.says_text))


def _no_logprobs(plan: Plan) -> dict[str, Any] | None:
    """What `logprobs` is before anything is said, where they are asked for."""
    if plan.top_logprobs is None or (_has_no_content(plan) and not plan.turn.refusal):
        return None
    return {"content": None, "refusal": []} if plan.turn.refusal else {"content": [], "refusal": None}


def _joined(so_far: dict[str, Any] | None, field: str, found: list[Any] | None) -> dict[str, Any] | None:
    if found is None or field not in {"content", "refusal"}:
        return so_far
    before: list[Any] = so_far[field] if so_far else []
    return {"content": None, "refusal": None, field: [*before, *found]}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": call.type, call.type: _called(call)}


def _called(call: ToolCall) -> dict[str, str]:
    return {"name": call.name, "input" if call.type == "custom" else "arguments": ""}


def _header(number: int, call: ToolCall) -> dict[str, Any]:
    return {"index": number, **_call(call)}


def _argue(called: dict[str, str], call: ToolCall, text: str) -> None:
    called["input" if call.type == "custom" else "arguments"] += text


def _fragment(number: int | None, call: ToolCall, text: str) -> dict[str, Any]:
    argued = {"input" if call.type == "custom" else "arguments": text}
    return {"function_call": argued} if number is None else {"tool_calls": [{"index": number, call.type: argued}]}


def _spoken(so_far: dict[str, Any], audio: dict[str, Any]) -> dict[str, Any]:
    both = {**so_far, **audio}
    if "transcript" in audio:
        both["transcript"] = so_far.get("transcript", "") + audio["transcript"]
    return both
