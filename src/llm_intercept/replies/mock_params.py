"""litellm's mock parameters: what `mock_response` and its kin ask for, wherever they are found.

Knows: litellm's names and their meaning (its "Mock Completion Responses" page, litellm 1.106). Must not know: HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, items, mapping, text, to_json_text
from llm_intercept.errors import MockedError, ReplyError, SettingsError
from llm_intercept.model.parts import ToolCall
from llm_intercept.model.wire import NetworkFaultError
from llm_intercept.replies.api_error import api_error
from llm_intercept.replies.kinds import ErrorReply, Prepared, RawReply, prepare
from llm_intercept.replies.make import raw
from llm_intercept.replies.raised import RaiseError
from llm_intercept.replies.reply import Reply
from llm_intercept.settings import DEFAULT_REPLY

PREFIX = "litellm."
MOCK_PARAMS = frozenset({"mock_response", "mock_tool_calls", "mock_delay", "mock_timeout"})
"""The fields of a call or a request's body that ask for a mock."""
# Every error litellm has that a completion can end with: its status, and the API error that stands for it.
STATUS = {
    "APIConnectionError": 500,
    "APIError": 500,
    "APIResponseValidationError": 500,
    "AuthenticationError": 401,
    "BadGatewayError": 502,
    "BadRequestError": 400,
    "BlockedPiiEntityError": 400,
    "BudgetExceededError": 429,
    "ContentPolicyViolationError": 400,
    "ContextWindowExceededError": 400,
    "GuardrailRaisedException": 400,
    "ImageFetchError": 400,
    "InternalServerError": 500,
    "InvalidRequestError": 400,
    "JSONSchemaValidationError": 500,
    "LiteLLMUnknownProvider": 400,
    "MidStreamFallbackError": 503,
    "MockException": 500,
    "ModelNotMappedError": 400,
    "ModifyResponseException": 400,
    "NotFoundError": 404,
    "OpenAIError": 500,
    "PaymentRequiredError": 402,
    "PermissionDeniedError": 403,
    "RateLimitError": 429,
    "RejectedRequestError": 400,
    "RouterRateLimitError": 429,
    "RouterRateLimitErrorBasic": 429,
    "SensitiveDataRouteException": 400,
    "ServiceUnavailableError": 503,
    "Timeout": 408,
    "ToolLoopMaxRoundsExceeded": 400,
    "UnprocessableEntityError": 422,
    "UnsupportedParamsError": 400,
    "VectorStoreSearchError": 400,
}
CODES = {
    "ContextWindowExceededError": "context_length_exceeded",
    "ContentPolicyViolationError": "content_filter",
    "RateLimitError": "rate_limit_exceeded",
}
NAME_OF_CODE = {code: name for name, code in CODES.items()}
NAME_OF_STATUS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "PaymentRequiredError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "Timeout",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "BadGatewayError",
    503: "ServiceUnavailableError",
}


def mocked_error(name: str, model: str = "") -> MockedError:
    """Make a `MockedError` whose class has one of litellm's names, and its status; raises `SettingsError` at others."""
    _check_name(name)
    kind = _CLASSES.setdefault(
        name, type(name, (MockedError,), {"status_code": STATUS[name], "__doc__": MockedError.__doc__})
    )
    made: MockedError = kind(f"this is a mock {name}", model)
    return made


_CLASSES: dict[str, type[MockedError]] = {}


def error_of(status: int, body: str, code: object, model: str) -> MockedError:
    """Make the exception for what the API answered: the status (or its stand-in in a stream), text and code."""
    name = NAME_OF_CODE.get(str(code)) or NAME_OF_STATUS.get(status, "APIError")
    error = mocked_error(name, model)
    error.status_code, error.message = status, body
    error.args = (f"litellm.{name}: {body}",)
    return error


def failed(given: BaseException | type[BaseException], model: str) -> BaseException:
    """Return what litellm raises for an exception that is to be raised: an API error as it is, others within one."""
    error = given if isinstance(given, BaseException) else given()
    if not isinstance(error, Exception) or hasattr(error, "status_code"):
        return error
    made = mocked_error("InternalServerError", model)
    made.message = f"litellm.InternalServerError: {error}"
    made.args = (made.message,)
    made.__cause__ = error
    return made


