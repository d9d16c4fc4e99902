"""Errors to answer with: `api_error` and the names it knows.

Knows: which status belongs to which error. Must not know: any API's words for them, which are its dialect's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from llm_intercept.base.json import header_pairs, to_json_text
from llm_intercept.base.spelling import spelt_with
from llm_intercept.base.words import nearest
from llm_intercept.errors import SettingsError
from llm_intercept.replies.kinds import ErrorReply
from llm_intercept.replies.reply import checked_faults, checked_pace
from llm_intercept.settings.of_others import OF_ERRORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.faults.base import Fault
    from llm_intercept.timing.pace import Pace

LOWEST, HIGHEST = 400, 599
ErrorName = Literal[
    "invalid_request",
    "context_length_exceeded",
    "content_filter",
    "invalid_api_key",
    "permission_denied",
    "model_not_found",
    "conflict",
    "request_too_large",
    "unprocessable_entity",
    "rate_limit_exceeded",
    "insufficient_quota",
    "server_error",
    "bad_gateway",
    "service_unavailable",
    "gateway_timeout",
    "overloaded",
]
NAMES: dict[str, int] = {
    "invalid_request": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "invalid_api_key": 401,
    "permission_denied": 403,
    "model_not_found": 404,
    "conflict": 409,
    "request_too_large": 413,
    "unprocessable_entity": 422,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "server_error": 500,
    "bad_gateway": 502,
    "service_unavailable": 503,
    "gateway_timeout": 504,
    "overloaded": 529,
}
"""Every error that has a name, and its status; the first of a status is what the status alone stands for."""


@spelt_with(OF_ERRORS)
def api_error(
    status: int | ErrorName,
    message: str | None = None,
    *,
    code: str | None = None,
    type: str | None = None,  # noqa: A002 - the API's name
    param: str | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    fault: Fault | tuple[Fault, ...] | None = None,
    pace: Pace | None = None,
) -> ErrorReply:
    """Make an API error to answer with, in the words of whichever API is asked.

    Args:
        status: The HTTP status, 400 to 599, or the name of an error: context_length_exceeded, content_filter,
            insufficient_quota, invalid_api_key, model_not_found, rate_limit_exceeded and others.
        message: What it says, instead of the API's own words.
        code: Its code; a known one brings its own type, message and param.
        type: Its type.
        param: The parameter it is about.
        retry_after: Seconds the client is told to wait. Without it a retryable error lets clients try again at once.
        headers: Headers to send beside the usual ones, or instead of those of the same name.
        body: A whole body instead: text, or anything that JSON can say.
        fault: What goes wrong with the answer on its way.
        pace: How long it takes.

    Raises:
        SettingsError: `status` is neither of these, or `retry_after` is no number of seconds.
        ReplyError: `body` cannot be written as JSON.

    """
    _check_seconds(retry_after)
    if body is not None and not isinstance(body, str | bytes):
        to_json_text(body)
    name, number = _named(status, code)
    return ErrorReply(
        status=number,
        name=name,
        message=message,
        code=code if code != name else None,
        type=type,
        param=param,
        retry_after=retry_after,
        headers=header_pairs(headers),
        body=body,
        given=status,
        faults=checked_faults("api_error(fault=…)", fault),
        pace=checked_pace("api_error(pace=…)", pace),
    )


def _check_seconds(seconds: object) -> None:
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise SettingsError("retry_after", seconds, "seconds, 0 or more")


def _named(status: object, code: str | None) -> tuple[str, int]:
    """Find the name and status of an error.

    Raises:
        SettingsError: `status` is neither a status of errors nor a name.

    """
    if isinstance(status, str) and status in NAMES:
        return status, NAMES[status]
    if isinstance(status, bool) or not isinstance(status, int) or not LOWEST <= status <= HIGHEST:
        near = nearest(status, NAMES) if isinstance(status, str) else None
        meant = f"{near!r}, if that was meant, or " if near is not None else ""
        raise SettingsError(
            "api_error(…)", status, f"{meant}a status from 400 to 599 or one of {', '.join(sorted(NAMES))}"
        )
    if code is not None and NAMES.get(code) == status:
        return code, status
    return next((name for name, known in NAMES.items() if known == status), ""), status
