"""Reads a request again: that of a take as its API has it, that of a call as it was sent.

Knows: takes, dialects. Must not know: how takes are found, what is done with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects import OPAQUE, dialect_of
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.recording.take import TakeRequest


def wire_of(asked: TakeRequest) -> WireRequest:
    """Make the head of a recorded request."""
    parts = urlsplit(asked.url)
    return WireRequest(asked.method, asked.url, parts.hostname or "", parts.path, asked.headers)


def body_of(request: LLMRequest) -> object:
    """Give the body of a request as it was sent, or None where it has none or nobody read it.

    It is read anew where what a user wrote may have changed what was read.
    """
    if not request.content and not request.raw:
        return None
    sent = request.as_sent()
    if sent is not request.raw or not request.is_lent:
        return sent
    head = WireRequest(request.method, request.url, "", urlsplit(request.url).path, request.headers)
    return OPAQUE.read(head, request.content).raw


def api_of_take(asked: TakeRequest) -> Dialect:
    """Find the API that a recorded request is one of."""
    return dialect_of(wire_of(asked))


def read_request(asked: TakeRequest) -> tuple[Dialect, LLMRequest]:
    """Read a recorded request as its API has it, or as far as all are alike."""
    head, content = wire_of(asked), b"" if asked.body is None else encode(asked.body)
    dialect = dialect_of(head)
    try:
        return dialect, dialect.read(head, content)
    except (BadRequestError, UnreadableError):
        return OPAQUE, OPAQUE.read(head, content)
