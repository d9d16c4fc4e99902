"""Whether Cohere is asked, where the path does not say it; its headers and errors.

Knows: Cohere's own words (its reference, "Errors"). Must not know: one API's bodies.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.base import BadRequestError, Dialect
from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.shared.error_words import message_of, status_of, told_to_wait
from llm_intercept.dialects.shared.http_headers import date_of, overridden
from llm_intercept.dialects.shared.reading import ANY_KEY
from llm_intercept.dialects.shared.retry import AT_ONCE, RETRY
from llm_intercept.model.wire import RETRYABLE, WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest

JSON = "application/json"
STREAM, LINES = "text/event-stream", "application/stream+json"
HOSTS = (".cohere.com", ".cohere.ai")
CLIENT = "x-fern-sdk-name"
COHERE_RETRY = replace(RETRY, longest=60.0)
"""Its SDK is made by Fern, and obeys the same headers (cohere 7.3, `core/http_client.py`: `_parse_retry_after`)."""
CHANGING = ("num_chars", "num_tokens", "x-debug-trace-id", "x-*-call-limit", "x-*-call-remaining")
WORDS = {
    "invalid_request": "invalid request: the request body is not valid",
    "context_length_exceeded": "too many tokens: the total number of tokens in the prompt exceeds the limit of 128000",
    "content_filter": "invalid request: the prompt was blocked by the safety mode",
    "invalid_api_key": "invalid api token",
    "permission_denied": "you do not have access to this resource",
    "model_not_found": (
        "model '{model}' not found, make sure the correct model ID was used and that you have access to the model."
    ),
    "request_too_large": "the request is larger than the maximum size allowed",
    "unprocessable_entity": "invalid request: the request could not be processed",
    "rate_limit_exceeded": (
        "You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the Trial key "
        "for free or upgrade to a Production key with higher rate limits."
    ),
    "insufficient_quota": "You have reached the billing limit set on your account.",
    "server_error": "internal server error, this has been reported to our developers",
    "bad_gateway": "bad gateway",
    "service_unavailable": "the model is currently overloaded, please try again later",
    "overloaded": "the model is currently overloaded, please try again later",
}
STATUSES = {"overloaded": 503}
"""The statuses of errors that are named, where Cohere has others."""


def is_cohere(head: WireRequest | LLMRequest) -> bool:
    """Whether host or client say that Cohere is asked."""
    host = urlsplit(head.url).hostname or ""
    names = {name.lower(): str(value) for name, value in head.headers.items()}
    is_client = names.get("user-agent", "").startswith("cohere/") or names.get(CLIENT, "") == "cohere"
    return is_client or f".{host}".endswith(HOSTS)


def stream_type(headers: Mapping[str, Any]) -> str:
    """Return the kind of stream that a client accepts: JSON lines where it wants JSON alone, as litellm does."""
    accepted = str(headers.get("accept", "*/*"))
    return LINES if "json" in accepted and "event-stream" not in accepted and "*/*" not in accepted else STREAM


def answer_headers(content_type: str, identity: Identity) -> Headers:
    """Make the headers of an answer."""
    return (
        ("cache-control", "no-cache, no-store, no-transform, must-revalidate, private, max-age=0"),
        ("content-type", content_type),
        ("date", date_of(identity.second)),
        ("x-debug-trace-id", identity[:32]),
    )


def uuid_of(identity: str) -> str:
    """Write an id as Cohere does."""
    return "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:32]))


class CohereDialect(Dialect):
    """One of Cohere's APIs: how it fails, and tells clients to wait."""

    def is_asked(self, request: LLMRequest) -> bool:
        return is_cohere(request)

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse, strictly alone, a request to Cohere's own host without a key."""
        if strictly and f".{head.host}".endswith(HOSTS) and not head.headers.get("authorization"):
            raise BadRequestError(ErrorReply(401, message="no api key supplied"), ANY_KEY)

    home = "api.cohere.com"
    variables = MappingProxyType({"CO_API_URL": "{}"})
    keys = (KeyHeader(("CO_API_KEY", "COHERE_API_KEY"), (home, "api.cohere.ai"), addresses=tuple(variables)),)
    retry = COHERE_RETRY

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        if isinstance(error.body, str | bytes):
            content, kind = error.body.encode() if isinstance(error.body, str) else error.body, "text/plain"
        else:
            said = {"id": uuid_of(identity), "message": message_of(error, request, WORDS)}
            content, kind = encode(said if error.body is None else error.body), JSON
        headers = (*answer_headers(kind, identity), *_told(error))
        return WireResponse(status_of(error, STATUSES), overridden(headers, error.headers), (content,))


def _told(error: ErrorReply) -> Headers:
    """Tell the client when to try again: as the user says, or at once, so that its sleeps do not happen."""
    if error.retry_after is not None:
        return told_to_wait(error, COHERE_RETRY)
    return AT_ONCE if error.status in RETRYABLE and COHERE_RETRY.asked(error.headers) is None else ()
