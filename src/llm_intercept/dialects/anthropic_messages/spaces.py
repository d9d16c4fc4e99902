"""Frames the events of a stream: named, with spaces before the brace that ends them (docs/wire.md 6.2).

Knows: the framing. Must not know: what is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, text

if TYPE_CHECKING:
    from collections.abc import Mapping

PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def alive(event: bytes, told: int) -> tuple[bytes, bytes]:
    """Return the ping before an event, and the event, which no ping changes."""
    del told
    return PING, event


class Spaced:
    """The events of one stream, each with as many spaces as the next digit of an identity says."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._number = 0

    def event(self, fields: Mapping[str, Any]) -> bytes:
        """Frame an event."""
        spaces = int(self._identity[self._number % len(self._identity)], 16)
        self._number += 1
        return framed(fields, spaces)


def framed(fields: Mapping[str, Any], spaces: int = 0) -> bytes:
    """Frame an event, in the order of its fields."""
    name = text(fields.get("type"))
    if name == "ping":
        return PING
    return b"event: %b\ndata: %b%b}\n\n" % (name.encode(errors="replace"), encode(fields)[:-1], b" " * spaces)
