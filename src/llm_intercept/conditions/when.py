"""`when(…)`: a condition to combine with others, from the same arguments as `llm.on(…)`.

Knows: how conditions are given. Must not know: rules.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from llm_intercept.conditions.base import Both, Condition
from llm_intercept.conditions.given import some_conditions

if TYPE_CHECKING:
    from typing import Unpack

    from llm_intercept.conditions import Conditions
    from llm_intercept.conditions.given import ConditionLike


def when(*conditions: ConditionLike, **wanted: Unpack[Conditions]) -> Condition:
    """Make a condition for `llm.on(…)`, to combine with `&`, `|` and `~`; all that is given must hold.

    Args:
        *conditions: A str found in the last user message (whatever its case), a pattern searched there, a function of
            the `LLMRequest` that returns something true, another condition, or a respx pattern.
        **wanted: What else is asked of the request, by keyword: `model=`, `system=`, `tool=`, `turn=`, …; see
            `Conditions` for each.

    Raises:
        SettingsError: A condition has a type it cannot have, there is no such keyword, or none is given.

    """
    return reduce(Both, some_conditions("when", conditions, wanted))
