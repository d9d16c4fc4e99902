"""Server-sent events as chat APIs frame them: `data: {json}` and a blank line, LF only (WIRE.md 2.2: 482 of 482).

Knows: the framing. Must not know: what the data means.
"""

from __future__ import annotations

DONE = b"data: [DONE]\n\n"


def frame(data: str) -> bytes:
    """Frame one line of `data` as an event, UTF-8 encoded."""
    return f"data: {data}\n\n".encode()


def data_of(line: str) -> str | None:
    """Return what an event's `data:` line carries; None for other lines and for the end of the stream."""
    data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
    return data if data and data != "[DONE]" else None
