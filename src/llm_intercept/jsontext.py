"""JSON text in and out, total: whatever a client sends is read, whatever a reply holds is written.

Knows: JSON and UTF-8. Must not know: what the values mean.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json, to_json


def decode(body: bytes) -> Any:
    """Read JSON; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD.

    Raises:
        ValueError: `body` is not JSON.

    """
    try:
        return from_json(body)
    except ValueError:
        return _without_surrogates(json.loads(body))


def encode(value: object, indent: int | None = None) -> bytes:
    """Write JSON in UTF-8 without escaping what UTF-8 can say; a lone surrogate becomes U+FFFD."""
    try:
        return to_json(value, indent=indent)
    except ValueError:
        return to_json(_without_surrogates(value), indent=indent)


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value
