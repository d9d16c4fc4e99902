"""What a block ends with: the first of all that went wrong, the others noted on it.

Knows: the journal. Must not know: exchanges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.errors import (
    BudgetExceededError,
    ExpectationError,
    LLMInterceptError,
    UnmatchedRequestError,
    UnusedRuleError,
)
from llm_intercept.shown import indented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.journal.budget import Budget
    from llm_intercept.journal.journal import Journal
    from llm_intercept.rules.book import RuleBook


def settled(
    journal: Journal,
    budget: Budget | None,
    book: RuleBook | None,
    recorded: LLMInterceptError | None = None,
    *,
    all_used: bool = False,
) -> LLMInterceptError | None:
    """Return the error to raise, None if nothing went wrong.

    Args:
        journal: What took place.
        budget: What was allowed.
        book: The rules, where a block came to its end; that they did not answer as often as they were to, and which are
            left over, is told only where nothing else went wrong, which may be why.
        recorded: What went wrong with the recordings.
        all_used: Whether all rules were to be used.

    """
    errors = [*_errors(journal, budget), *(() if recorded is None else (recorded,))]
    if not errors and book is not None:
        errors = list(_left(book, all_used=all_used))
    if not errors:
        return None
    first: LLMInterceptError = errors[0]
    if journal.untold:
        first.add_note(f"… and {journal.untold:,} more failures, of which only the number was kept.")
    seen = {type(first)}
    for other in errors[1:]:
        if isinstance(other, BudgetExceededError) and BudgetExceededError in seen:
            continue
        seen.add(type(other))
        if str(other) not in (str(first), *getattr(first, "__notes__", ())):
            first.add_note(str(other))
    return first


def _left(book: RuleBook, *, all_used: bool) -> Iterator[LLMInterceptError]:
    if unmet := book.unmet():
        details = [line for facts in unmet for line in indented(str(facts), 2)]
        yield ExpectationError("rules did not answer as often as they were to.", details)
    if all_used and (unused := book.unused()):
        yield UnusedRuleError(unused)


def _errors(journal: Journal, budget: Budget | None) -> Iterator[LLMInterceptError]:
    failures = [one for one in journal.failures if isinstance(one, LLMInterceptError)]
    yield from failures
    if journal.unmatched:
        yield UnmatchedRequestError(journal.unmatched)
    exceeded = budget.exceeded(journal) if budget is not None else None
    if exceeded is not None and not any(type(one) is type(exceeded) for one in failures):
        yield exceeded
