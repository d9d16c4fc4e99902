"""Server-sent events as APIs frame them: `data: {json}` and a blank line, LF only (docs/wire.md 2.2: 482 of 482).

Knows: the framing. Must not know: what the data means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


END = re.compile(rb"\r?\n\r?\n|\r\r")
DATA, AFTER = "data: ", "\n\n"


class ServerSentEvents:
    """How a stream of server-sent events is cut (`framings.Framing`)."""

    media_type = "text/event-stream"
    is_text = True
    said = re.compile(r"(?m)^data:[ ]?([^\r\n]*)")

    def is_one(self, content: bytes, /) -> bool:
        return content.endswith(b"\n\n") and content.find(b"\n\n") == len(content) - 2

    def cut(self, content: bytes, /) -> tuple[list[bytes], bytes]:
        if b"\r" not in content:
            *found, rest = content.split(b"\n\n")
            return [event + b"\n\n" for event in found], rest
        events, begin = list[bytes](), 0
        for end in END.finditer(content):
            events.append(content[begin : end.end()])
            begin = end.end()
        return events, content[begin:]

    def told(self, event: bytes, /) -> str | None:
        text = event.decode()
        is_usual = text.startswith("data: {") and text.endswith(AFTER) and text.find("\n") == len(text) - len(AFTER)
        return text[len(DATA) : -len(AFTER)] if is_usual else None

    def framed(self, told: str, /) -> str:
        return f"{DATA}{told}{AFTER}"

    def broken(self, event: bytes, /) -> bytes:
        return event[: len(event) // 2] + (b"\n\n" if event.endswith(b"\n\n") else b"")

    def comment(self, text: str, /) -> bytes:
        return f": {text}\n\n".encode()


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
