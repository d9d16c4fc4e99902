"""Google's errors: a `google.rpc.Status` in the words of AI Studio or of Vertex AI.

Knows: docs/wire.md 10.4, Google's "Troubleshooting" guide, `google/rpc/error_details.proto`. Must not know: which rule
asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.google.front_end import JSON, STREAM, answer_headers
from llm_intercept.dialects.google.json_text import pretty
from llm_intercept.dialects.google.places import place_of
from llm_intercept.dialects.google.retry_info import asked, wait
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from llm_intercept.dialects.google.places import Place
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import ErrorReply, LimitHit

TYPE = "type.googleapis.com/google.rpc."
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's word for each HTTP status; others are `INVALID_ARGUMENT` or, from 500 on, `INTERNAL`."""
SERVER = 500
STREAMED = "streamGenerateContent"
NAMED = {
    "invalid_api_key": 400,
    "request_too_large": 400,
    "unprocessable_entity": 400,
    "content_filter": 400,
    "overloaded": 503,
}
"""The statuses of named errors, where they are others than the names' own."""
AT_VERTEX = {"invalid_api_key": 401}


@dataclass(frozen=True, slots=True)
class Known:
    """What an error says: in AI Studio's words, and in Vertex AI's where they are others.

    {model}, {version}, {method}, {project} and {retry} stand for what the request names and for the time to wait.
    """

    studio: str
    vertex: str = ""


