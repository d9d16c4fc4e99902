"""The headers of Anthropic's answers, by name and order, with values that are the same for the same request.

Knows: docs/wire.md 6.3. Must not know: bodies.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.dialects.anthropic.block_ids import request_id
from llm_intercept.dialects.anthropic.origin import place_of
from llm_intercept.dialects.shared.edge import ray
from llm_intercept.dialects.shared.http_headers import date_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import LimitState

JSON, STREAM = "application/json", "text/event-stream; charset=utf-8"
ORGANIZATION = "00000000-0000-4000-8000-000000000000"
USUAL = {"input-tokens": 5_000_000, "output-tokens": 1_000_000, "requests": 10_000, "tokens": 6_000_000}
"""The rate limits that a large account has, by what they are of."""
SAFE: Headers = (
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("anthropic-organization-id", ORGANIZATION),
)
EDGE: Headers = (
    ("server", "cloudflare"),
    ("vary", "Accept-Encoding"),
    ("cf-cache-status", "DYNAMIC"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-robots-tag", "none"),
)
"""What real answers have, in their order (docs/wire.md 6.3.4)."""
KEPT = ("anthropic-beta", "anthropic-version", "retry-after-ms", "x-should-retry")
CHANGING = ("anthropic-ratelimit-*", "request-id")
"""What recordings keep of the headers, the last ones though they are others each time."""
LIMIT = "anthropic-ratelimit-{unit}-{what}"


def answer_headers(url: str, content_type: str, identity: Identity, *, has_limits: bool = True) -> Headers:
    """Make the headers of an answer, as the host that is asked has them.

    Args:
        url: Where the request was sent.
        content_type: The type of the body.
        identity: What the ids follow from.
        has_limits: Whether a model was asked, so that rate limits are told.

    """
    second, place = identity.second, place_of(url)
    if place == "vertex":
        return _vertex(second, content_type)
    if place == "compatible":  # DeepSeek, z.ai, Vercel and others, none of which has what is Anthropic's own
        return (("date", date_of(second)), ("content-type", content_type), ("transfer-encoding", "chunked"))
    return (
        *_own(second, content_type, has_limits),
        ("request-id", request_id(identity)),
        *SAFE,
        ("traceresponse", f"00-{identity[24:56]}-{identity[56:72]}-01"),
        *EDGE,
        ("cf-ray", ray(identity)),
    )


@lru_cache(maxsize=8)
def _own(second: int, content_type: str, has_limits: bool) -> Headers:
    begun: Headers = (
        ("date", date_of(second)),
        ("content-type", content_type),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
    )
    unbuffered: Headers = (("cache-control", "no-cache"),) if content_type == STREAM else ()
    if not has_limits:
        return (*begun, *unbuffered)
    limits = (_limit(unit, limit, limit - (unit == "requests"), second) for unit, limit in USUAL.items())
    return (*begun, *unbuffered, *(line for lines in limits for line in lines))


@lru_cache(maxsize=8)
def _vertex(second: int, content_type: str) -> Headers:
    return (
        ("content-type", content_type),
        ("vary", "Origin, X-Origin, Referer"),
        ("date", date_of(second)),
        ("server", "scaffolding on HTTPServer2"),
        ("x-xss-protection", "0"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-content-type-options", "nosniff"),
        ("transfer-encoding", "chunked"),
    )


def limit_headers(states: Sequence[LimitState], second: int) -> Headers:
    """Write what is left of rate limits (docs/wire.md 6.3)."""
    told = (_limit(state.unit, state.limit, state.remaining, second + round(state.reset)) for state in states)
    return tuple(line for lines in told for line in lines)


def _limit(unit: str, limit: int, remaining: int, reset: int) -> Headers:
    told = {"limit": str(limit), "remaining": str(remaining), "reset": moment(reset)}
    return tuple((LIMIT.format(unit=unit, what=what), value) for what, value in told.items())


def moment(second: float) -> str:
    """Write a moment, in Unix seconds, as these APIs do."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
