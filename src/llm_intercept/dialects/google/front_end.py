"""The headers of Google's front end, by name and order, which say little of the API behind it.

Knows: docs/wire.md 10.1. Must not know: bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects.google.places import place_of
from llm_intercept.dialects.shared.http_headers import date_of

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.wire import Headers

JSON = "application/json; charset=UTF-8"
STREAM = "text/event-stream"
EARLY, LATE = 250, 1_500
"""Milliseconds that an answer seems to have taken: at least, and at most so many more."""
TIER: Headers = (("x-gemini-service-tier", "standard"),)
"""What a whole answer says whose usage tells the service tier."""
KEPT = ("x-gemini-service-tier", "x-goog-api-client")
CHANGING = ("server-timing",)
"""What recordings keep of the headers, the last ones though they are others each time."""


def answer_headers(url: str, content_type: str, identity: Identity, *, failed: bool = False) -> Headers:
    """Make the headers of an answer, or of an error; only an answer is a file to save."""
    studio: Headers = (
        (("server-timing", f"gfet4t7; dur={EARLY + int(identity[16:24], 16) % LATE}"),)
        if not place_of(url).is_vertex
        else ()
    )
    attached: Headers = (("content-disposition", "attachment"),) if content_type == STREAM and not failed else ()
    return (
        *attached,
        ("content-type", content_type),
        ("vary", "Origin"),
        ("vary", "X-Origin"),
        ("vary", "Referer"),
        ("transfer-encoding", "chunked"),
        ("date", date_of(identity.second)),
        ("server", "scaffolding on HTTPServer2"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        *studio,
        ("alt-svc", 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'),
    )