@dataclass(frozen=True, slots=True)
class Mocked:
    """What the mock parameters of one request ask for: a reply, and seconds to wait before it."""

    reply: Prepared
    delay: float = 0.0


def mocked(fields: Mapping[str, Any]) -> Mocked | None:
    """Read the mock parameters among a request's fields; None if there is none.

    Args:
        fields: The request's fields: `mock_response` (text, a list of the pieces of one text, a mapping, an
            exception, `"litellm.<Error>"`),
            `mock_tool_calls` (a list of calls as the API writes them), `mock_delay` (seconds), `mock_timeout`.

    Raises:
        ReplyError: A value cannot be answered with.
        SettingsError: `"litellm.<name>"` names no error of litellm's.

    """
    if fields.get("mock_timeout"):
        return Mocked(RaiseError(NetworkFaultError("ReadTimeout", "this is a mock timeout error")))
    if fields.get("mock_response") is None and fields.get("mock_tool_calls") is None:
        return None
    given = fields.get("mock_response")
    reply = Reply(DEFAULT_REPLY) if given is None and not fields.get("mock_tool_calls") else _reply(given)
    calls = fields.get("mock_tool_calls")
    if calls:
        reply = prepare([reply, *(_tool_call(call) for call in _list(calls))], "mock_tool_calls")
    return Mocked(reply, _seconds(fields.get("mock_delay")))


def _reply(given: object) -> Prepared:
    if given is None:
        return Reply()
    if isinstance(given, str) and given.startswith(PREFIX):
        return error_reply(given.removeprefix(PREFIX))
    if isinstance(given, Mapping):
        return completed(cast("Mapping[str, Any]", given))
    if is_array(given):
        _check_list(items(given))
    return prepare(given, "mock_response")


def _check_list(given: list[object]) -> None:
    """Refuse a list that was meant as one answer a call: a list is one answer, in pieces, the same at each call."""
    if not given or any(isinstance(one, Mapping | BaseException) or str(one).startswith(PREFIX) for one in given):
        problem = (
            f"mock_response is {given!r}; a list is one answer, in pieces"
            if given
            else "mock_response is an empty list"
        )
        advice = "For one answer a call, ask within a block: `with intercept() as llm: llm.reply(first, second)`."
        raise ReplyError(problem, advice)


def error_reply(name: str) -> ErrorReply:
    """Make the API error that stands for one of litellm's names; raises `SettingsError` at others."""
    _check_name(name)
    return api_error(STATUS[name], code=CODES.get(name), message=None if name in CODES else f"this is a mock {name}")


def completed(body: Mapping[str, Any]) -> RawReply:
    """Make a reply of an answer given as a mapping; raises `ReplyError` if it has neither `choices` nor `output`."""
    if "choices" not in body and "output" not in body:
        advice = (
            'Give the whole completion, {"choices": [{"message": {"role": "assistant", "content": "…"}}]}, or a str.'
        )
        raise ReplyError(f"mock_response is a mapping without 'choices': {dict(body)!r}", advice)
    return raw(body)


def _check_name(name: str) -> None:
    if name not in STATUS:
        expected = "text, or one of " + ", ".join(f"'litellm.{one}'" for one in sorted(STATUS))
        raise SettingsError("mock_response", PREFIX + name, expected)


def _list(value: object) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return cast("Sequence[Any]", value)
    raise ReplyError(f"mock_tool_calls is {value!r}", "Give a list of tool calls, as the API writes them.")


def _tool_call(value: object) -> ToolCall:
    if isinstance(value, ToolCall):
        return value
    call = mapping(value)
    function = mapping(call.get("function"))
    if not text(function.get("name")):
        advice = (
            'Write {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}} or tool_call(…).'
        )
        raise ReplyError(f"A call in mock_tool_calls is {value!r}", advice)
    identifier, arguments = call.get("id"), function.get("arguments", "{}")
    if identifier is not None and (not isinstance(identifier, str) or not identifier):
        raise ReplyError(f"A call in mock_tool_calls is {value!r}", "Give its id as a str, or leave it out.")
    written = arguments if isinstance(arguments, str) else to_json_text(arguments)
    return ToolCall(function["name"], written, identifier or "")


def _seconds(value: object) -> float:
    if value is None:
        return 0.0
    if is_number(value, 0):
        return float(value)
    raise SettingsError("mock_delay", value, "seconds, 0 or more")
