"""What the server itself refuses, in the words of the API that is asked.

Knows: dialects' errors. Must not know: ASGI, why something is refused.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from llm_intercept.dialects import OPAQUE, dialect_of
from llm_intercept.engine.identity import of_text
from llm_intercept.errors import LLMInterceptError
from llm_intercept.model.exchange_id import Identity
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.model.wire import WireRequest, WireResponse

STOPS = 503
CODE = "llm_intercept_refused"


class RefusedError(LLMInterceptError):
    """A request is more than the server takes, or is none that it answers; `status` says it in HTTP's words."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def refusal(head: WireRequest, error: RefusedError) -> WireResponse:
    """Write what a client gets whose request is refused; it is told not to try again, but of a server that stops."""
    message = str(error)
    reply = ErrorReply(error.status, message=message, code=CODE, is_final=error.status != STOPS)
    return dialect_of(head).fail(OPAQUE.read(head, b""), reply, Identity(of_text(message), int(time.time())))
