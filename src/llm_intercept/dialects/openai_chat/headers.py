"""The headers of api.openai.com and Azure, by name and order, with values that are the same for the same request.

Knows: WIRE.md 2.3, 3.1 and 4. Must not know: bodies.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.dialects.openai_chat.hosts import deployment

if TYPE_CHECKING:
    from llm_intercept.model.wire import Headers

JSON = "application/json"
STREAM = "text/event-stream; charset=utf-8"
RATE_LIMITS: Headers = (
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-limit-tokens", "50000000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-remaining-tokens", "49999999"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-ratelimit-reset-tokens", "0s"),
)


def openai_headers(content_type: str, identity: str) -> Headers:
    """Make the headers of an answer of OpenAI's."""
    before, after = _openai(int(time.time()), content_type)
    return (*before, ("x-request-id", "req_" + identity[:32]), *after)


@lru_cache(maxsize=8)
def _openai(second: int, content_type: str) -> tuple[Headers, Headers]:
    """Make what all answers of a second share: the headers before the request's id, and those after it."""
    before: Headers = (
        ("date", _date(second)),
        ("content-type", content_type),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("openai-organization", "llm-intercept"),
        ("openai-processing-ms", "1"),
        ("openai-project", "proj_llm_intercept"),
        ("openai-version", "2020-10-01"),
        *RATE_LIMITS,
    )
    return before, (("server", "cloudflare"),)


def azure_headers(content_type: str, identity: str, url: str) -> Headers:
    """Make the headers of an answer of Azure's."""
    number = identity[:32]
    request_id = "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))
    return (
        ("date", _date(int(time.time()))),
        ("content-type", content_type),
        ("transfer-encoding", "chunked"),
        ("apim-request-id", request_id),
        ("azureml-model-session", "llm-intercept"),
        ("x-ms-region", "East US 2"),
        ("x-ms-deployment-name", deployment(url)),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "1000000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-remaining-tokens", "999999"),
        ("x-request-id", request_id),
    )


def error_headers(content_type: str, identity: str, *, front_door: bool) -> Headers:
    """Make the headers of an error: the front door's (401, 404) or the backend's (WIRE.md 3.1)."""
    if not front_door:
        return openai_headers(content_type, identity)
    return (
        ("date", _date(int(time.time()))),
        ("content-type", content_type),
        ("connection", "keep-alive"),
        ("vary", "Origin"),
        ("x-request-id", "req_" + identity[:32]),
        ("server", "cloudflare"),
    )


def overridden(headers: Headers, given: Headers) -> Headers:
    """Put `given` headers in the place of those of the same name, or after them."""
    names = {name.lower() for name, _ in given}
    return (*(one for one in headers if one[0] not in names), *given)


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
