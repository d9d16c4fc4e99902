"""Whether the APIs that a rule names are any: a misspelt name would hold for no request, and nobody would be told.

Knows: the names that requests have, conditions on them. Must not know: what an API is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_intercept.base.words import did_you_mean
from llm_intercept.conditions.api import ApiCondition
from llm_intercept.conditions.base import Both, Either, Not
from llm_intercept.conditions.given import some_conditions
from llm_intercept.conditions.names import fits
from llm_intercept.dialects import api_names
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from llm_intercept.conditions.base import Condition

SHOWN = 3


def rule_conditions(positional: Iterable[object], named: Mapping[str, object]) -> tuple[Condition, ...]:
    """Make the conditions of `on(…)`.

    Raises:
        SettingsError: One cannot be made, there is none, or it names no API.

    """
    found = some_conditions("on", positional, named)
    check_apis(found)
    return found


def check_apis(conditions: Iterable[Condition]) -> None:
    """Refuse conditions on an API that no request is one of.

    Raises:
        SettingsError: There is one; a pattern is not looked at.

    """
    names = api_names()
    for one in _within(conditions):
        wanted = one.wanted
        if isinstance(wanted, str) and wanted and not any(fits(wanted, name) for name in names):
            raise SettingsError("api", wanted, advice=f"No API is called so. {_meant(wanted, names)}")


def _meant(wanted: str, names: Sequence[str]) -> str:
    """Say which APIs a name has within it (`openai.chat_completions`), or which have it in theirs, or the nearest."""
    words = _words(wanted)
    found = [name for name in names if _words(name) <= words] or [name for name in names if wanted in name.split(".")]
    if not found:
        return did_you_mean(wanted, names)
    every = f" {wanted + '.*'!r} means all of its APIs." if found[0].startswith(f"{wanted}.") else ""
    return f"Did you mean {' or '.join(map(repr, found[:SHOWN]))}?{every}"


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.lower()))


def _within(conditions: Iterable[Condition]) -> Iterator[ApiCondition]:
    for one in conditions:
        if isinstance(one, ApiCondition):
            yield one
        elif isinstance(one, Both | Either):
            yield from _within((one.first, one.second))
        elif isinstance(one, Not):
            yield from _within((one.inner,))
