"""Server-sent events as chat APIs frame them: `data: {json}` and a blank line, LF only (WIRE.md 2.2: 482 of 482).

Knows: the framing. Must not know: what the data means.
"""

from __future__ import annotations

DONE = b"data: [DONE]\n\n"


def frame(data: str) -> bytes:
    """Frame one line of `data` as an event, UTF-8 encoded."""
    return f"data: {data}\n\n".encode()
