"""What may be given as a reply's usage: ours, by its names, or the one that an API or its SDK reported, taken whole.

Knows: the neutral usage, what a JSON object of counts looks like. Must not know: the names that an API has for them:
they are read when somebody is asked (`engine/whose_usage.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.base.words import nearest
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.model.usage import COUNTS, NAMES, Usage

SLIP = 0.88
"""How near a name is to one of ours that was meant."""
ASKED = ("input", "prompt")
"""A word that each API has for what was asked, which its usage always counts."""
GIVEN = f"{NAMES}or give the whole object that an API reported."


def is_usage(value: object) -> bool:
    """Whether a value may be a usage: ours, a mapping, or an object of an SDK."""
    return (
        value is None
        or isinstance(value, Usage | Mapping)
        or (not isinstance(value, type) and _dump(value) is not None)
    )


def usage_of(given: Any) -> Usage | None:
    """Read a usage that is given; one in an API's own words is read when it is known who is asked.

    Raises:
        ReplyError: It is none.

    """
    if given is None or isinstance(given, Usage):
        return given
    told = cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else mapping(_dump(given))
    strange = [name for name in told if name not in COUNTS]
    try:
        if not strange:
            return Usage(**told)
        _check_reported(told, strange)
        return Usage(extra=dict(told))
    except SettingsError as error:
        problem = f"Reply(usage={dict(told)!r}): {error.name} is {error.value!r}"
        raise ReplyError(problem, f"Give {error.expected}.") from error


def _dump(value: Any) -> Any:
    """Make plain values of an SDK's object, without the fields that nobody set; None where it is none."""
    if callable(getattr(value, "to_dict", None)):
        return value.to_dict()
    dump = getattr(value, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_unset=True) if callable(dump) else None


def _check_reported(told: Mapping[str, Any], strange: list[str]) -> None:
    for name in strange:
        if not isinstance(cast("object", name), str) or nearest(name, COUNTS, SLIP) is not None:
            raise ReplyError(f"Reply(usage={dict(told)!r}): there is no {name!r}", GIVEN)
        wrong = _no_count(name, told[name])
        if wrong:
            raise ReplyError(f"Reply(usage={dict(told)!r}): {wrong}", "Give what the API reported.")
    if not any(word in name.lower() for name in told for word in ASKED):
        raise ReplyError(f"Reply(usage={dict(told)!r}): there is no {strange[0]!r}", GIVEN)
    if not any(is_number(value) for value in told.values()):
        raise ReplyError(f"Reply(usage={dict(told)!r}) counts nothing", GIVEN)


def _no_count(name: str, value: Any) -> str:
    """Say what of a reported value is no count; empty where all may be."""
    if is_object(value):
        return next(filter(None, (_no_count(f"{name}.{key}", one) for key, one in mapping(value).items())), "")
    if is_array(value):
        return next(filter(None, (_no_count(f"{name}[{n}]", one) for n, one in enumerate(items(value)))), "")
    if value is None or isinstance(value, str | bool) or is_number(value, 0):
        return ""
    return f"{name} is {value!r}"
