"""Which rules can never answer, because an earlier one answers whatever they would match.

Knows: what conditions are made of. Must not know: requests; nothing is asked here, and users' functions are not called.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.conditions.base import Both, Condition, Either, Not
from llm_intercept.conditions.fields import (
    WILD,
    FormatCondition,
    ModelCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
)
from llm_intercept.conditions.http import HeadersCondition, UrlCondition
from llm_intercept.conditions.json import JsonCondition, typed
from llm_intercept.conditions.text import TextCondition

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from llm_intercept.rules.rule import Rule


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
        case TurnCondition(turns), TurnCondition(others):
            return _turns_imply(turns, others)
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


def _turns_imply(given: int | Container[int], wanted: int | Container[int]) -> bool:
    """Look at the given turns alone, however late; of a long range, at its ends and steps."""
    turns: Any = (given,) if isinstance(given, int) else given
    others: Any = (wanted,) if isinstance(wanted, int) else wanted
    if isinstance(turns, range) and isinstance(others, range):
        return turns[0] in others and turns[-1] in others and (len(turns) == 1 or turns.step % others.step == 0)
    if not isinstance(turns, range | tuple) or (isinstance(turns, range) and len(turns) > len(others)):
        return False
    return all(turn in others for turn in cast("Iterable[int]", turns))


def _json_implies(given: Any, wanted: Any) -> bool:
    if is_object(wanted):
        has = mapping(given)
        keys = mapping(wanted).items()
        return is_object(given) and all(key in has and _json_implies(has[key], value) for key, value in keys)
    if is_array(wanted) and is_array(given) and len(given) == len(wanted):
        return all(map(_json_implies, items(given), items(wanted)))
    return bool(typed(given) == typed(wanted))
