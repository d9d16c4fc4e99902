"""Which rules can never answer, because an earlier one answers whatever they would match.

Knows: how conditions are combined. Must not know: what each looks at; nothing is asked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.conditions.base import Both, Condition, Either, Not

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.rules.rule import Rule


def shadow_of(rule: Rule, earlier: Iterable[Rule]) -> Rule | None:
    """Find the earlier rule that leaves nothing for `rule`; None if there is none.

    A rule with `times=` steps aside in the end, so it shadows nothing.
    """
    return next(
        (
            one
            for one in earlier
            if one.at_most is None and one.prepared and one.covers(rule) and _all_imply(rule.conditions, one.conditions)
        ),
        None,
    )


def shadowed(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    """Pair each rule that can never answer with the earlier one that answers instead."""
    found = ((rule, shadow_of(rule, rules[:number])) for number, rule in enumerate(rules))
    return [(rule, by) for rule, by in found if by is not None]


def _all_imply(given: Sequence[Condition], wanted: Sequence[Condition]) -> bool:
    return all(any(implies(one, other) for one in given) for other in wanted)


def implies(given: Condition, wanted: Condition) -> bool:
    """Whether every request that fulfils `given` fulfils `wanted`; False where that cannot be told."""
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
    if isinstance(given, Not):
        return isinstance(wanted, Not) and implies(wanted.inner, given.inner)
    return given.implies(wanted)
