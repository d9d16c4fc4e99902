"""Warns of a rule's regular expression that some short text keeps going for ever: Python's `re` has no bound in time.

Knows: conditions that have patterns, how patterns run away. Must not know: requests.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.conditions.base import Both, Condition, Either, Not
from llm_intercept.errors import RunawayPatternWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.rules.rule import Rule


def warn_of_runaways(rule: Rule) -> None:
    """Warn of each pattern of a rule that takes for ever on a short text, at the rule's line."""
    try:
        found = dict.fromkeys(pattern for condition in rule.conditions for pattern in _patterns(condition))
    except RecursionError:  # conditions that are too deep for Python
        return
    for pattern in found:
        _check(pattern, rule)


def _check(pattern: re.Pattern[str], rule: Rule) -> None:
    from llm_intercept.secrets.user_patterns import runaway, why_runaway  # noqa: PLC0415 - few rules have patterns

    text = runaway(pattern)
    if text:
        told = f"{rule} ({rule.where}): a request may hang in {pattern.pattern!r}. {why_runaway(text)}"
        path, _, line = rule.where.rpartition(":")
        number = int(line) if line.isdecimal() else 1
        warnings.warn_explicit(RunawayPatternWarning(told), RunawayPatternWarning, path or rule.where, number)


def _patterns(within: object) -> Iterator[re.Pattern[str]]:
    """Give the patterns that a condition has, or what it looks for."""
    if isinstance(within, re.Pattern):
        pattern = cast("re.Pattern[Any]", within)
        if isinstance(pattern.pattern, str):
            yield pattern
        return
    for one in _parts(within):
        yield from _patterns(one)


def _parts(within: object) -> Iterable[object]:
    """Give what a condition, or what it looks for, is made of."""
    match within:
        case Both() | Either():
            return within.first, within.second
        case Not():
            return (within.inner,)
        case Condition():
            return (getattr(within, "wanted", ""),)
        case tuple():
            return cast("tuple[object, ...]", within)
        case _:
            return mapping(within).values() if is_object(within) else items(within) if is_array(within) else ()
