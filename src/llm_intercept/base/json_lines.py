"""JSON lines (NDJSON): a stream whose events are lines, each a JSON text.

Knows: the framing. Must not know: what the JSON means.
"""

from __future__ import annotations

import re


class JsonLines:
    """How a stream of JSON lines is cut (`framings.Framing`)."""

    media_type = "application/x-ndjson"
    is_text = True
    said = re.compile(r"([^\r\n]+)")

    def is_one(self, content: bytes, /) -> bool:
        return content.find(b"\n") == len(content) - 1 and bool(content)

    def cut(self, content: bytes, /) -> tuple[list[bytes], bytes]:
        *found, rest = content.split(b"\n")
        return [line + b"\n" for line in found], rest

    def told(self, event: bytes, /) -> str | None:
        text = event.decode()
        return text[:-1] if text.startswith("{") and text.endswith("}\n") else None

    def framed(self, told: str, /) -> str:
        return f"{told}\n"

    def broken(self, event: bytes, /) -> bytes:
        return event[: len(event) // 2] + b"\n"

    def comment(self, text: str, /) -> bytes:
        del text
        return b""
