"""Reads what was answered to a call back into replies, whatever answered: a take, a ready body, a rule.

Knows: calls, dialects by their contract. Must not know: any API's JSON, secrets: what is read is not redacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.dialects import dialect_of
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.bodies import Chunk, answer_values, response_of
from llm_intercept.replies.api_error import LOWEST

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call
    from llm_intercept.replies.reply import Reply


def replies_in(call: Call) -> tuple[Reply, ...]:
    """Read an answer into replies, one a choice; none where it is an error, is not kept, or cannot be read."""
    response, request = call.response, call.request
    if response is None or not response.status < LOWEST:
        return ()
    headers = {name.lower(): value for name, value in response.headers}
    parts = urlsplit(request.url)
    head = WireRequest(request.method, request.url, parts.hostname or "", parts.path, request.headers)
    try:
        values = answer_values(response_of(response.status, headers, [Chunk(response.content, 0.0)]))
        return dialect_of(head).recorded.replies(values)
    except Exception:  # noqa: BLE001 - a ready body may be anything
        return ()
