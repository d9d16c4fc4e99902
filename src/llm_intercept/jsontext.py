"""JSON text in and out, total: whatever a client sends is read, whatever a reply holds is written.

Knows: JSON and UTF-8. Must not know: what the values mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import from_json, to_json

OBJECT = (dict, Mapping)
"""What a JSON object may be; `dict` comes first because the look at an abstract class is slow."""


def decode(body: bytes) -> Any:
    """Read JSON; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD.

    Raises:
        ValueError: `body` is not JSON.

    """
    try:
        return from_json(body)
    except ValueError:
        return _without_surrogates(json.loads(body))


def json_object(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None if `body` is something else, or nested too deep to read."""
    try:
        value = decode(body)
    except (ValueError, RecursionError):
        return None
    return value if value.__class__ is dict else None


def encode(value: object, indent: int | None = None) -> bytes:
    """Write JSON in UTF-8 without escaping what UTF-8 can say; a lone surrogate becomes U+FFFD."""
    try:
        return to_json(value, indent=indent)
    except ValueError:
        try:
            return to_json(_without_surrogates(value), indent=indent)
        except ValueError:  # nested deeper than pydantic-core writes
            return json.dumps(_without_surrogates(value), ensure_ascii=False, indent=indent).encode()


def is_object(value: object) -> bool:
    """Tell whether `value` is a JSON object."""
    return isinstance(value, OBJECT)


def is_array(value: object) -> bool:
    """Tell whether `value` is a JSON array."""
    return isinstance(value, list)


def mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is a JSON object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, OBJECT) else {}


def items(value: object) -> list[Any]:
    """Return `value` if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """Return `value` if it is a JSON string, else an empty one."""
    return value if isinstance(value, str) else ""


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if is_object(value):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in mapping(value).items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in list(cast("list[Any]", value))]
    return value
