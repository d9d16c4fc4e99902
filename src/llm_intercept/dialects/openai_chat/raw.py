"""Ready response bodies, sent as they are or turned into the shape that is asked for.

Knows: a completion's JSON and its stream's chunks. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import decode, encode, is_object, items, mapping, text
from llm_intercept.base.sse import frame
from llm_intercept.dialects.openai.headers import JSON, STREAM
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.openai_chat.along import along, beside, cited
from llm_intercept.dialects.openai_chat.counts import read_usage
from llm_intercept.dialects.openai_chat.frames import Envelope
from llm_intercept.dialects.openai_chat.read import read_message
from llm_intercept.dialects.shared.ready import DONE, Ready, is_event_text, stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, FinishReason, Other, Part, ReplyPart, Text, ToolCall
from llm_intercept.replies.kinds import RawReply
from llm_intercept.replies.reply import PARTS, Reply

Restate = tuple[Reply, Callable[[Envelope], Envelope]]


def ready(answer: RawReply, *, stream: bool) -> Ready | Restate:
    """Make the body of a raw reply, or the `Reply` that says the same and is to be written in the shape asked for."""
    body = answer.body
    if isinstance(body, bytes):
        return _from_bytes(body, stream=stream)
    if isinstance(body, Mapping):
        return _from_object(_completion(body), stream=stream)
    if stream:
        return Ready(STREAM, (*(frame(encode(chunk).decode()) for chunk in body), DONE))
    return Ready(JSON, (encode(accumulated(body), indent=2) + b"\n",))


def _from_bytes(body: bytes, *, stream: bool) -> Ready | Restate:
    is_sse = is_event_text(body)
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
        choice = {"message": body}
        return _restated(choice), lambda envelope: replace(envelope, along=(along(choice),))
    if _is_chunk(body):
        return ready(RawReply((body,)), stream=stream)
    if not stream:
        return Ready(JSON, (encode(body, indent=2) + b"\n",))
    if "error" in body or not items(body.get("choices")):
        return Ready(JSON if "error" in body else STREAM, _lone(body))
    return reply_of(body), lambda envelope: _envelope_of(body, envelope)


def _completion(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a completion of a part of one, as SDKs have it: a choice, a call."""
    if is_object(body.get("message")) and "choices" not in body:
        return {"choices": [body]}
    if is_object(body.get("function")) and body.get("type") == "function" and "id" in body:
        return {"role": "assistant", "content": None, "tool_calls": [body]}
    return body


def _lone(body: Mapping[str, Any]) -> Iterable[bytes]:
    return (encode(body, indent=2),) if "error" in body else (frame(encode(body).decode()), DONE)


def _is_chunk(body: Mapping[str, Any]) -> bool:
    """Whether a body is one chunk of a stream."""
    return any("delta" in mapping(choice) for choice in items(body.get("choices")))


def _is_message(body: Mapping[str, Any]) -> bool:
    """Whether a body is a lone message, as SDKs have it in a choice."""
    return "choices" not in body and "error" not in body and body.get("role") == "assistant"


def reply_of(body: Mapping[str, Any]) -> Reply:
    """Read a completion's JSON into the reply that says the same.

    Raises:
        ReplyError: There is something in it that no reply has.

    """
    try:
        choices = [_restated(mapping(one)) for one in items(body.get("choices"))]
    except ReplyError as error:
        raise ReplyError(f"A completion cannot be read: {dict(body)!r} ({error.problem})", error.advice) from error
    usage, model = read_usage([body]), text(body.get("model")) or None
    if len(choices) == 1:
        return Reply(choices[0], usage=usage, model=model)
    return Reply(variants=choices, usage=usage, model=model)


def _restated(choice: Mapping[str, Any]) -> Reply:
    """Read of a choice what can be said anew; the rest goes along as it is."""
    message = {key: value for key, value in mapping(choice.get("message")).items() if key != "reasoning"}
    if not isinstance(message.get("content"), str):
        message["content"] = None
    told = {key: value for key, value in choice.items() if key != "logprobs"}
    return _reply_of_choice({**told, "message": message})


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or chunks, back into replies, one a choice; none where it is no completion, or failed."""
    first: Mapping[str, Any] = mapping(values[0]) if values else {}
    body = (
        first if "message" in mapping((items(first.get("choices")) or [None])[0]) else accumulated(map(mapping, values))
    )
    if body.get("error"):
        return ()
    try:
        return tuple(_reply_of_choice(mapping(one)) for one in items(body.get("choices")))
    except ReplyError:
        return ()


def _reply_of_choice(choice: Mapping[str, Any]) -> Reply:
    message = mapping(choice.get("message"))
    parts = tuple(map(_reply_part, read_message({"role": "assistant", **message}).parts))
    entries = mapping(choice.get("logprobs"))
    reason = _finish(choice.get("finish_reason"), parts)
    annotations = tuple(Citation(raw=one) for one in cited(message) or ())
    found = tuple(items(entries.get("content")) or items(entries.get("refusal"))) if entries else None
    if text(message.get("refusal")):
        parts = tuple(part for part in parts if not isinstance(part, Text | ToolCall))
    return Reply(*parts, *annotations, logprobs=found, finish_reason=reason)


def _reply_part(part: Part) -> ReplyPart:
    if isinstance(part, ToolCall) and not part.name:
        raise ReplyError(
            f"a tool call has no name: {part!r}", "Every tool call needs a function with a name and arguments."
        )
    if isinstance(part, Other) or not isinstance(part, PARTS):
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
    found = known.get(text(reason))
    return "stop" if found == "tool_calls" and not any(isinstance(one, ToolCall) for one in parts) else found


def _envelope_of(body: Mapping[str, Any], envelope: Envelope) -> Envelope:
    return replace(
        envelope,
        id=text(body.get("id")) or envelope.id,
        created=body["created"] if is_int(body.get("created")) else envelope.created,
        model=text(body.get("model")) or envelope.model,
        fingerprint=body.get("system_fingerprint"),
        service_tier=body.get("service_tier"),
        choices=len(items(body.get("choices"))),
        usage=dict(mapping(body.get("usage"))) or None,
        more=beside(body),
        along=tuple(along(mapping(choice)) for choice in items(body.get("choices"))),
    )
