"""What OpenAI refuses with a 400, in its words: what is missing, of the wrong type, or out of its range.

Knows: the words of its errors. Must not know: any API's fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.json import is_object, items
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]+")
LONGEST_NAME = 64
UNLIMITED = -1
"""What a program says to a server of its own for an answer of any length (the docs of LM Studio and llama.cpp)."""


def refused(message: str, param: str | None = None, code: str | None = None, hint: str = "") -> BadRequestError:
    """Make the refusal of a request."""
    error = ErrorReply(400, message=message, type="invalid_request_error", param=param, code=code)
    return BadRequestError(error, hint)


def missing(name: str) -> BadRequestError:
    """Refuse a request for what it does not have."""
    return refused(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def without_model() -> BadRequestError:
    """Refuse a request that names no model."""
    return refused("you must provide a model parameter", hint='Give a "model": any name will do.')


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


def check_decimal(body: Mapping[str, Any], name: str, least: float, most: float) -> None:
    """Refuse a field that is given and no number, or out of its range."""
    value = body.get(name)
    if value is None:
        return
    if not is_number(value):
        raise wrong_type(name, "a decimal", value)
    if not least <= value <= most:
        side, sign, bound = ("below minimum", ">=", least) if value < least else ("above maximum", "<=", most)
        code = "decimal_below_min_value" if value < least else "decimal_above_max_value"
        message = f"Invalid '{name}': decimal {side} value. Expected a value {sign} {bound:g}, but got {value} instead."
        raise refused(message, name, code)


def check_type(body: Mapping[str, Any], name: str, kind: type, expected: str) -> None:
    """Refuse a field that is given and of another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise wrong_type(name, expected, value)


def check_pattern(value: str, place: str, pattern: re.Pattern[str], most: int) -> None:
    """Refuse a name that is too long, or has characters that names have not."""
    if pattern.fullmatch(value) is None:
        told = f"Expected a string that matches the pattern '^{pattern.pattern}$'."
        raise refused(f"Invalid '{place}': string does not match pattern. {told}", place, "invalid_value")
    if len(value) > most:
        told = f"Expected a string with maximum length {most}, but got a string with length {len(value)} instead."
        raise refused(f"Invalid '{place}': string too long. {told}", place, "string_above_max_length")


def check_name(value: str, place: str) -> None:
    """Refuse the name of a tool that OpenAI would not take."""
    check_pattern(value, place, TOOL_NAME, LONGEST_NAME)


def check_length(value: object, place: str, most: int) -> None:
    """Refuse an array with more entries than it may have."""
    if len(items(value)) > most:
        told = (
            f"Expected an array with maximum length {most}, but got an array with length {len(items(value))} instead."
        )
        raise refused(f"Invalid '{place}': array too long. {told}", place, "array_above_max_length")


def empty_array(place: str) -> BadRequestError:
    """Refuse an array that must not be empty."""
    told = "Expected an array with minimum length 1, but got an empty array instead."
    return refused(f"Invalid '{place}': empty array. {told}", place, "empty_array")


def _json_type(value: object) -> str:
    names: dict[type, str] = {str: "a string", bool: "a boolean", int: "an integer", float: "a decimal number"}
    return names.get(type(value), "an object" if is_object(value) else "an array")
