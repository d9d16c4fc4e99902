"""The grammar of an API without streams.

Knows: how an error is written among events where nothing says it. Must not know: any API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import encode
from llm_intercept.base.sse import frame

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind


class NoStreams:
    """The grammar of an API without streams."""

    def kind(self, event: bytes, /) -> EventKind:
        """Return `other`."""
        del event
        return "other"

    def is_last(self, event: bytes, /) -> bool:
        """Whether the stream ends here: nobody can tell."""
        del event
        return False

    def error(self, error: ErrorEvent, first: bytes, /) -> bytes:
        """Write an error as the usual event."""
        del first
        message = "The request failed." if error.message is None else error.message
        return frame(encode({"error": {"message": message, "type": error.type, "code": error.code}}).decode())

    def halve_arguments(self, body: bytes, /) -> bytes:
        """Leave the body as it is: there are no calls of tools."""
        return body
