"""What faults need to know of chat completions: which chunk is which, and how errors and broken calls are written.

Knows: chunks and bodies (docs/wire.md 2, 3.2). Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, items, mapping
from llm_intercept.base.sse import frame
from llm_intercept.dialects.openai.failures import WORDS
from llm_intercept.dialects.shared.error_words import said_in_stream
from llm_intercept.dialects.shared.ready import END

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

# What most chunks have; no text can hold it, since its quotes are escaped.
SAYS, UNFINISHED = b'"delta":{"content":"', b'"finish_reason":null'


def kind(event: bytes) -> EventKind:
    """Return what an event of a stream is for."""
    if SAYS in event and UNFINISHED in event:
        return "content"
    line = next((one for one in event.splitlines() if one.startswith(b"data:")), b"").removeprefix(b"data:").strip()
    if line == END.encode():
        return "done"
    try:
        chunk = mapping(decode(line))
    except ValueError:
        return "other"
    choices = [mapping(one) for one in items(chunk.get("choices"))]
    if not choices:
        return "usage" if chunk.get("usage") else "other"
    if any(choice.get("finish_reason") for choice in choices):
        return "finish"
    return _kind_of_delta(choices[0].get("delta"))


def is_last(event: bytes) -> bool:
    """Whether it is `[DONE]`, where SDKs stop reading."""
    return event.rstrip().endswith(END.encode())


def _kind_of_delta(delta: Any) -> EventKind:
    """Tell what a delta is; some hosts say the role in every one (docs/wire.md 7.3)."""
    said = mapping(delta)
    if said.get("tool_calls") or said.get("function_call"):
        return "role" if "role" in said and not _argues(said) else "arguments"
    if "role" in said and not any(value for key, value in said.items() if key != "role"):
        return "role"
    return "content" if said else "other"


def _argues(delta: Any) -> bool:
    """Whether a delta has some of a call's arguments."""
    calls = [mapping(one) for one in items(delta.get("tool_calls"))]
    called = [mapping(call.get(kind)) for call in calls for kind in ("function", "custom")]
    return any(one.get("arguments") or one.get("input") for one in (*called, mapping(delta.get("function_call"))))


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as an event of a stream."""
    del first
    facts = {"message": said_in_stream(error, WORDS), "type": error.type, "param": None, "code": error.code}
    if error.form == "event":
        return b"event: error\n" + frame(encode(facts).decode())
    return frame(encode({"error": facts}).decode())


def halve_arguments(body: bytes) -> bytes:
    """Leave half of the arguments of each tool call in a JSON body."""
    try:
        whole = mapping(decode(body))
    except ValueError:
        return body
    for choice in items(whole.get("choices")):
        message = mapping(mapping(choice).get("message"))
        for call in (*items(message.get("tool_calls")), message):
            for key in ("function", "custom", "function_call"):
                _halve(mapping(call).get(key))
    return encode(whole, indent=2) + b"\n"


def _halve(called: Any) -> None:
    if is_object(called):
        for key in ("arguments", "input"):
            if isinstance(called.get(key), str):
                called[key] = called[key][: len(called[key]) // 2]
