"""Ready response bodies, sent as they are or turned into the shape that is asked for.

Knows: a completion's JSON and its stream's chunks. Must not know: rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, items, mapping, text
from llm_intercept.base.sse import Lines, data_of, frame
from llm_intercept.dialects.openai.headers import JSON, STREAM
from llm_intercept.dialects.openai_chat.counts import read_usage
from llm_intercept.dialects.openai_chat.frames import Envelope
from llm_intercept.dialects.openai_chat.grammar import DONE, END
from llm_intercept.dialects.openai_chat.read import read_message
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, FinishReason, Part, ReplyPart, Text, ToolCall
from llm_intercept.replies.reply import PARTS, Reply

if TYPE_CHECKING:
    from llm_intercept.replies.kinds import RawReply

SSE_BEGINNINGS = (b"data:", b"event:", b"id:", b":")


@dataclass(slots=True)
class Ready:
    """A body to send."""

    content_type: str
    chunks: Iterable[bytes]


Restate = tuple[Reply, Callable[[Envelope], Envelope]]


def ready(answer: RawReply, *, stream: bool) -> Ready | Restate:
    """Make the body of a raw reply, or the `Reply` that says the same and is to be written in the shape asked for."""
    body = answer.body
    if isinstance(body, bytes):
        return _from_bytes(body, stream=stream)
    if isinstance(body, Mapping):
        return _from_object(body, stream=stream)
    if stream:
        return Ready(STREAM, (*(frame(encode(chunk).decode()) for chunk in body), DONE))
    return Ready(JSON, (encode(accumulated(body), indent=2) + b"\n",))


def _from_bytes(body: bytes, *, stream: bool) -> Ready | Restate:
    is_sse = body.lstrip().startswith(SSE_BEGINNINGS)
    try:
        if is_sse and not stream:
            return Ready(JSON, (encode(accumulated(stream_data(body)), indent=2) + b"\n",))
        if not is_sse and stream:
            return _from_object(mapping(decode(body)), stream=True)
    except (ValueError, KeyError, TypeError):
        pass
    return Ready(STREAM if is_sse else JSON, (body,))


def _from_object(body: Mapping[str, Any], *, stream: bool) -> Ready | Restate:
    if _is_message(body):
        return _reply_of_choice({"message": body}), lambda envelope: envelope
    if not stream:
        return Ready(JSON, (encode(body, indent=2) + b"\n",))
    if "error" in body or not items(body.get("choices")):
        return Ready(JSON if "error" in body else STREAM, _lone(body))
    return reply_of(body), lambda envelope: _envelope_of(body, envelope)


def _lone(body: Mapping[str, Any]) -> Iterable[bytes]:
    return (encode(body, indent=2),) if "error" in body else (frame(encode(body).decode()), DONE)


def stream_data(body: bytes) -> list[Mapping[str, Any]]:
    """Read the chunks of a stream."""
    found = (data_of(line) for line in Lines().feed(body + b"\n"))
    return [json.loads(data) for data in found if data and data != END]


def _is_message(body: Mapping[str, Any]) -> bool:
    """Whether a body is a lone message, as SDKs have it in a choice."""
    return "choices" not in body and "error" not in body and body.get("role") == "assistant"


def reply_of(body: Mapping[str, Any]) -> Reply:
    """Read a completion's JSON into the reply that says the same.

    Raises:
        ReplyError: There is something in it that no reply has.

    """
    try:
        choices = [_reply_of_choice(mapping(one)) for one in items(body.get("choices"))]
    except ReplyError as error:
        raise ReplyError(f"A completion cannot be read: {dict(body)!r} ({error.problem})", error.advice) from error
    usage, model = read_usage([body]), text(body.get("model")) or None
    if len(choices) == 1:
        return Reply(choices[0], usage=usage, model=model)
    return Reply(variants=choices, usage=usage, model=model)


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its chunks, back into replies, one a choice; none where it is no completion."""
    first: Mapping[str, Any] = mapping(values[0]) if values else {}
    body = (
        first if "message" in mapping((items(first.get("choices")) or [None])[0]) else accumulated(map(mapping, values))
    )
    try:
        return tuple(_reply_of_choice(mapping(one)) for one in items(body.get("choices")))
    except ReplyError:
        return ()


