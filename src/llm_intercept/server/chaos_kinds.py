"""The kinds of chaos as JSON says them: a status, the name of a fault, or that name with its arguments.

Knows: faults by their names. Must not know: HTTP, who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept import faults
from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, is_object
from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import SettingsError
from llm_intercept.replies.api_error import api_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.simulation.chaos import Kind

FAULTS = tuple(name for name in dir(faults) if name[0].islower() and isinstance(getattr(faults, name), type))
EXPECTED = 'a list of statuses (429), faults ("timeout") and faults with arguments ({"disconnect": {"after": 2}})'


def kinds_of(value: Any) -> list[Kind]:
    """Make the kinds; raises `SettingsError` at what is none."""
    if not is_array(value):
        raise SettingsError("kinds", value, EXPECTED)
    return [_kind(one) for one in value]


def _kind(one: Any) -> Kind:
    if is_int(one):
        return api_error(one)
    if isinstance(one, str):
        return _fault(one, {})
    if is_object(one) and len(one) == 1:
        name, arguments = next(iter(one.items()))
        if is_object(arguments):
            return _fault(name, arguments)
    raise SettingsError("kinds", one, EXPECTED)


def _fault(name: str, arguments: Mapping[str, Any]) -> Kind:
    if name not in FAULTS:
        raise SettingsError("kinds", name, advice=did_you_mean(name, FAULTS))
    try:
        fault: Kind = getattr(faults, name)(**arguments)
    except TypeError as error:
        raise SettingsError(f"kinds: {name}", dict(arguments), f"its own arguments ({error})") from error
    return fault
