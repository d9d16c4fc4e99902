"""What OpenAI refuses with a 400, in its words: what is missing, of the wrong type, or out of its range.

Knows: the words of its errors. Must not know: any API's fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping


def refused(message: str, param: str | None = None, code: str | None = None) -> BadRequestError:
    """Make the refusal of a request."""
    return BadRequestError(ErrorReply(400, message=message, type="invalid_request_error", param=param, code=code))


def missing(name: str) -> BadRequestError:
    """Refuse a request for what it does not have."""
    return refused(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def empty(name: str) -> BadRequestError:
    """Refuse a string that must not be empty."""
    said = "Expected a string with minimum length 1, but got an empty string instead."
    return refused(f"Invalid '{name}': empty string. {said}", name, "empty_string")


def wrong_type(name: str, expected: str, value: object) -> BadRequestError:
    """Refuse a value of the wrong type."""
    message = f"Invalid type for '{name}': expected {expected}, but got {_json_type(value)} instead."
    return refused(message, name, "invalid_type")


def check_integer(body: Mapping[str, Any], name: str, least: int, most: int | None = None) -> None:
    """Refuse a field that is given and no whole number, or out of its range."""
    value = body.get(name)
    if value is None:
        return
    if not is_int(value):
        raise wrong_type(name, "an integer", value)
    if value < least or (most is not None and value > most):
        side, sign, bound = ("below minimum", ">=", least) if value < least else ("above maximum", "<=", most)
        message = f"Invalid '{name}': integer {side} value. Expected a value {sign} {bound}, but got {value} instead."
        code = f"integer_{side.replace(' minimum', '_min').replace(' maximum', '_max')}_value"
        raise refused(message, name, code)


def _json_type(value: object) -> str:
    names: dict[type, str] = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal number"}
    return names.get(type(value), "an object" if is_object(value) else "an array")
