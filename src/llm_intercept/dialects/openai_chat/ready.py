"""Ready response bodies, sent as they are or turned into the shape that is asked for.

Knows: a completion's JSON and its stream's chunks. Must not know: rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from llm_intercept.base.json import decode, encode, is_object, items, mapping, text
from llm_intercept.base.sse import DONE, Lines, data_of, frame
from llm_intercept.dialects.openai_chat.frames import Envelope
from llm_intercept.dialects.openai_chat.headers import JSON, STREAM
from llm_intercept.errors import ReplyError
from llm_intercept.model.request import Usage
from llm_intercept.replies.reply import RawReply, Reply, ToolCall

SSE_BEGINNINGS = (b"data:", b"event:", b"id:", b":")


@dataclass(frozen=True, slots=True)
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
        return Ready(STREAM, answer.events)
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
    return [json.loads(data) for data in found if data is not None]


def reply_of(body: Mapping[str, Any]) -> Reply:
    """Read a completion's JSON into the reply that says the same."""
    try:
        choices = [_choice(mapping(one)) for one in items(body.get("choices"))]
    except (KeyError, ValidationError) as error:
        problem = f"A completion cannot be read: {dict(body)!r} ({type(error).__name__}: {error})"
        raise ReplyError(problem, "Every tool call needs a function with a name and arguments.") from error
    whole = choices[0] if len(choices) == 1 else Reply(variants=tuple(choices))
    counted = mapping(body.get("usage"))
    usage = Usage(
        prompt_tokens=counted.get("prompt_tokens", 0),
        completion_tokens=counted.get("completion_tokens", 0),
        cached_tokens=mapping(counted.get("prompt_tokens_details")).get("cached_tokens", 0),
        reasoning_tokens=mapping(counted.get("completion_tokens_details")).get("reasoning_tokens", 0),
    )
    return replace(whole, usage=usage if counted else None, model=text(body.get("model")) or None)


def _choice(choice: Mapping[str, Any]) -> Reply:
    message = mapping(choice.get("message"))
    legacy = mapping(message.get("function_call"))
    reason: Any = choice.get("finish_reason")
    calls = tuple(_call(mapping(one)) for one in items(message.get("tool_calls")))
    entries = mapping(choice.get("logprobs"))
    refusal = text(message.get("refusal"))
    return Reply(
        "" if refusal else text(message.get("content")),
        tool_calls=() if refusal else calls,
        function_call=ToolCall(name=legacy["name"], arguments=legacy["arguments"]) if legacy else None,
        reasoning=text(message.get("reasoning_content")) or text(message.get("reasoning")),
        refusal=refusal,
        annotations=tuple(items(message.get("annotations"))),
        logprobs=tuple(items(entries.get("content")) or items(entries.get("refusal"))) if entries else None,
        finish_reason=reason if reason != "tool_calls" or calls else "stop",
    )


def _call(raw: Mapping[str, Any]) -> ToolCall:
    if is_object(raw.get("custom")):
        custom = mapping(raw["custom"])
        return ToolCall(name=custom["name"], arguments=custom["input"], id=raw.get("id"), type="custom")
    function = mapping(raw.get("function"))
    return ToolCall(name=function["name"], arguments=function.get("arguments", ""), id=raw.get("id"))


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
