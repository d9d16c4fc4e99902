"""What faults need to know of Cohere's events: which is for what, and how errors and broken calls are written.

Knows: events and bodies. Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import encode, items, json_object, mapping, text
from llm_intercept.dialects.cohere.chat_events import event_bytes, line_bytes
from llm_intercept.dialects.cohere.cohere_origin import WORDS
from llm_intercept.dialects.shared.error_words import said_in_stream
from llm_intercept.dialects.shared.ready import DONE, END

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

KINDS: dict[str, EventKind] = {
    "message-start": "role",
    "content-delta": "content",
    "tool-plan-delta": "content",
    "tool-call-delta": "arguments",
    "message-end": "finish",
}


def kind(event: bytes) -> EventKind:
    """Return what an event is for."""
    said = _said(event)
    return "done" if said == END.encode() else KINDS.get(_type(said), "other")


def is_last(event: bytes) -> bool:
    """Whether it is `[DONE]`, where the SDK stops reading, or the line that ends the message."""
    return event.rstrip().endswith(END.encode()) or (event.startswith(b"{") and _type(event) == "message-end")


def _said(event: bytes) -> bytes:
    if event.startswith(b"{"):
        return event
    return next((one for one in event.splitlines() if one.startswith(b"data:")), b"").removeprefix(b"data:").strip()


def _type(said: bytes) -> str:
    return text((json_object(said) or {}).get("type"))


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error: the last event says it, since there is none of its own."""
    last = {"type": "message-end", "delta": {"error": said_in_stream(error, WORDS), "finish_reason": "ERROR"}}
    return line_bytes(last) if first.startswith(b"{") else event_bytes(last) + DONE


def halve_arguments(body: bytes) -> bytes:
    """Leave half of the arguments of each tool call in a JSON body."""
    whole = json_object(body)
    calls = items(mapping((whole or {}).get("message")).get("tool_calls"))
    for call in calls:
        called = mapping(mapping(call).get("function"))
        if isinstance(called, dict):
            said = text(called.get("arguments"))
            called["arguments"] = said[: len(said) // 2]
    return encode(whole) if calls else body
