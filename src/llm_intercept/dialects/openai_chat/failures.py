"""Writes API errors, in OpenAI's shape or in Azure's.

Knows: WIRE.md 3. Must not know: which rule asked for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai_chat.headers import azure_headers, error_headers, overridden
from llm_intercept.dialects.openai_chat.hosts import manner
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from llm_intercept.dialects.base import ErrorFacts
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.reply import ErrorReply

RETRYABLE = frozenset({408, 409, 429, *range(500, 600)})  # what the SDKs retry
FRONT_DOOR = frozenset({401, 404})  # WIRE.md 3.1: answered before a model is reached, with other headers
BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
AZURE_FILTERED = {
    "code": "ResponsibleAIPolicyViolation",
    "content_filter_result": {
        "hate": {"filtered": False, "severity": "safe"},
        "jailbreak": {"filtered": True, "detected": True},
        "self_harm": {"filtered": False, "severity": "safe"},
        "sexual": {"filtered": False, "severity": "safe"},
        "violence": {"filtered": False, "severity": "safe"},
    },
}
AZURE_WORDS = {
    "invalid_api_key": (
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource.",
    ),
    "rate_limit_exceeded": (
        "RateLimitReached",
        "Your requests to {model} have exceeded the token rate limit of your current pricing tier. Please retry after "
        "{retry}.",
    ),
    "model_not_found": (
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again.",
    ),
}


def write_error(error: ErrorFacts, identity: str) -> WireResponse:
    """Write an error of our own making, in OpenAI's shape; plain JSON even for a stream (WIRE.md 3.1: 27 of 27)."""
    body = encode(_openai_body(error.message, error.type, error.param, error.code), indent=2)
    headers = overridden(error_headers("application/json", identity, front_door=False), error.headers)
    return WireResponse(error.status, headers, (body,))


def write_failure(request: LLMRequest, error: ErrorReply, identity: str) -> WireResponse:
    """Write the error a rule asks for, in the shape of the host that is asked."""
    content_type, body = _body(request, error)
    if manner(request.url) == "azure":
        headers = azure_headers(content_type, identity, request.url)
    else:
        headers = error_headers(content_type, identity, front_door=error.status in FRONT_DOOR)
    return WireResponse(error.status, overridden(overridden(headers, _retry(error)), error.headers), (body,))


def _body(request: LLMRequest, error: ErrorReply) -> tuple[str, bytes]:
    if isinstance(error.body, str | bytes):
        text = error.body.encode() if isinstance(error.body, str) else error.body
        return ("text/html" if text.lstrip().startswith(b"<") else "text/plain"), text
    if error.body is not None:
        return "application/json", encode(error.body, indent=2)
    if error.message is None and not error.words:  # a proxy's answer, not the API's
        return "text/html", BAD_GATEWAY.encode()
    if manner(request.url) == "azure":
        return "application/json", encode(_azure_body(request, error))
    front_door = error.status in FRONT_DOOR
    body = _openai_body(_message(request, error, error.words), error.type, error.param, error.code)
    kind = "application/json; charset=utf-8" if front_door else "application/json"
    return kind, encode(body, indent=4 if front_door else 2) + (b"\n" if front_door else b"")


def _openai_body(message: str, kind: str | None, param: str | None, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _azure_body(request: LLMRequest, error: ErrorReply) -> dict[str, Any]:
    if error.code == "content_filter":
        message = _message(request, error, error.words)
        said: dict[str, Any] = {"message": message, "type": error.type, "param": error.param, "code": error.code}
        return {"error": {**said, "status": error.status, "innererror": AZURE_FILTERED}}
    code, words = AZURE_WORDS.get(error.code or "", (error.code or str(error.status), error.words))
    return {"error": {"code": code, "message": _message(request, error, words)}}


def _message(request: LLMRequest, error: ErrorReply, words: str) -> str:
    """The user's own message to the letter, or the API's words about this request."""
    if error.message is not None:
        return error.message
    wait = f"{error.retry_after:g}s" if error.retry_after is not None else "1ms"
    return words.replace("{model}", request.model).replace("{retry}", wait)


def retry_at_once(status: int) -> tuple[tuple[str, str], ...]:
    """Let a mocked error be retried without the SDK's sleep."""
    return (("retry-after-ms", "1"),) if status in RETRYABLE else ()


def _retry(error: ErrorReply) -> tuple[tuple[str, str], ...]:
    """Tell the client when to retry: as the user says, or at once, so that retries happen and sleeps do not."""
    if error.code == "insufficient_quota" and error.retry_after is None:
        return (("x-should-retry", "false"),)
    if error.retry_after is not None:
        milliseconds = round(error.retry_after * 1000)
        return (
            ("retry-after", f"{max(1, round(error.retry_after))}" if error.retry_after else "0"),
            ("retry-after-ms", f"{milliseconds}"),
        )
    return retry_at_once(error.status)