def _reply_of_choice(choice: Mapping[str, Any]) -> Reply:
    message = mapping(choice.get("message"))
    parts = tuple(map(_reply_part, read_message({"role": "assistant", **message}).parts))
    entries = mapping(choice.get("logprobs"))
    reason = _finish(choice.get("finish_reason"), parts)
    annotations = tuple(Citation(raw=one) for one in items(message.get("annotations")))
    found = tuple(items(entries.get("content")) or items(entries.get("refusal"))) if entries else None
    if text(message.get("refusal")):
        parts = tuple(part for part in parts if not isinstance(part, Text | ToolCall))
    return Reply(*parts, *annotations, logprobs=found, finish_reason=reason)


def _reply_part(part: Part) -> ReplyPart:
    if isinstance(part, ToolCall) and not part.name:
        raise ReplyError(
            f"a tool call has no name: {part!r}", "Every tool call needs a function with a name and arguments."
        )
    if not isinstance(part, PARTS):
        raise ReplyError(
            f"{part!r} is nothing a reply has", "Every tool call needs a function with a name and arguments."
        )
    return part


def _finish(reason: object, parts: tuple[ReplyPart, ...]) -> FinishReason | None:
    """Read the finish reason; where a tool call is said to be and is none, the turn has stopped."""
    known: dict[object, FinishReason] = {
        "stop": "stop", "length": "length", "content_filter": "content_filter",
        "tool_calls": "tool_calls", "function_call": "tool_calls",
    }  # fmt: skip
    found = known.get(reason)
    return "stop" if found == "tool_calls" and not any(isinstance(one, ToolCall) for one in parts) else found


def _envelope_of(body: Mapping[str, Any], envelope: Envelope) -> Envelope:
    return replace(
        envelope,
        id=text(body.get("id")) or envelope.id,
        created=body.get("created", envelope.created),
        model=text(body.get("model")) or envelope.model,
        fingerprint=body.get("system_fingerprint"),
        service_tier=body.get("service_tier"),
        choices=len(items(body.get("choices"))),
        usage=dict(mapping(body.get("usage"))) or None,
    )


def accumulated(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up a stream's chunks to the JSON body that says the same."""
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for key in ("id", "created", "model", "usage", "service_tier", "system_fingerprint"):
            if chunk.get(key):
                body[key] = chunk[key]
        for choice in map(mapping, items(chunk.get("choices"))):
            _add(choices.setdefault(int(choice.get("index", 0)), {}), choice)
    listed = [_whole(index, choices[index]) for index in sorted(choices)]
    head = {"id": body.pop("id", ""), "object": "chat.completion", "created": body.pop("created", 0)}
    tail: dict[str, Any] = {key: body[key] for key in ("usage", "service_tier") if key in body}
    fingerprint = body.get("system_fingerprint")
    return {**head, "model": body.pop("model", ""), "choices": listed, **tail, "system_fingerprint": fingerprint}


def _add(choice: dict[str, Any], chunk: Mapping[str, Any]) -> None:
    delta = mapping(chunk.get("delta"))
    message: dict[str, Any] = choice.setdefault("message", {"role": "assistant", "content": None})
    for key, value in delta.items():
        if key == "tool_calls":
            for call in map(mapping, items(value)):
                _add_call(message.setdefault("tool_calls", {}), call)
        elif key == "function_call":
            _concatenate(message.setdefault("function_call", {}), mapping(value))
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        else:
            message.setdefault(key, value)
    entries = mapping(chunk.get("logprobs"))
    for field, found in entries.items():
        joined = choice.setdefault("logprobs", {"content": None, "refusal": None})
        joined[field] = [*(joined.get(field) or []), *items(found)] if found is not None else joined.get(field)
    choice["finish_reason"] = chunk.get("finish_reason") or choice.get("finish_reason")


def _add_call(calls: dict[int, dict[str, Any]], chunk: Mapping[str, Any]) -> None:
    call = calls.setdefault(int(chunk.get("index", 0)), {})
    for key, value in chunk.items():
        if is_object(value):
            _concatenate(call.setdefault(key, {}), mapping(value))
        elif key != "index":
            call.setdefault(key, value)


def _concatenate(whole: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        whole[key] = whole.get(key, "") + (value or "")


def _whole(index: int, choice: dict[str, Any]) -> dict[str, Any]:
    message = dict(choice.get("message", {}))
    if "tool_calls" in message:
        message["tool_calls"] = [message["tool_calls"][number] for number in sorted(message["tool_calls"])]
    message.setdefault("refusal", None)
    message["refusal"] = message["refusal"] or None
    logprobs = choice.get("logprobs")
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": choice.get("finish_reason")}
