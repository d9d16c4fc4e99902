"""How streams are cut into events: each kind of stream says it, and its media type says which kind it is.

Knows: the kinds there are. Must not know: APIs; what an event means, a dialect's grammar says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from llm_intercept.base.amazon_frames import AmazonFrames
from llm_intercept.base.json_lines import JsonLines
from llm_intercept.base.sse import ServerSentEvents

if TYPE_CHECKING:
    import re


class Framing(Protocol):
    """How a kind of stream is cut into events."""

    @property
    def media_type(self) -> str:
        """What a response says its body is."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether a stream is lines of text, whose ends may be others, and of whose last event a part may be read."""
        ...

    @property
    def said(self) -> re.Pattern[str]:
        """What of an event's text says something: its first group."""
        ...

    def is_one(self, content: bytes, /) -> bool:
        """Whether bytes are one whole event, as far as that is seen at a glance."""
        ...

    def cut(self, content: bytes, /) -> tuple[list[bytes], bytes]:
        """Cut into whole events, and what follows them."""
        ...

    def told(self, event: bytes, /) -> str | None:
        """Return the JSON text of which `framed` makes the same event; None if there is none."""
        ...

    def framed(self, told: str, /) -> str | bytes:
        """Make the event that says a JSON text, as the APIs do."""
        ...

    def broken(self, event: bytes, /) -> bytes:
        """Break what an event says, so that it is still an event."""
        ...

    def comment(self, text: str, /) -> bytes:
        """Write what clients pass over; empty where there is nothing of the kind."""
        ...


SSE: Framing = ServerSentEvents()
JSON_LINES: Framing = JsonLines()
AMAZON: Framing = AmazonFrames()
ALSO_LINES = ("application/ndjson", "application/jsonl", "application/stream+json")
"""Other names of JSON lines."""
FRAMINGS = {**{one.media_type: one for one in (SSE, JSON_LINES, AMAZON)}, **dict.fromkeys(ALSO_LINES, JSON_LINES)}


@lru_cache(maxsize=64)
def framing_of(content_type: str) -> Framing | None:
    """Find how a body is cut by its content type; None if it is no stream of events."""
    return FRAMINGS.get(content_type.partition(";")[0].strip().lower())
