"""What faults need to know of the events of a legacy completion's stream.

Knows: the events. Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import decode, encode, items, mapping
from llm_intercept.base.sse import frame
from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.dialects.openai.failures import WORDS
from llm_intercept.dialects.shared.error_words import said_in_stream
from llm_intercept.dialects.shared.ready import END

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind


class TextEvents(NoStreams):
    """The grammar of a stream of texts."""

    def kind(self, event: bytes, /) -> EventKind:
        line = next((one for one in event.splitlines() if one.startswith(b"data:")), b"").removeprefix(b"data:").strip()
        if line == END.encode():
            return "done"
        try:
            told = mapping(decode(line))
        except ValueError:
            return "other"
        choices = [mapping(one) for one in items(told.get("choices"))]
        if not choices:
            return "usage" if told.get("usage") else "other"
        return "finish" if any(one.get("finish_reason") for one in choices) else "content"

    def error(self, error: ErrorEvent, first: bytes, /) -> bytes:
        del first
        facts = {"message": said_in_stream(error, WORDS), "type": error.type, "param": None, "code": error.code}
        return frame(encode({"error": facts}).decode())

    def is_last(self, event: bytes, /) -> bool:
        """Whether it is `[DONE]`, where SDKs stop reading."""
        return event.rstrip().endswith(END.encode())
