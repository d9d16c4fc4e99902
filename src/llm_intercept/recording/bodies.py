"""Turns the bytes of a response into what a take keeps, and back into the same bytes.

Knows: JSON layouts, server-sent events, gaps. Must not know: requests, redaction, files.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json

from llm_intercept.base.json import is_array, is_object, loads
from llm_intercept.model.wire import announces_events
from llm_intercept.recording.json_writer import COMPACT, compact, indented, spaced
from llm_intercept.recording.take import Event, Layout, TakeResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEEPEST = 200
"""How deep JSON may be nested that is kept as JSON; what is deeper is kept as a text, to be played to the byte."""
LAYOUTS = tuple(
    Layout(indent=indent, spaced=has_spaces, ascii=is_ascii, end=end)
    for is_ascii in (False, True)
    for indent, has_spaces in ((2, True), (None, False), (None, True), (4, True))
    for end in ("\n", "")
)
FRAME = re.compile(rb".*?(?:\r?\n\r?\n|\r\r)", re.DOTALL)
LINE = re.compile(r"(?m)^data: ?(.*)$")
DATA = "data: "
OBJECT = DATA + "{"


class Chunk(NamedTuple):
    """Some bytes of a response and the milliseconds since the request when they came."""

    content: bytes
    at_ms: float


def timed(contents: Sequence[bytes], times: Sequence[float]) -> list[Chunk]:
    """Pair contents with their times; what has no content is left out."""
    return [Chunk(content, at) for content, at in zip(contents, times, strict=True) if content]


def last_event(chunks: Sequence[Chunk]) -> bytes:
    """Return the last event of a stream."""
    content = b"".join(chunk.content for chunk in chunks).rstrip().replace(b"\r\n", b"\n")
    return content.rpartition(b"\n\n")[2]


def response_of(status: int, headers: dict[str, str], chunks: Sequence[Chunk]) -> TakeResponse:
    """Make what a take keeps of a response, out of the headers to keep (lower case) and the body, decoded."""
    after = round(chunks[0].at_ms) if chunks else None
    known: dict[str, Any] = {"status": status, "headers": headers, "after_ms": after}
    content = b"".join(chunk.content for chunk in chunks)
    if announces_events(headers.get("content-type", "")):
        events = events_of(chunks)
        if events is not None:
            return TakeResponse.model_validate({**known, "events": events})
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
        value = loads(text, DEEPEST)
    except ValueError:
        return None
    if not is_object(value) and not is_array(value):
        return None
    return next(((value, layout) for layout in LAYOUTS if lay_out(value, layout) == text), None)


def lay_out(value: object, layout: Layout) -> str:
    """Write JSON in a layout."""
    if not layout.ascii and layout.indent is None:
        return (spaced if layout.spaced else compact)([value])[0] + layout.end
    if not layout.ascii and layout.spaced and layout.indent in {2, 4}:
        return indented(value, layout.indent or 0) + layout.end
    separators = None if layout.spaced else COMPACT
    return json.dumps(value, indent=layout.indent, ensure_ascii=layout.ascii, separators=separators) + layout.end


def events_of(chunks: Sequence[Chunk]) -> list[dict[str, Any]] | None:
    """Cut a stream into the fields of its events, each with the gap before it; None if it is not UTF-8."""
    frames = _frames(b"".join([chunk.content for chunk in chunks]))
    try:
        texts = [frame.decode() for frame in frames]
    except UnicodeDecodeError:
        return None
    events: list[dict[str, Any]] = [
        {"gap_ms": gap, "text": text} for gap, text in zip(_gaps(frames, chunks), texts, strict=True)
    ]
    objects = [event for event in events if event["text"].startswith(OBJECT)]
    for event, value in zip(objects, _parsed([event["text"][len(DATA) :] for event in objects]), strict=True):
        if value is not None:
            event["data"] = value
            del event["text"]
    return events


def _frames(content: bytes) -> list[bytes]:
    """Cut into whole events, and last what follows them, if anything does."""
    if b"\r" not in content:
        *found, rest = content.split(b"\n\n")
        found = [frame + b"\n\n" for frame in found]
    else:
        found = [frame.group() for frame in FRAME.finditer(content)]
        rest = content[sum(map(len, found)) :]
    return [*found, rest] if rest else found


def _gaps(frames: Sequence[bytes], chunks: Sequence[Chunk]) -> Iterator[int]:
    """Give the milliseconds between the chunks that completed two events."""
    coming = iter(chunks)
    before = at = chunks[0].at_ms if chunks else 0.0
    needed = come = 0
    for frame in frames:
        needed += len(frame)
        while come < needed:
            content, at = next(coming)
            come += len(content)
        yield max(0, round(at - before))
        before = at


def _parsed(texts: list[str]) -> list[Any]:
    """Read what events say, all at once if that can be; None for what compact JSON does not say again."""
    values = _value(f"[{','.join(texts)}]")
    if values is not None and [f"{text}\n\n" for text in compact(values)] == texts:
        return list(values)
    found = map(_value, texts)
    return [
        value if value is not None and f"{compact([value])[0]}\n\n" == text else None
        for value, text in zip(found, texts, strict=True)
    ]


def _value(text: str) -> Any:
    try:
        return from_json(text)
    except (ValueError, TypeError):  # or what Python reads and pydantic does not: a lone surrogate, deep nesting
        pass
    try:
        return loads(text, DEEPEST)
    except ValueError:
        return None


def event_bytes(event: Event) -> bytes:
    """Write an event as it was on the wire."""
    return _utf8(event.text if event.text is not None else f"{DATA}{compact([event.data])[0]}\n\n")


def event_value(event: Event) -> Any:
    """Return what an event says: its data, or the JSON of its one data line, else its text."""
    if event.text is None:
        return event.data
    lines = LINE.findall(event.text)
    value = _value(lines[0]) if len(lines) == 1 else None
    return value if is_object(value) else event.text


def answer_values(response: TakeResponse) -> list[Any]:
    """Return the JSON of an answer, or of each event of a stream, errors in it included.

    A text that is JSON in a layout of its server's own (Gemini's arrays, its escapes) says what it says.
    """
    if response.events is None:
        value = response.body if response.text is None else _value(response.text)
        return [value] if is_object(value) or is_array(value) else []
    return [value for value in map(event_value, response.events) if is_object(value)]


def content_of(response: TakeResponse) -> bytes:
    """Write a response's body as it was on the wire, decoded."""
    if response.events is not None:
        return b"".join(map(event_bytes, response.events))
    if response.base64 is not None:
        return base64.b64decode(response.base64)
    if response.text is not None:
        return _utf8(response.text)
    return b"" if response.body is None else _utf8(lay_out(response.body, response.layout or LAYOUTS[0]))


def _utf8(text: str) -> bytes:
    """Encode a text; a lone surrogate, which redaction made of JSON's escape, is the escape again."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")
