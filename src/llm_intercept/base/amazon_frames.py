"""Amazon's event streams: binary frames, each with headers, a payload and two checksums.

A frame is its length and that of its headers, their checksum, the headers, the payload, and the checksum of all that
(Amazon's documentation, "Event stream encoding"). Recordings keep what people can read of one: a JSON object of
its kind and its payload's fields, with what a field has in base64 in its place: JSON, or any text.

Knows: the framing. Must not know: what events there are, and what they say.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Mapping

PRELUDE = struct.Struct(">III")
CHECKSUM = struct.Struct(">I")
STRING = 7
AROUND = PRELUDE.size + CHECKSUM.size
LARGEST = 1 << 24  # bytes, 16 MiB, as much as Amazon allows
KIND, CONTENT_TYPE, MESSAGE = "-type", ":content-type", ":message-type"
JSON = "application/json"
JSON_INSIDE, TEXT_INSIDE = "json in base64", "text in base64"


class Frame(NamedTuple):
    """What a frame has in it."""

    headers: Mapping[str, str]
    payload: bytes

    @property
    def message(self) -> str:
        """What it is: an `event`, an `exception`."""
        return self.headers.get(MESSAGE, "")

    @property
    def kind(self) -> str:
        """Which event or exception it is."""
        return self.headers.get(f":{self.message}{KIND}", "")

    @property
    def value(self) -> Any:
        """The JSON of its payload; None where it is none."""
        try:
            return json.loads(self.payload)
        except (ValueError, RecursionError):
            return None


def written(kind: str, payload: bytes, message: str = "event") -> bytes:
    """Write a frame of JSON with the headers that Amazon's have."""
    return _frame(_headers_of(kind, message), payload)


@lru_cache(maxsize=64)
def _headers_of(kind: str, message: str) -> bytes:
    """Write the headers, which all frames of a kind have alike."""
    headers = {f":{message}{KIND}": kind, CONTENT_TYPE: JSON, MESSAGE: message}
    return b"".join(_header(name, value) for name, value in headers.items())


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(f">B{len(key)}sBH{len(text)}s", len(key), key, STRING, len(text), text)


def _frame(headers: bytes, payload: bytes) -> bytes:
    lengths = struct.pack(">II", len(headers) + len(payload) + AROUND, len(headers))
    content = b"".join((lengths, CHECKSUM.pack(crc32(lengths)), headers, payload))
    return content + CHECKSUM.pack(crc32(content))


def parsed(content: bytes) -> Frame | None:
    """Read a frame; None if it is none, or one with headers that are no texts."""
    if len(content) < AROUND or _length(content) != len(content):
        return None
    _, size, checksum = PRELUDE.unpack_from(content)
    if checksum != crc32(content[:8]) or CHECKSUM.unpack(content[-4:])[0] != crc32(content[:-4]):
        return None
    headers = _headers(content[PRELUDE.size : PRELUDE.size + size])
    return None if headers is None else Frame(headers, content[PRELUDE.size + size : -CHECKSUM.size])


def _headers(content: bytes) -> dict[str, str] | None:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(content):
            end = at + 1 + content[at]
            kind, size = struct.unpack_from(">BH", content, end)
            if kind != STRING:
                return None
            found[content[at + 1 : end].decode()] = content[end + 3 : end + 3 + size].decode()
            at = end + 3 + size
    except (struct.error, UnicodeDecodeError):
        return None
    return found


def _length(content: bytes, at: int = 0) -> int:
    return int.from_bytes(content[at : at + 4], "big")


class AmazonFrames:
    """How a stream of Amazon's frames is cut (`framings.Framing`)."""

    media_type = "application/vnd.amazon.eventstream"
    is_text = False
    said = re.compile(r"(.+)", re.DOTALL)

    def is_one(self, content: bytes, /) -> bool:
        return _length(content) == len(content)

    def cut(self, content: bytes, /) -> tuple[list[bytes], bytes]:
        events, at = list[bytes](), 0
        while AROUND <= _length(content, at) <= min(LARGEST, len(content) - at):
            end = at + _length(content, at)
            events.append(content[at:end])
            at = end
        return events, content[at:]

    def told(self, event: bytes, /) -> str | None:
        frame = parsed(event)
        value = None if frame is None else frame.value
        if frame is None or not isinstance(value, dict):
            return None
        fields = cast("dict[str, Any]", value)
        shown: dict[str, Any] = {f":{frame.message}{KIND}": frame.kind, **_opened(fields)}
        told = _compact(shown)
        return told if self._is(told, event) else None

    def _is(self, told: str, event: bytes) -> bool:
        try:
            return self.framed(told) == event
        except (ValueError, TypeError):
            return False

    def framed(self, told: str, /) -> bytes:
        """Write an event again; raises `ValueError` where no frame can say it."""
        said: object = json.loads(told)
        shown = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        name = next(iter(shown), "")
        if not (name.startswith(":") and name.endswith(KIND) and isinstance(shown[name], str)):
            raise ValueError(f"{told[:40]!r} is no event of Amazon's: its first field says its kind, ':event-type'")
        message = name.removeprefix(":").removesuffix(KIND)
        try:
            return written(shown.pop(name), _compact(_closed(shown)).encode(), message)
        except struct.error:
            raise ValueError(f"{told[:40]!r} has a kind that is too long for a frame of Amazon's") from None

    def broken(self, event: bytes, /) -> bytes:
        """Give a frame with half of the payload: its checksums are right, and its JSON is not."""
        size = PRELUDE.unpack_from(event)[1] if len(event) >= AROUND else 0
        payload = event[PRELUDE.size + size : -CHECKSUM.size]
        return _frame(event[PRELUDE.size : PRELUDE.size + size], payload[: len(payload) // 2])

    def comment(self, text: str, /) -> bytes:
        del text
        return b""


def _opened(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Show what a field has in base64, where that is JSON."""
    return {name: _inside(value) if isinstance(value, str) else value for name, value in payload.items()}


def _inside(value: str) -> Any:
    if not value.startswith("e"):  # the first bits of a brace
        return value
    try:
        text = base64.b64decode(value, validate=True).decode()
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return value
    return {JSON_INSIDE: found} if _compact(found) == text else {TEXT_INSIDE: text}


def _closed(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Write in base64 again what was shown of it."""
    return {
        name: _outside(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for name, value in shown.items()
    }


def _outside(value: dict[str, Any]) -> Any:
    name = next(iter(value), "")
    if len(value) != 1 or name not in {JSON_INSIDE, TEXT_INSIDE}:
        return value
    text = _compact(value[name]) if name == JSON_INSIDE else str(value[name])
    return base64.b64encode(text.encode()).decode()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
