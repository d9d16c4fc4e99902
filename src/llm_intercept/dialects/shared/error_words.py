"""What an error says: the user's own words, or the API's about this request; and HTTP's way to tell clients to wait.

Knows: errors' names, HTTP. Must not know: any API's words, which its dialect gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects.base import Retry
from llm_intercept.timing.clock import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import ErrorReply

USUAL = "The request failed."
AFTER = "retry-after"


def message_of(error: ErrorReply, request: LLMRequest, words: Mapping[str, str]) -> str:
    """Return what an error says; in an API's words `{model}` stands for the request's model."""
    if error.message is not None:
        return error.message
    return words.get(error.name, USUAL).replace("{model}", request.model)


def said_in_stream(error: ErrorEvent, words: Mapping[str, str]) -> str:
    """Return what an error says that is told within a stream, where nobody knows any more what was asked."""
    if error.message is not None:
        return error.message
    said = words.get(error.type) or words["server_error"]
    return said.replace("{model}", "the model").replace("{retry}", "1ms")


def status_of(error: ErrorReply, statuses: Mapping[str, int]) -> int:
    """Return the HTTP status of an error: of one that the user named, the one that its name has in an API."""
    return statuses.get(error.name, error.status) if isinstance(error.given, str) else error.status


def told_to_wait(error: ErrorReply, wait: Retry) -> Headers:
    """Tell how long to wait, if the error says so, but for what the user's own headers say of it."""
    if error.retry_after is None or wait.asked(error.headers) is not None:
        return ()
    return wait.wait(error.retry_after)


def _wait(seconds: float) -> Headers:
    return ((AFTER, str(whole(seconds)) if seconds else "0"),)


def _asked(headers: Headers) -> float | None:
    found = next((value for name, value in headers if name.lower() == AFTER), "")
    return float(found) if found.isdecimal() else None


HTTP_RETRY = Retry(at_once=(), never=(), longest=0.0, wait=_wait, asked=_asked, attempt=lambda _: None)
"""Of an API whose clients do not try again by themselves, or mind no header."""
