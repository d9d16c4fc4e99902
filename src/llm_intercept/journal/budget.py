"""How many calls, tokens and dollars a test may use.

Knows: the journal's sums. Must not know: rules, HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.base.checks import is_number
from llm_intercept.errors import BudgetExceededError, SettingsError
from llm_intercept.journal.shown_calls import SHOWN, in_lines

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Journal


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be used; None for no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for name in ("calls", "tokens", "cost"):
            given: object = getattr(self, name)
            if given is not None and not is_number(given, 0):
                raise SettingsError(f"budget({name}=…)", given, "a number, 0 or more")

    def exceeded(self, journal: Journal) -> BudgetExceededError | None:
        """Say what has been used beyond the budget; None if nothing has."""
        totals = journal.totals
        used: dict[str, tuple[float | None, float]] = {
            "calls": (self.calls, journal.noted),
            "tokens": (self.tokens, totals.tokens),
            "US dollars": (self.cost, totals.cost if self.cost is not None else 0),
        }
        for what, (allowed, taken) in used.items():
            if allowed is not None and taken > allowed:
                return BudgetExceededError(what, allowed, taken, in_lines(journal.calls, SHOWN))
        return None
