"""What faults need to know of Responses: which event is which, and how errors and broken calls are written.

Knows: events and bodies (docs/wire.md 5.1). Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, items, mapping, plain, text
from llm_intercept.dialects.openai.failures import WORDS
from llm_intercept.dialects.openai_responses.items import CALLS
from llm_intercept.dialects.openai_responses.numbered import framed_event
from llm_intercept.dialects.shared.error_words import said_in_stream
from llm_intercept.dialects.shared.ready import stream_data

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

TYPE = re.compile(rb'^(?:event: ?|data: ?\{ ?"type": ?")([\w.]+)', re.MULTILINE)
NUMBER = re.compile(rb'[{,]\s*"sequence_number":\s*(\d+)')
LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
ARGUED = frozenset({"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"})


def kind(event: bytes) -> EventKind:
    """Return what an event of a stream is for; the last one has the usage and says why the answer ended."""
    name = _type(event)
    if name in ARGUED:
        return "arguments"
    if name.endswith(".delta"):
        return "content"
    if name == "response.created":
        return "role"
    return "finish" if name in LAST else "other"


def is_last(event: bytes) -> bool:
    """Whether it is the event that has the whole response."""
    return _type(event) in LAST


def _type(event: bytes) -> str:
    found = TYPE.search(event)
    return found[1].decode() if found is not None else ""


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as an event of a stream: as one of that name, or as the response that failed."""
    code, message = error.code or error.type, said_in_stream(error, WORDS)
    if error.form == "event":
        facts = {"code": code, "message": message, "param": None, "sequence_number": error.after}
        return framed_event("error", facts)
    begun = next((mapping(one.get("response")) for one in stream_data(first)), mapping(None))
    failed = {**begun, "status": "failed", "error": {"code": code, "message": message}}
    return framed_event("response.failed", {"response": failed, "sequence_number": error.after})


def alive(event: bytes, told: int) -> tuple[bytes, bytes]:
    """Return the keep-alive before an event, and the event, which has the number after it (docs/wire.md 5.1)."""
    number = next(reversed(list(NUMBER.finditer(event))), None)  # the last is the event's own, behind what it holds
    if number is None:
        return framed_event("keepalive", {"sequence_number": told}), event
    later = int(number[1]) + told
    shifted = b"%b%d%b" % (event[: number.start(1)], later, event[number.end(1) :])
    return framed_event("keepalive", {"sequence_number": later}), shifted


def halve_arguments(body: bytes) -> bytes:
    """Leave half of what each call of a tool is given, in a JSON body, or in an event that says it whole."""
    if body.startswith((b"event:", b"data:")):
        return _halved_event(body)
    try:
        whole: Any = decode(body)
    except ValueError:
        return body
    _halve(whole)
    return encode(whole, indent=2)


def _halved_event(event: bytes) -> bytes:
    if not any(kind.encode() in event for kind in CALLS):
        return event
    try:
        data = stream_data(event)
    except ValueError:
        return event
    if len(data) != 1:
        return event
    changed: dict[str, Any] = plain(data[0])
    _halve(changed)
    return framed_event(text(changed.pop("type", "")), changed)


def _halve(value: Any) -> None:
    """Leave half of the arguments in a body, a response or an item within an event, or an event that has them."""
    if not is_object(value):
        return
    for one in (value, value.get("item"), *items(value.get("output"))):
        for key, _ in CALLS.values():
            if is_object(one) and isinstance(one.get(key), str):
                one[key] = one[key][: len(one[key]) // 2]
    _halve(value.get("response"))
