"""JSON text in and out, total: whatever a client sends is read, whatever a reply holds is written.

What a user gives to be sent is checked here too: values as JSON text, headers as pairs.

Knows: JSON, UTF-8, and what to say of a value that cannot be sent. Must not know: what the values mean.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from pydantic_core import from_json, to_json

from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from pydantic import BaseModel

DEEPEST = 320
"""How deep a value may be nested: whatever looks at each of its parts can still go so deep."""
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNSENT = frozenset("\r\n\0")
"""What a header's name is, and what no value has: a client would read another header, or another answer."""
OBJECT = (dict, Mapping)
"""What a JSON object may be; `dict` comes first because the look at an abstract class is slow."""
LEAVES = frozenset({str, int, float, bool, type(None)})
"""The classes of what most values are; one of these is told before that look."""


class TooDeepError(ValueError):
    """JSON is nested deeper than it may be."""

    def __init__(self, deepest: int) -> None:
        super().__init__(f"it is nested deeper than {deepest} values")


def decode(body: bytes) -> Any:
    """Read JSON, or raise `ValueError`; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD."""
    try:
        return from_json(body)
    except ValueError:
        return _without_surrogates(loads(body))


def loads(text: str | bytes, deepest: int = DEEPEST, **hooks: Any) -> Any:
    """Read JSON as Python does; raises `ValueError`, and `TooDeepError` if nobody can look at all of it.

    Args:
        text: The JSON.
        deepest: How deep it may be nested.
        **hooks: What `json.loads` takes.

    """
    try:
        value = json.loads(text, **hooks)
    except RecursionError:
        raise TooDeepError(deepest) from None
    opened = text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    if opened > deepest and _is_deeper(value, deepest):
        raise TooDeepError(deepest)
    return value


def _is_deeper(value: Any, deepest: int) -> bool:
    """Whether a value is nested deeper; level by level, since a function that calls itself goes only so deep."""
    level: list[Any] = [value]
    for _ in range(deepest + 1):
        level = [part for one in level for part in (mapping(one).values() if is_object(one) else items(one))]
        if not level:
            return False
    return True


def json_object(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None if `body` is something else, or nested too deep to read."""
    try:
        value = decode(body)
    except ValueError:
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
    """Whether `value` is a JSON object."""
    return value.__class__ not in LEAVES and isinstance(value, OBJECT)


def is_array(value: object) -> bool:
    """Whether `value` is a JSON array."""
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


def plain(value: object) -> Any:
    """Return a copy of a JSON value in plain dicts and lists."""
    if value.__class__ in LEAVES:
        return value
    if is_object(value):
        return {key: plain(item) for key, item in mapping(value).items()}
    return [plain(item) for item in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 is 1.0 and NaN is NaN, but true is not 1, at any depth."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(is_same(value, other[key]) for key, value in one.items())
    if is_array(one) and is_array(other):
        return len(one) == len(other) and all(map(is_same, one, other))
    if one != one and other != other:  # noqa: PLR0124 - NaN alone is not itself
        return True
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if is_object(value):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in mapping(value).items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in list(cast("list[Any]", value))]
    return value


def header_pairs(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return headers as pairs; raises `ReplyError` if they are none, or one cannot be one line of a head."""
    if headers is not None and not isinstance(cast("object", headers), Mapping):
        raise ReplyError(f"headers={headers!r} cannot be sent", "Give a mapping: headers={'name': 'value'}.")
    for name, value in (headers or {}).items():
        if not isinstance(cast("object", name), str) or not isinstance(cast("object", value), str):
            raise ReplyError(f"The header {name!r}: {value!r} cannot be sent", "Names and values are str.")
        if NAME.fullmatch(name) is None:
            advice = "A name is letters, digits and any of !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2)."
            raise ReplyError(f"The header {name!r} cannot be sent", advice)
        if not UNSENT.isdisjoint(value):
            advice = "A value is one line: it has no line ends and no NUL (RFC 9110, 5.5)."
            raise ReplyError(f"The header {name!r}: {value!r} cannot be sent", advice)
    return tuple((headers or {}).items())


class Unlaid(str):
    """JSON text that nobody laid out but we: an API may lay it out as its models do."""

    __slots__ = ()

    def spaced(self) -> str:
        """Lay it out with a space behind each comma and colon."""
        return json.dumps(loads(self), ensure_ascii=False)


def is_model(value: object) -> TypeGuard[BaseModel]:
    """Whether a value is a pydantic model. Where nobody has loaded pydantic it is none, and is not loaded to tell."""
    pydantic = sys.modules.get("pydantic.main")
    return isinstance(value, getattr(pydantic, "BaseModel", ()))  # which another thread may be importing


def to_json_text(value: object) -> Unlaid:
    """Write a value as compact JSON; raises `ReplyError` if it cannot be written."""
    import pydantic  # noqa: PLC0415 - most values that are written are no models, and clients load no pydantic

    try:
        text = _dumped(value)
        loads(text, parse_constant=no_constant)
    except (ValueError, TypeError, RecursionError, pydantic.PydanticUserError) as error:
        advice = "Use mappings, lists, str, numbers, bool and None, or a pydantic model."
        raise ReplyError(f"{value!r} cannot be written as JSON ({error})", advice) from error
    return Unlaid(text)


def _dumped(value: object) -> str:
    import pydantic  # noqa: PLC0415 - as above

    if isinstance(value, dict | list | str | int | float | bool | None):
        return encode(cast("object", value)).decode()
    if is_model(value):
        return value.model_dump_json()
    return pydantic.TypeAdapter(type(value)).dump_json(value).decode()


def no_constant(name: str) -> None:
    """Refuse NaN and the infinities, which Python's JSON has and JSON has not."""
    raise ValueError(f"{name} is not JSON")
