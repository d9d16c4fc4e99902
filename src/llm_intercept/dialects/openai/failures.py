"""OpenAI's errors, in its own words and shape, or in Azure's.

Knows: docs/wire.md 3, OpenAI's "Error codes" guide. Must not know: which rule asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.flavor import flavor_of
from llm_intercept.dialects.openai.headers import (
    azure_headers,
    error_headers,
    go_duration,
    host_headers,
    limit_headers,
)
from llm_intercept.dialects.openai.hosts.finding import asked_host
from llm_intercept.dialects.openai.hosts.templates import ABSENT, filled, filled_object
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.retry import AT_ONCE, NEVER, asked, wait
from llm_intercept.model.wire import RETRYABLE, WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.openai.hosts.profile import Host
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import ErrorReply, LimitHit


@dataclass(frozen=True, slots=True)
class Known:
    """What an error is like when nothing more is said of it."""

    type: str | None
    code: str | int | None
    message: str
    param: str | None = None


# {model} stands for the request's model, {retry} for the time to wait.
NAMED = {
    "invalid_request": Known("invalid_request_error", None, "We could not parse the JSON body of your request."),
    "context_length_exceeded": Known(
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens. "
        "Please reduce the length of the messages.",
        "messages",
    ),
    "content_filter": Known(
        None,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
        "modify your prompt and retry. To learn more about our content filtering policies please read our "
        "documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
        "prompt",
    ),
    "invalid_api_key": Known(
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: none. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    "permission_denied": Known(
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    "model_not_found": Known(
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    "conflict": Known("invalid_request_error", "conflict", "The resource was updated by another request."),
    "request_too_large": Known(
        "invalid_request_error", "request_too_large", "The request is larger than the maximum size allowed."
    ),
    "unprocessable_entity": Known("invalid_request_error", None, "The request could not be processed."),
    "rate_limit_exceeded": Known(
        "tokens",
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization llm-intercept on tokens per min (TPM): Limit 10000, Used 9348, "
        "Requested 5086. Please try again in {retry}. Visit https://platform.openai.com/account/rate-limits to learn "
        "more.",
    ),
    "insufficient_quota": Known(
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    ),
    "server_error": Known(
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    "bad_gateway": Known(None, None, ""),
    "service_unavailable": Known("server_error", None, "The engine is currently overloaded, please try again later."),
    "gateway_timeout": Known("server_error", None, "The request timed out. Please try again."),
    "overloaded": Known("server_error", None, "The engine is currently overloaded, please try again later."),
}
WORDS = {name: known.message for name, known in NAMED.items()}
"""What errors say by their names."""
LIMIT_WORDS = (
    "Rate limit reached for {model} in organization llm-intercept on {unit} per min ({short}): Limit {limit}, Used "
    "{used}, Requested {requested}. Please try again in {retry}. Visit https://platform.openai.com/account/rate-limits "
    "to learn more."
)
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


STATUSES = {"overloaded": 503}
"""The statuses that named errors have in all of these APIs, where they are others."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one of OpenAI's APIs fails.

    Attributes:
        known: What its errors are like, where they are others than `NAMED`.
        statuses: The statuses of named errors, where they are others.
        front_door: The statuses that are answered before a model is reached, with other headers.
        headers: What it says beside an error of a status.

    """

    known: Mapping[str, Known] = field(default_factory=dict[str, Known])
    statuses: Mapping[str, int] = field(default_factory=lambda: STATUSES)
    front_door: frozenset[int] = frozenset({401, 404})  # docs/wire.md 3.1
    headers: Mapping[int, Headers] = field(default_factory=dict[int, "Headers"])

    def is_front_door(self, error: ErrorReply) -> bool:
        """Whether an error is answered before a model is reached."""
        return error.status in self.front_door and not error.is_final

    def of(self, error: ErrorReply) -> ErrorReply:
        """Give an error that was named the status that it has in this API."""
        status = self.statuses.get(error.name) if isinstance(error.given, str) else None
        return error if status is None else replace(error, status=status)


USUAL = Manner()


def fail(request: LLMRequest, error: ErrorReply, identity: Identity, manner: Manner = USUAL) -> WireResponse:
    """Write an error, in the shape of the host that is asked; plain JSON even for a stream (docs/wire.md 3.1)."""
    host = asked_host(request)
    error = _of_host(host, manner.of(error))
    facts = _facts(request, error, manner, host)
    content_type, body = _body(request, error, facts, manner)
    if host is not None:
        content_type, body = _host_body(host, error, facts, identity) or (content_type, body)
        headers = host_headers(host, content_type, identity)
    elif flavor_of(request.url) == "azure":
        headers = azure_headers(content_type, identity, request.url)
    else:
        headers = error_headers(content_type, identity, request, front_door=manner.is_front_door(error))
        headers = overridden(headers, manner.headers.get(error.status, ()))
    told = (*_retry(error), *limit_headers(error.limits))
    return WireResponse(error.status, overridden(overridden(headers, told), error.headers), (body,))


def _of_host(host: Host | None, error: ErrorReply) -> ErrorReply:
    """Give an error that was named the status that it has at the host."""
    words = host.words.get(error.name) if host is not None and isinstance(error.given, str) else None
    return error if words is None or words.status is None else replace(error, status=words.status)


def _host_body(host: Host, error: ErrorReply, facts: Known, identity: Identity) -> tuple[str, bytes] | None:
    """Write an error as the host does; None where the body is the user's, a proxy's, or an explanation of ours."""
    if error.body is not None or not facts.message or error.is_final:
        return None
    words = host.words.get(error.name)
    shape = words.shape if words is not None and words.shape is not None else host.error
    values = {
        "identity": identity,
        "created": identity.second,
        "id": filled(host.id, {"identity": identity, "created": identity.second, "stamp": ""}),
        "status": error.status,
        "message": facts.message,
        "type": facts.type,
        "param": facts.param,
        "code": facts.code,
        "param_said": ABSENT if facts.param is None else facts.param,
        "code_said": ABSENT if facts.code is None else facts.code,
    }
    return "application/json", encode(filled_object(shape, values))


def _facts(request: LLMRequest, error: ErrorReply, manner: Manner, host: Host | None) -> Known:
    """Find what the error is like, with what the user said of it."""
    fallback = Known("invalid_request_error" if error.status < 500 else "server_error", None, "The request failed.")  # noqa: PLR2004
    told = host.words.get(error.name) if host is not None else None
    known = manner.known.get(error.name) or NAMED.get(error.name, fallback)
    if told is not None:
        known = Known(told.type, told.code, told.message, told.param)
    words = LIMIT_WORDS if error.hit is not None and told is None else known.message
    return Known(
        type=error.type or (error.hit.unit if error.hit is not None and told is None else known.type),
        code=error.code or known.code,
        message=_message(request, error, words),
        param=error.param or (known.param if error.code is None else None),
    )


def _message(request: LLMRequest, error: ErrorReply, words: str) -> str:
    """Give the user's own message to the letter, or the API's words about this request."""
    if error.message is not None:
        return error.message
    seconds = error.retry_after
    waiting = "1ms" if seconds is None else go_duration(seconds) if error.hit is not None else f"{seconds:g}s"
    hit = _hit(error.hit) if error.hit is not None else {}
    for name, value in {**hit, "model": request.model, "retry": waiting}.items():
        words = words.replace(f"{{{name}}}", value)
    return words


def _hit(hit: LimitHit) -> dict[str, str]:
    short = "RPM" if hit.unit == "requests" else "TPM"
    counts = {"limit": hit.limit, "used": hit.used, "requested": hit.requested}
    return {"unit": hit.unit, "short": short, **{name: str(count) for name, count in counts.items()}}


def _body(request: LLMRequest, error: ErrorReply, facts: Known, manner: Manner) -> tuple[str, bytes]:
    if isinstance(error.body, str | bytes):
        text = error.body.encode() if isinstance(error.body, str) else error.body
        return ("text/html" if text.lstrip().startswith(b"<") else "text/plain"), text
    if error.body is not None:
        return "application/json", encode(error.body, indent=2)
    if not facts.message:  # a proxy's answer, not the API's
        return "text/html", BAD_GATEWAY.encode()
    if flavor_of(request.url) == "azure" and not error.is_final:
        return "application/json", encode(_azure_body(request, error, facts))
    return _openai_body(facts, front_door=manner.is_front_door(error))


def _openai_body(facts: Known, *, front_door: bool) -> tuple[str, bytes]:
    said = {"message": facts.message, "type": facts.type, "param": facts.param, "code": facts.code}
    kind = "application/json; charset=utf-8" if front_door else "application/json"
    return kind, encode({"error": said}, indent=4 if front_door else 2) + (b"\n" if front_door else b"")


def _azure_body(request: LLMRequest, error: ErrorReply, facts: Known) -> dict[str, Any]:
    if facts.code == "content_filter":
        said: dict[str, Any] = {"message": facts.message, "type": facts.type, "param": facts.param, "code": facts.code}
        return {"error": {**said, "status": error.status, "innererror": AZURE_FILTERED}}
    code, words = AZURE_WORDS.get(str(facts.code or ""), (str(facts.code or error.status), ""))
    message = _message(request, error, words) if words and error.hit is None else facts.message
    return {"error": {"code": code, "message": message}}


def retry_at_once(status: int, given: Headers = ()) -> Headers:
    """Let a mocked error be retried without the SDK's sleep, unless the headers `given` say when."""
    return AT_ONCE if status in RETRYABLE and asked(given) is None else ()


def _retry(error: ErrorReply) -> Headers:
    """Tell the client when to retry: as the user says, or at once, so that retries happen and sleeps do not."""
    if error.is_final or (error.name == "insufficient_quota" and error.retry_after is None):
        return NEVER
    return retry_at_once(error.status, error.headers) if error.retry_after is None else _told(error.retry_after, error)


def _told(seconds: float, error: ErrorReply) -> Headers:
    """Write how long to wait, but for what the user's own headers say of it."""
    return () if asked(error.headers) is not None else wait(seconds)
