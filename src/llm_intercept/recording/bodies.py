"""Turns the bytes of a response into what a take keeps, and back into the same bytes.

Knows: JSON layouts, server-sent events, gaps. Must not know: requests, redaction, files.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.jsontext import is_array, is_object
from llm_intercept.recording.quick import Quick, document
from llm_intercept.recording.take import Event, Layout, TakeResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

LAYOUTS = (
    Layout(),
    Layout(end=""),
    Layout(indent=None, spaced=False, end=""),
    Layout(indent=None, end=""),
    Layout(indent=None, spaced=False),
    Layout(indent=None),
    Layout(indent=4),
    Layout(indent=4, end=""),
    Layout(indent=None, ascii=True, end=""),
    Layout(indent=None, spaced=False, ascii=True, end=""),
    Layout(ascii=True),
    Layout(ascii=True, end=""),
)
FRAME = re.compile(rb".*?(?:\r?\n\r?\n|\r\r)", re.DOTALL)
ENDING = re.compile(
    rb"^data: ?\[DONE\]|^event: ?(?:message_stop|response\.(?:completed|incomplete|failed))\b", re.MULTILINE
)
COMPACT = (",", ":")
_SMALL_NUMBER = Quick(r"[:,\[\s]-?(?:[0-9]+(?:\.[0-9]+)?[eE]|0\.0000)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes of a response and the milliseconds since the request when they came."""

    content: bytes
    at_ms: float


def is_event_stream(content_type: str) -> bool:
    """Tell whether a content-type header announces server-sent events."""
    return content_type.partition(";")[0].strip().lower() == "text/event-stream"


def is_ended(chunks: Sequence[Chunk]) -> bool:
    """Tell whether an event stream's last event says that it is the last, as a client may stop reading there."""
    content = b"".join(chunk.content for chunk in chunks).rstrip().replace(b"\r\n", b"\n")
    return ENDING.search(content.rpartition(b"\n\n")[2]) is not None


def response_of(status: int, headers: dict[str, str], chunks: Sequence[Chunk]) -> TakeResponse:
    """Make what a take keeps of a response.

    Args:
        status: The HTTP status.
        headers: The headers to keep, names in lower case.
        chunks: The body's decoded bytes.

    """
    after = round(chunks[0].at_ms) if chunks else None
    known: dict[str, Any] = {"status": status, "headers": headers, "after_ms": after}
    content = b"".join(chunk.content for chunk in chunks)
    if is_event_stream(headers.get("content-type", "")):
        events = events_of(chunks)
        if events is not None:
            return TakeResponse(**known, events=events)
    return TakeResponse(**known, **body_fields(content))


def body_fields(content: bytes) -> dict[str, Any]:
    """Make the fields that hold a body: JSON with its layout, text, or base64."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    found = _json_layout(text)
    if found is None:
        return {"text": text}
    value, layout = found
    return {"body": value} if layout == LAYOUTS[0] else {"body": value, "layout": layout}


def _json_layout(text: str) -> tuple[Any, Layout] | None:
    """Read JSON and find the layout that makes the same text again; None if there is none."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not is_object(value) and not is_array(value):
        return None
    return next(((value, layout) for layout in LAYOUTS if lay_out(value, layout) == text), None)


def lay_out(value: object, layout: Layout) -> str:
    """Write JSON in a layout."""
    if not layout.ascii and (layout.indent, layout.spaced) in {(2, True), (4, True), (None, False)}:
        return _written(value, layout.indent) + layout.end
    separators = None if layout.spaced else COMPACT
    return json.dumps(value, indent=layout.indent, ensure_ascii=layout.ascii, separators=separators) + layout.end


def _written(value: object, indent: int | None = None) -> str:
    """Write JSON as `json.dumps` does, with spaces if it is indented, without if it is not.

    pydantic does that ten times as fast and differs in numbers with exponents alone.
    """
    text = document(value, indent)
    if text is None or _SMALL_NUMBER.may_find(f" {text}"):
        return json.dumps(value, indent=indent, ensure_ascii=False, separators=COMPACT if indent is None else None)
    return text


def events_of(chunks: Sequence[Chunk]) -> tuple[Event, ...] | None:
    """Cut a stream into its events, each with the gap before it; None if it is not UTF-8."""
    events: list[Event] = []
    rest, before = b"", chunks[0].at_ms if chunks else 0.0
    try:
        for chunk in chunks:
            *frames, rest = _frames(rest + chunk.content)
            for frame in frames:
                events.append(_event(frame, chunk.at_ms - before))
                before = chunk.at_ms
        return (*events, _event(rest, chunks[-1].at_ms - before)) if rest else tuple(events)
    except UnicodeDecodeError:
        return None


def _frames(content: bytes) -> list[bytes]:
    """Cut into whole events, and last what follows them."""
    found = [frame.group() for frame in FRAME.finditer(content)]
    return [*found, content[sum(map(len, found)) :]]


def _event(frame: bytes, gap_ms: float) -> Event:
    text = frame.decode()
    gap = max(0, round(gap_ms))
    try:
        value: Any = json.loads(text.removeprefix("data: ")) if text.startswith("data: {") else None
    except (ValueError, RecursionError):
        value = None
    made = Event(gap_ms=gap, data=value)
    return made if value is not None and event_bytes(made) == frame else Event(gap_ms=gap, text=text)


def event_bytes(event: Event) -> bytes:
    """Write an event as it was on the wire."""
    if event.text is not None:
        return event.text.encode()
    return f"data: {_written(event.data)}\n\n".encode()


def content_of(response: TakeResponse) -> bytes:
    """Write a response's body as it was on the wire, decoded."""
    if response.events is not None:
        return b"".join(map(event_bytes, response.events))
    if response.base64 is not None:
        return base64.b64decode(response.base64)
    if response.text is not None:
        return response.text.encode()
    return b"" if response.body is None else lay_out(response.body, response.layout or LAYOUTS[0]).encode()
