"""Turns the events of a choice into the message of a body, or into the deltas of a stream.

Knows: the keys of message and delta, in order (WIRE.md 2.1, 2.2). Must not know: what frames them.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
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
from llm_intercept.dialects.openai_chat.templates import HOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from llm_intercept.dialects.openai_chat.turn import Plan
    from llm_intercept.replies.reply import ToolCall

Choice = dict[str, Any]
Single = Said | Called | Argued | Spoke | Cited | Finished
MESSAGE_ORDER = (
    "role",
    "content",
    "reasoning_content",
    "function_call",
    "tool_calls",
    "refusal",
    "annotations",
    "audio",
)


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks that differ in one text only: their choice with a `HOLE` for it, and the texts, some at a time."""

    choice: Choice
    texts: Iterable[Sequence[str]]


def choice(plan: Plan, events: Iterable[Event], *, shows_logprobs: bool) -> Choice:
    """Make the choice of a JSON body."""
    message: dict[str, Any] = {"role": "assistant", "refusal": None, "annotations": []}
    calls: list[dict[str, Any]] = []
    logprobs: dict[str, Any] | None = None
    texts: dict[str, list[str]] = {}
    reason = ""
    for event in _whole(events):
        match event:
            case Said(field, text, found):
                texts.setdefault(field, []).append(text)
                logprobs = _joined(logprobs, field, found)
            case Called(number, call):
                (calls.append(_call(call)) if number is not None else message.update(function_call=_called(call)))
            case Argued(number, call, text):
                _argue(message["function_call"] if number is None else calls[-1][call.type], call, text)
            case Cited(annotations):
                message["annotations"] = annotations
            case Spoke(audio):
                message["audio"] = _spoken(message.get("audio", {}), audio)
            case Finished(finished):
                reason = finished
            case _:
                assert_never(event)
    message |= {field: "".join(parts) for field, parts in texts.items()}
    message.setdefault("content", None if _has_no_content(plan) else "")
    if calls:
        message["tool_calls"] = calls
    ordered = {key: message[key] for key in MESSAGE_ORDER if key in message}
    shown = {"logprobs": logprobs or _no_logprobs(plan)} if shows_logprobs else {}
    return {"index": plan.index, "message": ordered, **shown, "finish_reason": reason}


def _whole(events: Iterable[Event]) -> Iterator[Single]:
    """Give every run of texts as one."""
    for event in events:
        match event:
            case Ran(field, runs):
                said = [text for run in runs for text in run]
                yield from (Said(field, "".join(said)),) if said else ()
            case ArgumentsRan(number, call, runs):
                yield Argued(number, call, "".join(text for run in runs for text in run))
            case _:
                yield event


def deltas(plan: Plan, events: Generator[Event], *, shows_logprobs: bool) -> Generator[Choice | Run]:
    """Yield the choices of a stream's chunks, one a chunk or a run of them: the role, what is said, the finish."""

    def chunk(delta: dict[str, Any], logprobs: Any = None, reason: str | None = None) -> Choice:
        shown = {"logprobs": logprobs} if shows_logprobs else {}
        return {"index": plan.index, "delta": delta, **shown, "finish_reason": reason}

    lone = _lone_call(plan)
    with closing(events):
        if lone is None:
            yield chunk(_role(plan), _no_logprobs(plan))
        for event in events:
            match event:
                case Ran(field, runs):
                    yield Run(chunk({field: HOLE}), runs)
                case ArgumentsRan(number, call, runs):
                    yield Run(chunk(_fragment(number, call, HOLE)), runs)
                case _:
                    yield chunk(*_delta(event, lone))


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


def interleaved(streams: list[Generator[Choice | Run]]) -> Iterator[Choice | Run]:
    """Yield the chunks of several choices in turn, each beginning with its role and its first delta (WIRE.md 2.2)."""
    first: list[Callable[[], Choice | Run]] = [stream.__next__ for stream in streams]
    for advance in first:
        yield advance()
        yield advance()
    waiting = list(streams)
    while waiting:
        for stream in list(waiting):
            following = next(stream, None)
            if following is None:
                waiting.remove(stream)
            else:
                yield following


def _role(plan: Plan) -> dict[str, Any]:
    reply = plan.reply
    if reply.refusal:
        return {"role": "assistant", "content": None, "refusal": ""}
    if reply.audio is not None:
        return {"role": "assistant", "content": None, "refusal": None}
    if _has_no_content(plan):
        return {"role": "assistant", "content": None}
    return {"role": "assistant", "content": "", "refusal": None}


def _lone_call(plan: Plan) -> ToolCall | None:
    """The call whose header rides in the role chunk: the only one, where nothing is said before it."""
    reply = plan.reply
    if _says_text(plan) or reply.reasoning or reply.audio is not None or reply.annotations or plan.budget.left == 0:
        return None
    return reply.function_call or (reply.tool_calls[0] if len(reply.tool_calls) == 1 else None)


def _says_text(plan: Plan) -> bool:
    return bool(plan.reply.text) or plan.reply.deltas is not None


def _has_no_content(plan: Plan) -> bool:
    reply = plan.reply
    return bool(reply.refusal or reply.audio or ((reply.tool_calls or reply.function_call) and not _says_text(plan)))


def _no_logprobs(plan: Plan) -> dict[str, Any] | None:
    """What `logprobs` is before anything is said, where they are asked for."""
    if plan.top_logprobs is None or (_has_no_content(plan) and not plan.reply.refusal):
        return None
    return {"content": None, "refusal": []} if plan.reply.refusal else {"content": [], "refusal": None}


def _joined(so_far: dict[str, Any] | None, field: str, found: list[Any] | None) -> dict[str, Any] | None:
    if found is None or field not in {"content", "refusal"}:
        return so_far
    before: list[Any] = so_far[field] if so_far else []
    return {"content": None, "refusal": None, field: [*before, *found]}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": call.type, call.type: _called(call)}


def _called(call: ToolCall) -> dict[str, str]:
    return {"name": call.name, "arguments" if call.type == "function" else "input": ""}


def _header(number: int, call: ToolCall) -> dict[str, Any]:
    return {"index": number, **_call(call)}


def _argue(called: dict[str, str], call: ToolCall, text: str) -> None:
    called["arguments" if call.type == "function" else "input"] += text


def _fragment(number: int | None, call: ToolCall, text: str) -> dict[str, Any]:
    argued = {"arguments" if call.type == "function" else "input": text}
    return {"function_call": argued} if number is None else {"tool_calls": [{"index": number, call.type: argued}]}


def _spoken(so_far: dict[str, Any], audio: dict[str, Any]) -> dict[str, Any]:
    both = {**so_far, **audio}
    if "transcript" in audio:
        both["transcript"] = so_far.get("transcript", "") + audio["transcript"]
    return both
