"""The headers of api.openai.com and Azure, by name and order, with values that are the same for the same request.

Knows: docs/wire.md 2.3, 3.1 and 4. Must not know: bodies.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.dialects.openai.flavor import deployment, flavor_of
from llm_intercept.dialects.openai.hosts.finding import asked_host, host_of
from llm_intercept.dialects.openai.hosts.templates import filled
from llm_intercept.dialects.openai.rate_limits import told
from llm_intercept.dialects.shared.edge import ray
from llm_intercept.dialects.shared.http_headers import date_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.openai.hosts.profile import Host
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import LimitState

JSON = "application/json"
STREAM = "text/event-stream; charset=utf-8"
KEPT = (
    "openai-beta",
    "openai-model",
    "openai-version",
    "x-ms-deployment-name",
    "x-ms-region",
    "retry-after-ms",
    "x-should-retry",
)
CHANGING = ("apim-request-id", "openai-processing-ms", "x-ratelimit-*", "x-request-id")
"""What recordings keep of the headers, the last ones though they are others each time."""
EDGE: Headers = (
    ("cf-cache-status", "DYNAMIC"),
    ("server", "cloudflare"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-content-type-options", "nosniff"),
)
OWN: Headers = (
    *EDGE,
    ("access-control-expose-headers", "X-Request-ID"),
    ("openai-organization", "llm-intercept"),
)
VERSION: Headers = (
    ("openai-project", "proj_llminterceptllmintercept"),
    ("openai-version", "2020-10-01"),
    ("x-openai-proxy-wasm", "v0.1"),
)
HTTP3 = ("alt-svc", 'h3=":443"; ma=86400')
"""What real answers have, in their order (docs/wire.md 2.3.6); an account is named as one would be, so ours is."""
EARLY, LATE = 150, 1_000
"""Milliseconds that an answer seems to have taken at OpenAI's: at least, and at most so many more."""


def answer_headers(url: str, content_type: str, identity: Identity, asked: LLMRequest | None = None) -> Headers:
    """Make the headers of an answer, as the host that is asked has them.

    Args:
        url: Where the request was sent.
        content_type: The type of the body, in OpenAI's words.
        identity: What the ids follow from.
        asked: The request, where its model or its client may tell whose host it is.

    """
    host = host_of(url, {}) if asked is None else asked_host(asked)
    if host is not None:
        return host_headers(host, content_type, identity)
    if flavor_of(url) == "azure":
        return azure_headers(content_type, identity, url)
    return openai_headers(content_type, identity, asked)


def host_headers(host: Host, content_type: str, identity: Identity) -> Headers:
    """Make the headers of an answer of a compatible host's, by its row."""
    own = {JSON: host.json_type, STREAM: host.stream_type}.get(content_type, content_type)
    second = identity.second
    values = {"identity": identity, "created": second, "date": date_of(second), "content_type": own}
    return tuple((name, filled(template, values)) for name, template in host.headers)


def openai_headers(content_type: str, identity: Identity, asked: LLMRequest | None = None) -> Headers:
    """Make the headers of an answer of OpenAI's, in the order of its wire; what varies follows from the request."""
    return (
        *_begun(identity.second, content_type),
        ("cf-ray", ray(identity)),
        *OWN,
        ("openai-processing-ms", str(EARLY + int(identity[16:24], 16) % LATE)),
        *VERSION,
        *told(asked),
        ("x-request-id", "req_" + identity[:32]),
        HTTP3,
    )


@lru_cache(maxsize=8)
def _begun(second: int, content_type: str) -> Headers:
    return (
        ("date", date_of(second)),
        ("content-type", content_type),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
    )


def azure_headers(content_type: str, identity: Identity, url: str) -> Headers:
    """Make the headers of an answer of Azure's."""
    number = identity[:32]
    request_id = "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))
    return (
        ("date", date_of(identity.second)),
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


def error_headers(content_type: str, identity: Identity, asked: LLMRequest, *, front_door: bool) -> Headers:
    """Make the headers of an error: the front door's (401, 404) or the backend's (docs/wire.md 3.1)."""
    if not front_door:
        return openai_headers(content_type, identity, asked)
    return (
        ("date", date_of(identity.second)),
        ("content-type", content_type),
        ("connection", "keep-alive"),
        ("cf-ray", ray(identity)),
        *EDGE,
        ("vary", "Origin"),
        ("x-request-id", "req_" + identity[:32]),
        HTTP3,
    )


def limit_headers(states: Sequence[LimitState]) -> Headers:
    """Write what OpenAI says of its rate limits beside an answer (docs/wire.md 2.3)."""
    return tuple(
        (f"x-ratelimit-{name}-{state.unit}", value)
        for state in states
        for name, value in (
            ("limit", str(state.limit)),
            ("remaining", str(state.remaining)),
            ("reset", go_duration(state.reset)),
        )
    )


def go_duration(seconds: float) -> str:
    """Write a time as Go does, and so OpenAI: `6ms`, `1.2s`, `1m3s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:  # noqa: PLR2004
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    return (f"{minutes}m" if minutes else "") + f"{rest / 1000:g}s"
