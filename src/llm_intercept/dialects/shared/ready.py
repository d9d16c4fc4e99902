"""Ready response bodies, as far as OpenAI's APIs have them alike: a JSON text, or the text of a stream of events.

Knows: the framing of events, and `[DONE]`. Must not know: what the JSON means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, mapping
from llm_intercept.base.sse import Lines, frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SSE_BEGINNINGS = (b"data:", b"event:", b"id:", b"retry:", b":")
MARK = b"\xef\xbb\xbf"
"""UTF-8's byte order mark, which may come first (the SSE standard, 9.2.5)."""
END = "[DONE]"
"""What the last event of a chat's stream says."""
DONE = frame(END)


@dataclass(slots=True)
class Ready:
    """A body to send."""

    content_type: str
    chunks: Iterable[bytes]


def is_event_text(body: bytes) -> bool:
    """Whether a body is a stream of events."""
    return body.removeprefix(MARK).lstrip().startswith(SSE_BEGINNINGS)


def stream_data(body: bytes) -> list[Mapping[str, Any]]:
    """Read the data of a stream's events.

    Raises:
        ValueError: It is no JSON.

    """
    found: list[Mapping[str, Any]] = []
    held: list[str] = []
    for line in Lines().feed(body.removeprefix(MARK) + b"\n\n"):
        if line.startswith("data:"):
            held.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and held:
            found += _data_of(held)
            held = []
    return found


def _data_of(lines: list[str]) -> list[Mapping[str, Any]]:
    """Read the data lines of one event: one JSON text over all, or one a line where a host leaves blank lines out."""
    told = [line for line in lines if line.strip() and line.strip() != END]
    if not told:
        return []
    try:
        return [mapping(decode("\n".join(told).encode()))]
    except ValueError:
        return [mapping(decode(line.encode())) for line in told]
