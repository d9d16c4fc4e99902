"""What a user gives to be sent, checked and written: values as JSON text, headers as pairs.

Knows: JSON, pydantic, and what to say of a value that cannot be sent. Must not know: replies, HTTP libraries.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pydantic

from llm_intercept.errors import ReplyError
from llm_intercept.jsontext import encode

if TYPE_CHECKING:
    from collections.abc import Mapping


def header_pairs(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Check headers and return them as pairs.

    Raises:
        ReplyError: A name or value is not a str.

    """
    for name, value in (headers or {}).items():
        if not isinstance(cast("object", name), str) or not isinstance(cast("object", value), str):
            raise ReplyError(f"The header {name!r}: {value!r} cannot be sent", "Names and values are str.")
    return tuple((headers or {}).items())


def to_json_text(value: object) -> str:
    """Write a value as compact JSON.

    Raises:
        ReplyError: It cannot be written.

    """
    try:
        text = _dumped(value)
        json.loads(text, parse_constant=no_constant)
    except (ValueError, TypeError, RecursionError, pydantic.PydanticUserError) as error:
        advice = "Use mappings, lists, str, numbers, bool and None, or a pydantic model."
        raise ReplyError(f"{value!r} cannot be written as JSON ({error})", advice) from error
    return text


def _dumped(value: object) -> str:
    if isinstance(value, dict | list | str | int | float | bool | None):
        return encode(cast("object", value)).decode()
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump_json()
    return pydantic.TypeAdapter(type(value)).dump_json(value).decode()


def no_constant(name: str) -> None:
    """Refuse NaN and the infinities, which Python's JSON has and JSON has not."""
    raise ValueError(f"{name} is not JSON")