KNOWN = {
    "invalid_request": Known("Request contains an invalid argument."),
    "context_length_exceeded": Known(
        "The input token count (1048600) exceeds the maximum number of tokens allowed (1048576).",
        "Unable to submit request because the input token count is 1048600 but model only supports up to 1048576. "
        "Reduce the input token count and try again. You can also use the CountTokens API to calculate prompt token "
        "count and billable characters. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini",
    ),
    "content_filter": Known(
        "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI "
        "practices. Try rephrasing the prompt."
    ),
    "invalid_api_key": Known(
        "API key not valid. Please pass a valid API key.",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    ),
    "permission_denied": Known(
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
        "form of API consumer identity to call this API.",
        "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/{project}/"
        "publishers/google/models/{model}' (or it may not exist).",
    ),
    "model_not_found": Known(
        "models/{model} is not found for API version {version}, or is not supported for {method}. Call "
        "ModelService.ListModels to see the list of available models and their supported methods.",
        "Publisher Model `{project}/publishers/google/models/{model}` was not found or your project does not have "
        "access to it. Please ensure you are using a valid model version. For more information, see: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
    ),
    "conflict": Known("The operation was aborted."),
    "request_too_large": Known("Request payload size exceeds the limit: 20971520 bytes."),
    "unprocessable_entity": Known("Request contains an invalid argument."),
    "rate_limit_exceeded": Known(
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: "
        "generativelanguage.googleapis.com/{metric}, limit: {limit}, model: {model}\nPlease retry in {retry}.",
        "Resource exhausted. Please try again later. Please refer to "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
    ),
    "insufficient_quota": Known(
        "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your "
        "project and billing.",
        "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model "
        "with base model: {model}. Please submit a quota increase request. "
        "https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.",
    ),
    "server_error": Known(
        "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting",
        "Internal error encountered.",
    ),
    "service_unavailable": Known(
        "The model is overloaded. Please try again later.", "The service is currently unavailable."
    ),
    "deadline": Known("Deadline expired before operation could complete."),
}
KNOWN["overloaded"] = KNOWN["service_unavailable"]
WORDS = {name: known.studio for name, known in KNOWN.items()}
"""What errors say within a stream, where nobody knows which of the two APIs was asked."""
BAD_GATEWAY = (
    "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 502 (Server Error)!!1</title>\n  <p><b>502.</b> <ins>That\u2019s "
    "an error.</ins>\n  <p>The server encountered a temporary error and could not complete your request."
    "<p>Please try again in 30 seconds.  <ins>That\u2019s all we know.</ins>\n"
)
NOT_FOUND = (
    "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> <ins>That\u2019s an "
    "error.</ins>\n  <p>The requested URL <code>{}</code> was not found on this server.  <ins>That\u2019s all we know."
    "</ins>\n"
)
METRICS = {
    "requests": ("generate_content_free_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
    "tokens": ("generate_content_free_tier_input_token_count", "GenerateContentInputTokensPerModelPerMinute-FreeTier"),
}
DAILY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
UNTOLD = 20
"""The limit that a quota has where nobody says it."""


def fail(request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
    """Write an error; where a stream was asked for it has its type, or is in its array (docs/wire.md 10.4)."""
    place = place_of(request.url)
    error = _with_its_status(error, place)
    content_type, body = _body(request, error, place)
    return WireResponse(error.status, _headers(request.url, content_type, error, identity), (body,))


def not_found(path: str) -> str:
    """Write what the front end answers to a path that no API has."""
    return NOT_FOUND.format(escape(path))


def status_of(error: ErrorReply) -> str:
    """Find Google's word for an error: as the user says, if that is one of its words, or by the HTTP status."""
    given = (one for one in (error.code, error.type) if one and one.isupper())
    return next(given, word_for(error.status))


def word_for(status: int) -> str:
    """Find Google's word for an HTTP status."""
    return STATUSES.get(status, "INTERNAL" if status >= SERVER else "INVALID_ARGUMENT")


def _with_its_status(error: ErrorReply, place: Place) -> ErrorReply:
    """Give an error that was named the status that it has at Google."""
    known = NAMED | AT_VERTEX if place.is_vertex else NAMED
    status = known.get(error.name) if isinstance(error.given, str) else None
    return error if status is None else replace(error, status=status)


def _body(request: LLMRequest, error: ErrorReply, place: Place) -> tuple[str, bytes]:
    if isinstance(error.body, str | bytes):
        text = error.body.encode() if isinstance(error.body, str) else error.body
        return ("text/html; charset=UTF-8" if text.lstrip().startswith(b"<") else "text/plain"), text
    if error.body is not None:
        return JSON, encode(error.body, indent=2)
    if error.name == "bad_gateway" and error.message is None:  # the front end's answer, not the API's
        return "text/html; charset=UTF-8", BAD_GATEWAY.encode()
    said: dict[str, Any] = {"error": status(request, error, place)}
    if place.method == STREAMED and not place.is_sse:
        return JSON, b"[" + pretty(said) + b"\n]\n"
    return (STREAM if place.method == STREAMED else JSON), pretty(said) + b"\n"


def status(request: LLMRequest, error: ErrorReply, place: Place) -> dict[str, Any]:
    """Write what an error is, for a body or for an event of a stream."""
    message = _message(request, error, place)
    told: dict[str, Any] = {"code": error.status, "message": message, "status": status_of(error)}
    details = list(_details(request, error, place, message))
    return {**told, "details": details} if details else told


def _message(request: LLMRequest, error: ErrorReply, place: Place) -> str:
    """Give the user's own message to the letter, or the API's words about this request."""
    if error.message is not None:
        return error.message
    fallback = "server_error" if error.status >= SERVER else "invalid_request"
    name = error.name or {408: "deadline", 504: "deadline"}.get(error.status, fallback)
    words = KNOWN.get(name, KNOWN[fallback])
    message = words.vertex if place.is_vertex and words.vertex else words.studio
    for key, value in {**_about(request, place), **_quota(error)}.items():
        message = message.replace(f"{{{key}}}", value)
    return message


def _about(request: LLMRequest, place: Place) -> dict[str, str]:
    project = place.project or "projects/llm-intercept/locations/global"
    method = "embedContent" if "mbed" in place.method else "generateContent"
    return {"model": request.model, "version": place.version, "method": method, "project": project}


def _quota(error: ErrorReply) -> dict[str, str]:
    limit = error.hit.limit if error.hit is not None else UNTOLD
    metric = METRICS[_unit(error.hit)][0]
    return {"retry": f"{error.retry_after or 0:g}s", "limit": str(limit), "metric": metric}


def _unit(hit: LimitHit | None) -> str:
    return "tokens" if hit is not None and hit.unit == "tokens" else "requests"


def _details(request: LLMRequest, error: ErrorReply, place: Place, message: str) -> list[dict[str, Any]]:
    """List what Google says of an error beside its words."""
    found: list[dict[str, Any]] = []
    if error.param is not None:
        broken = [{"field": error.param, "description": message}]
        found.append({"@type": f"{TYPE}BadRequest", "fieldViolations": broken})
    if error.code and not error.code.isupper():
        found.append({"@type": f"{TYPE}ErrorInfo", "reason": error.code, "domain": "googleapis.com"})
    if error.name == "invalid_api_key" and not error.is_final:
        found += _credentials(place, message)
    if error.name in {"rate_limit_exceeded", "insufficient_quota"} and not place.is_vertex:
        found.append({"@type": f"{TYPE}QuotaFailure", "violations": [_violation(request, error)]})
    if error.retry_after is not None:
        found.append({"@type": f"{TYPE}RetryInfo", "retryDelay": f"{error.retry_after:g}s"})
    return found


def _credentials(place: Place, message: str) -> list[dict[str, Any]]:
    if place.is_vertex:
        facts = {"service": "aiplatform.googleapis.com"}
        reason = "ACCESS_TOKEN_TYPE_UNSUPPORTED"
        return [{"@type": f"{TYPE}ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": facts}]
    facts = {"service": "generativelanguage.googleapis.com"}
    return [
        {"@type": f"{TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": facts},
        {"@type": f"{TYPE}LocalizedMessage", "locale": "en-US", "message": message},
    ]


def _violation(request: LLMRequest, error: ErrorReply) -> dict[str, Any]:
    metric, quota = METRICS[_unit(error.hit)]
    limit = str(error.hit.limit if error.hit is not None else UNTOLD)
    return {
        "quotaMetric": f"generativelanguage.googleapis.com/{metric}",
        "quotaId": DAILY if error.name == "insufficient_quota" else quota,
        "quotaDimensions": {"location": "global", "model": request.model},
        "quotaValue": limit,
    }


def _headers(url: str, content_type: str, error: ErrorReply, identity: Identity) -> Headers:
    headers = answer_headers(url, content_type, identity, failed=True)
    if error.status == 401:  # noqa: PLR2004 - unauthenticated
        headers = (*headers, ("www-authenticate", 'Bearer realm="https://accounts.google.com/"'))
    if error.retry_after is not None and asked(error.headers) is None:
        headers = (*headers, *wait(error.retry_after))
    return overridden(headers, error.headers)
