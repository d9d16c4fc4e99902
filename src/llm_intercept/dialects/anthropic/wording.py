"""Anthropic's errors, in its own words and shape.

Knows: docs/wire.md 6.4, Anthropic's reference ("Errors"). Must not know: which rule asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.anthropic.lines_of_head import JSON, answer_headers, limit_headers
from llm_intercept.dialects.anthropic.origin import place_of
from llm_intercept.dialects.anthropic.other_hosts import id_at, said_by, shaped, told_by
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.retry import AT_ONCE, NEVER, asked, wait
from llm_intercept.model.wire import RETRYABLE, WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers

REFUSED, BROKEN = "invalid_request_error", "api_error"
TYPES = {
    400: REFUSED,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: BROKEN,
    504: "timeout_error",
    529: "overloaded_error",
}
"""The API's word for each status; of others, what their neighbours have."""


@dataclass(frozen=True, slots=True)
class Words:
    """What an error says when nothing more is said of it, and its type where the status alone does not tell."""

    message: str
    type: str = ""
    code: str = ""


# {model} stands for the request's model, {limit} and {unit} for the rate limit that was met.
NAMED = {
    "invalid_request": Words("The request body is not valid JSON"),
    "context_length_exceeded": Words("prompt is too long: 200001 tokens > 200000 maximum"),
    "content_filter": Words("Output blocked by content filtering policy"),
    "invalid_api_key": Words("invalid x-api-key"),
    "permission_denied": Words("Your API key does not have permission to use the specified resource."),
    "model_not_found": Words("model: {model}"),
    "conflict": Words("The request conflicts with another one."),
    "request_too_large": Words("Request exceeds the maximum size"),
    "unprocessable_entity": Words("The request could not be processed."),
    "rate_limit_exceeded": Words(
        "This request would exceed your organization's rate limit of 50,000 input tokens per minute (org: "
        "00000000-0000-4000-8000-000000000000, model: {model}). For details, refer to: "
        "https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please "
        "reduce the prompt length or the maximum tokens requested, or try again later."
    ),
    "insufficient_quota": Words(
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
        "purchase credits.",
        REFUSED,
    ),
    "server_error": Words("Internal server error"),
    "bad_gateway": Words(""),
    "service_unavailable": Words("Service temporarily unavailable"),
    "gateway_timeout": Words("Request timed out. Please try again."),
    "overloaded": Words("Overloaded"),
}
STATUSES = {"insufficient_quota": 400}
"""The statuses that named errors have in these APIs, where they are others."""
LIMIT_WORDS = (
    "This request would exceed your organization's rate limit of {limit} {unit} per minute (org: "
    "00000000-0000-4000-8000-000000000000, model: {model}). For details, refer to: "
    "https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage."
)
BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
IN_STREAM = {"server_error": BROKEN, "rate_limit_exceeded": TYPES[429], "overloaded": TYPES[529]}
"""What names of errors are called within a stream."""
WORDS = {
    **{name: words.message for name, words in NAMED.items()},
    **{kind: NAMED[name].message for name, kind in IN_STREAM.items()},
}
"""What errors within a stream say, by their names and by their types."""
FIRST_OF_SERVERS = 500


def refused(message: str, status: int = 400, code: str | None = None, hint: str = "") -> BadRequestError:
    """Make the refusal of a request; `hint` says in our words what to change."""
    return BadRequestError(ErrorReply(status, message=message, type=TYPES[status], code=code), hint)


def error_type(status: int) -> str:
    """Name the kind of error that a status is."""
    return TYPES.get(status) or (BROKEN if status >= FIRST_OF_SERVERS else REFUSED)


def error_json(kind: str, message: str, identifier: str = "", code: str | None = None) -> dict[str, Any]:
    """Write the object that an error is; within a stream it has no request's id."""
    details: dict[str, Any] = {"details": {"error_code": code}} if code else {}
    asked = {"request_id": identifier} if identifier else {}
    return {"type": "error", "error": {**details, "type": kind, "message": message}, **asked}


def fail(request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
    """Write an error; plain JSON even for a stream."""
    status = _status(request, error)
    content_type, body = _body(request, error, status, identity)
    has_limits = status == 429 and place_of(request.url) == "anthropic"  # noqa: PLR2004
    headers = answer_headers(request.url, content_type, identity, has_limits=has_limits)
    beside = (*_retry(error, status), *limit_headers(error.limits, identity.second))
    return WireResponse(status, overridden(overridden(headers, beside), error.headers), (body,))


def _status(request: LLMRequest, error: ErrorReply) -> int:
    """Return the status of an error: of one that the user named, the one that its name has at the host."""
    if not isinstance(error.given, str):
        return error.status
    told = told_by(request, error)
    return STATUSES.get(error.name, error.status) if told is None or told.status is None else told.status


def _body(request: LLMRequest, error: ErrorReply, status: int, identity: Identity) -> tuple[str, bytes]:
    if isinstance(error.body, str | bytes):
        text = error.body.encode() if isinstance(error.body, str) else error.body
        return ("text/html" if text.lstrip().startswith(b"<") else "text/plain"), text
    if error.body is not None:
        return JSON, encode(error.body)
    words = NAMED.get(error.name, Words("The request failed."))
    if not words.message and error.message is None:  # a proxy's answer, not the API's
        return "text/html", BAD_GATEWAY.encode()
    kind = error.type or words.type or error_type(status)
    identifier, told = id_at(request.url, identity), told_by(request, error)
    if told is not None:
        message = said_by(told, request) if error.message is None else error.message
        return (JSON if told.shape != "google" else f"{JSON}; charset=UTF-8"), encode(
            shaped(told, message, status, identifier)
        )
    return JSON, encode(error_json(kind, _message(request, error, words), identifier, error.code))


def _message(request: LLMRequest, error: ErrorReply, words: Words) -> str:
    """Give the user's own message to the letter, or the API's words about this request."""
    if error.message is not None:
        return error.message
    said, told = words.message, {"model": request.model}
    if error.hit is not None:
        said, told = LIMIT_WORDS, {**told, "limit": f"{error.hit.limit:,}", "unit": error.hit.unit}
    for name, value in told.items():
        said = said.replace(f"{{{name}}}", value)
    return said


def retry_at_once(status: int, given: Headers = ()) -> Headers:
    """Let a mocked error be retried without the SDK's sleep, unless the headers `given` say when."""
    return AT_ONCE if status in RETRYABLE and asked(given) is None else ()


def _retry(error: ErrorReply, status: int) -> Headers:
    """Tell the client whether to try again and when: as the user says, or at once."""
    if error.is_final or (status not in RETRYABLE and error.retry_after is None):
        return NEVER
    again: Headers = (("x-should-retry", "true"),)
    if error.retry_after is None:
        return (*again, *retry_at_once(status, error.headers))
    return again if asked(error.headers) is not None else (*again, *wait(error.retry_after))
