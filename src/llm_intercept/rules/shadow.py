"""Which rules can never answer, because an earlier one answers whatever they would match.

Knows: what conditions are made of. Must not know: requests; nothing is asked here, and users' functions are not called.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from llm_intercept.jsontext import is_array, is_object, items, mapping
from llm_intercept.rules.body import JsonCondition
from llm_intercept.rules.condition import Both, Condition, Either, Not
from llm_intercept.rules.fields import (
    FormatCondition,
    ModelCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
)
from llm_intercept.rules.http import HeadersCondition, UrlCondition
from llm_intercept.rules.texts import TextCondition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.rules.rule import Rule

WILD = re.compile(r"[*?\[]")
FURTHEST = 64  # turns that are looked at


def shadow_of(rule: Rule, earlier: Iterable[Rule]) -> Rule | None:
    """Find the earlier rule that leaves nothing for `rule`; None if there is none.

    A rule with `times=` steps aside in the end, so it shadows nothing.
    """
    return next(
        (one for one in earlier if one.times is None and one.replies and _all_imply(rule.conditions, one.conditions)),
        None,
    )


def shadowed(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    """Pair each rule that can never answer with the earlier one that answers instead."""
    found = ((rule, shadow_of(rule, rules[:number])) for number, rule in enumerate(rules))
    return [(rule, by) for rule, by in found if by is not None]


def _all_imply(given: Sequence[Condition], wanted: Sequence[Condition]) -> bool:
    return all(any(implies(one, other) for one in given) for other in wanted)


def implies(given: Condition, wanted: Condition) -> bool:
    """Tell whether every request that fulfils `given` fulfils `wanted`; False where that cannot be told."""
    if given == wanted:
        return True
    if isinstance(wanted, Both):
        return implies(given, wanted.first) and implies(given, wanted.second)
    if isinstance(given, Either):
        return implies(given.first, wanted) and implies(given.second, wanted)
    if isinstance(given, Both):
        return implies(given.first, wanted) or implies(given.second, wanted)
    if isinstance(wanted, Either):
        return implies(given, wanted.first) or implies(given, wanted.second)
    if isinstance(given, Not) and isinstance(wanted, Not):
        return implies(wanted.inner, given.inner)
    return _alike(given, wanted)


def _alike(given: Condition, wanted: Condition) -> bool:
    match given, wanted:
        case TextCondition(field, str(text)), TextCondition(other, other_wanted) if field == other:
            return _text_implies(text, other_wanted)
        case (
            (ModelCondition(str(name)), ModelCondition(other))
            | (ToolCondition(str(name)), ToolCondition(other))
            | (ToolResultCondition(str(name)), ToolResultCondition(other))
        ):
            return _name_implies(name, other)
        case TurnCondition(), TurnCondition():
            return all(_has(wanted, turn) for turn in range(1, FURTHEST) if _has(given, turn))
        case FormatCondition(name), FormatCondition(other, of_class):
            return name == other and not of_class
        case HeadersCondition(pairs), HeadersCondition(others):
            return set(others) <= set(pairs)
        case UrlCondition(str(url)), UrlCondition(str(), searched):
            return "*" not in url and searched.search(url) is not None
        case JsonCondition(body), JsonCondition(other):
            return _json_implies(body, other)
        case _:
            return False


def _text_implies(given: str, wanted: str | re.Pattern[str]) -> bool:
    """A text with a longer string in it has the shorter one; what a pattern finds may hang on what is around it."""
    return isinstance(wanted, str) and wanted.casefold() in given.casefold()


def _name_implies(given: str, wanted: str | re.Pattern[str]) -> bool:
    if isinstance(wanted, re.Pattern):
        return not WILD.search(given) and wanted.search(given) is not None
    if WILD.search(given):
        return wanted == "*" or (wanted.endswith("*") and not WILD.search(wanted[:-1]) and _starts(given, wanted[:-1]))
    return fnmatchcase(given, wanted)


def _starts(glob: str, prefix: str) -> bool:
    literal = WILD.split(glob, maxsplit=1)[0]
    return literal.startswith(prefix)


def _has(condition: TurnCondition, turn: int) -> bool:
    return turn == condition.wanted if isinstance(condition.wanted, int) else turn in condition.wanted


def _json_implies(given: Any, wanted: Any) -> bool:
    if is_object(wanted):
        has = mapping(given)
        keys = mapping(wanted).items()
        return is_object(given) and all(key in has and _json_implies(has[key], value) for key, value in keys)
    if is_array(wanted) and is_array(given) and len(given) == len(wanted):
        return all(map(_json_implies, items(given), items(wanted)))
    return bool(given == wanted) and type(given) is type(wanted)
