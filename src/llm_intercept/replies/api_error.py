"""Errors to answer with: `api_error` and the names it knows.

Knows: which status and words belong to which error (WIRE.md 3, OpenAI's "Error codes" guide). Must not know: JSON.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import header_pairs, to_json_text
from llm_intercept.errors import SettingsError
from llm_intercept.replies.reply import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

LOWEST, HIGHEST = 400, 599


@dataclass(frozen=True, slots=True)
class Known:
    """What an error is like when nothing more is said of it."""

    status: int
    type: str | None
    code: str | None
    message: str
    param: str | None = None


# {model} stands for the request's model.
NAMED = {
    "invalid_request": Known(400, "invalid_request_error", None, "We could not parse the JSON body of your request."),
    "context_length_exceeded": Known(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens. "
        "Please reduce the length of the messages.",
        "messages",
    ),
    "content_filter": Known(
        400,
        None,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
        "modify your prompt and retry. To learn more about our content filtering policies please read our "
        "documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
        "prompt",
    ),
    "invalid_api_key": Known(
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: none. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    "permission_denied": Known(
        403,
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    "model_not_found": Known(
        404,
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    "conflict": Known(409, "invalid_request_error", "conflict", "The resource was updated by another request."),
    "request_too_large": Known(
        413, "invalid_request_error", "request_too_large", "The request is larger than the maximum size allowed."
    ),
    "unprocessable_entity": Known(422, "invalid_request_error", None, "The request could not be processed."),
    "rate_limit_exceeded": Known(
        429,
        "tokens",
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization llm-intercept on tokens per min (TPM): Limit 10000, Used 9348, "
        "Requested 5086. Please try again in {retry}. Visit https://platform.openai.com/account/rate-limits to learn "
        "more.",
    ),
    "insufficient_quota": Known(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    ),
    "server_error": Known(
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    "bad_gateway": Known(502, None, None, ""),
    "service_unavailable": Known(
        503, "server_error", None, "The engine is currently overloaded, please try again later."
    ),
}
BY_STATUS = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "permission_denied",
    404: "model_not_found",
    409: "conflict",
    413: "request_too_large",
    422: "unprocessable_entity",
    429: "rate_limit_exceeded",
    500: "server_error",
    502: "bad_gateway",
    503: "service_unavailable",
}


def api_error(
    status: int | str,
    message: str | None = None,
    *,
    code: str | None = None,
    type: str | None = None,  # noqa: A002 - the API's name
    param: str | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> ErrorReply:
    """Make an API error to answer with, in the shape of OpenAI or Azure, whichever is asked.

    Args:
        status: The HTTP status, 400 to 599, or the name of an error: context_length_exceeded, content_filter,
            insufficient_quota, invalid_api_key, model_not_found, rate_limit_exceeded and others.
        message: What it says, instead of the API's own words.
        code: Its code; a known one brings its own type, message and param.
        type: Its type.
        param: The parameter it is about.
        retry_after: Seconds the client is told to wait. Without it a retryable error says 1 ms, so that a retry happens
            at once.
        headers: Headers to send beside the usual ones, or instead of those of the same name.
        body: A whole body instead: text, or anything that JSON can say.

    Raises:
        SettingsError: `status` is neither of these, or `retry_after` is no number of seconds.
        ReplyError: `body` cannot be written as JSON.

    """
    _check_seconds(retry_after)
    if body is not None and not isinstance(body, str | bytes):
        to_json_text(body)
    known = _known(status, code)
    given = status if isinstance(status, int) else known.status
    return ErrorReply(
        status=given,
        code=code if code is not None else known.code,
        message=message,
        words=known.message,
        type=type if type is not None else known.type,
        param=param if param is not None else known.param,
        retry_after=retry_after,
        headers=header_pairs(headers),
        body=body,
    )


def _check_seconds(seconds: object) -> None:
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise SettingsError("retry_after", seconds, "seconds, 0 or more")


def _known(status: object, code: str | None) -> Known:
    if isinstance(status, str):
        if status in NAMED:
            return NAMED[status]
        raise SettingsError("api_error(…)", status, "a status from 400 to 599 or one of " + ", ".join(sorted(NAMED)))
    if isinstance(status, bool) or not isinstance(status, int) or not LOWEST <= status <= HIGHEST:
        raise SettingsError("api_error(…)", status, "a status from 400 to 599 or one of " + ", ".join(sorted(NAMED)))
    named = NAMED.get(code or "")
    if named is not None and named.status == status:
        return named
    fallback = Known(status, "invalid_request_error" if status < 500 else "server_error", code, "The request failed.")  # noqa: PLR2004
    usual = NAMED.get(BY_STATUS.get(status, ""), fallback)
    return usual if code is None else Known(status, usual.type, code, usual.message)
