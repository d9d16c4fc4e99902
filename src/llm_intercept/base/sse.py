"""Server-sent events as APIs frame them: `data: {json}` and a blank line, LF only (docs/wire.md 2.2: 482 of 482).

Knows: the framing. Must not know: what the data means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def frame(data: str) -> bytes:
    """Frame one line of `data` as an event, UTF-8 encoded."""
    return f"data: {data}\n\n".encode()


class Lines:
    """Cuts byte chunks into the lines of an event stream, however they are split."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that `chunk` completes; they end in LF or CRLF and nothing else (the SSE standard, 9.2.6)."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def data_of(line: str) -> str | None:
    """Return what an event's `data:` line carries; None for other lines."""
    return line.removeprefix("data:").strip() or None if line.startswith("data:") else None
