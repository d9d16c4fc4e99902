"""The headers of api.openai.com, by name and order, with values that are the same for the same request.

Knows: WIRE.md 2.3. Must not know: bodies.
"""

from __future__ import annotations

import time
from email.utils import formatdate

Headers = tuple[tuple[str, str], ...]


def json_headers(identity: str) -> Headers:
    """Make the headers of a JSON answer."""
    return _headers("application/json", identity)


def stream_headers(identity: str) -> Headers:
    """Make the headers of a streamed answer."""
    return _headers("text/event-stream; charset=utf-8", identity)


def _headers(content_type: str, identity: str) -> Headers:
    return (
        ("date", formatdate(time.time(), usegmt=True)),
        ("content-type", content_type),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("openai-organization", "llm-intercept"),
        ("openai-processing-ms", "1"),
        ("openai-version", "2020-10-01"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "50000000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-remaining-tokens", "49999999"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-reset-tokens", "0s"),
        ("x-request-id", "req_" + identity[:32]),
        ("server", "llm-intercept"),
    )
