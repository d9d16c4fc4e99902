"""Turns the bytes of a response into what a take keeps, and back into the same bytes.

Knows: JSON layouts, events, gaps. Must not know: requests, redaction, files.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json

from llm_intercept.base.framings import SSE, framing_of
from llm_intercept.base.json import is_array, is_object, loads
from llm_intercept.recording.json_writer import COMPACT, compact, indented, spaced
from llm_intercept.recording.take import Event, Layout, TakeResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.base.framings import Framing

DEEPEST = 200
"""How deep JSON may be nested that is kept as JSON; what is deeper is kept as a text, to be played to the byte."""
LAYOUTS = tuple(
    Layout(indent=indent, spaced=has_spaces, ascii=is_ascii, end=end)
    for is_ascii in (False, True)
    for indent, has_spaces in ((2, True), (None, False), (None, True), (4, True))
    for end in ("\n", "")
)


class Chunk(NamedTuple):
    """Some bytes of a response and the milliseconds since the request when they came."""

    content: bytes
    at_ms: float


def timed(contents: Sequence[bytes], times: Sequence[float]) -> list[Chunk]:
    """Pair contents with their times; what has no content is left out."""
    return [Chunk(content, at) for content, at in zip(contents, times, strict=True) if content]


def framing_in(response: TakeResponse) -> Framing:
    """Find how the events of a response are framed; those of a take that does not say it are server-sent."""
    return framing_of(response.headers.get("content-type", "")) or SSE


def last_event(chunks: Sequence[Chunk], framing: Framing) -> bytes:
    """Return the last event of a stream, with LF alone."""
    whole, rest = framing.cut(b"".join(chunk.content for chunk in chunks))
    last = rest if rest.strip() or not whole else whole[-1]
    return last.rstrip().replace(b"\r\n", b"\n") if framing.is_text else last


def response_of(status: int, headers: dict[str, str], chunks: Sequence[Chunk]) -> TakeResponse:
    """Make what a take keeps of a response, out of the headers to keep (lower case) and the body, decoded."""
    after = round(chunks[0].at_ms) if chunks else None
    known: dict[str, Any] = {"status": status, "headers": headers, "after_ms": after}
    content = b"".join(chunk.content for chunk in chunks)
    framing = framing_of(headers.get("content-type", ""))
    if framing is not None:
        events = events_of(chunks, framing)
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


def events_of(chunks: Sequence[Chunk], framing: Framing) -> list[dict[str, Any]] | None:
    """Cut a stream into the fields of its events, each with the gap before it; None if a text cannot say one."""
    frames, rest = framing.cut(b"".join([chunk.content for chunk in chunks]))
    if rest and framing.is_text:
        frames.append(rest)
    try:
        told = list(map(framing.told, frames))
        found = iter(_parsed([one for one in told if one is not None]))
        values = [None if one is None else next(found) for one in told]
        events = list(map(_fields, frames, values))
    except UnicodeDecodeError:
        return None
    return [{"gap_ms": gap, **event} for gap, event in zip(_gaps(frames, chunks), events, strict=True)]


def _fields(frame: bytes, value: Any) -> dict[str, Any]:
    return {"text": frame.decode()} if value is None else {"data": value}


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
    if values is not None and compact(values) == texts:
        return list(values)
    found = map(_value, texts)
    return [
        value if value is not None and compact([value])[0] == text else None
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


def event_bytes(event: Event, framing: Framing) -> bytes:
    """Write an event as it was on the wire."""
    if event.text is not None:
        return _utf8(event.text)
    made = framing.framed(compact([event.data])[0])
    return made if isinstance(made, bytes) else _utf8(made)


def event_value(event: Event, framing: Framing) -> Any:
    """Return what an event says: its data, or the JSON of its one line of data, else its text."""
    if event.text is None:
        return event.data
    lines = framing.said.findall(event.text)
    value = _value(lines[0]) if len(lines) == 1 else None
    return value if is_object(value) else event.text


def answer_values(response: TakeResponse) -> list[Any]:
    """Return the JSON of an answer, or of each event of a stream, errors in it included.

    A text that is JSON in a layout of its server's own (Gemini's arrays, its escapes) says what it says.
    """
    if response.events is None:
        value = response.body if response.text is None else _value(response.text)
        return [value] if is_object(value) or is_array(value) else []
    framing = framing_in(response)
    return [value for event in response.events if is_object(value := event_value(event, framing))]


def content_of(response: TakeResponse) -> bytes:
    """Write a response's body as it was on the wire, decoded."""
    if response.events is not None:
        framing = framing_in(response)
        return b"".join([event_bytes(event, framing) for event in response.events])
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
