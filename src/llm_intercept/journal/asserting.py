"""What a test says of its calls: how the last one was to be, and which were to go unanswered.

Knows: calls, conditions and what they say of a request. Must not know: how a request is answered.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from llm_intercept.conditions.given import all_conditions
from llm_intercept.errors import ExpectationError, SettingsError
from llm_intercept.journal.shown_calls import SHOWN, in_lines
from llm_intercept.shown import indented

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from llm_intercept.conditions.base import Condition
    from llm_intercept.conditions.given import ConditionLike
    from llm_intercept.journal.calls import Calls
    from llm_intercept.journal.journal import Call, Journal


def last_with(calls: Calls, conditions: Sequence[ConditionLike], wanted: Mapping[str, object]) -> Call:
    """Return the last call, whose request fulfils all conditions; see `Interceptor.assert_called_with`."""
    asked = all_conditions("assert_called_with", conditions, wanted)
    if not asked:
        raise SettingsError("assert_called_with()", "", "at least one condition; llm.calls.last is the last call")
    if not calls:
        raise ExpectationError("there was no call.")
    verdicts = [condition.verdict(calls.last.request) for condition in asked]
    failed = [verdict for verdict in verdicts if not verdict.holds]
    if not failed:
        return calls.last
    details = [f"  {calls.last!r}", *(line for verdict in failed for line in indented(str(verdict), 4))]
    others = [number for number, call in enumerate(calls[:-1], 1) if _fulfils(call, asked)]
    if others:
        which = ", ".join(map(str, others))
        details.append(f"Of {len(calls)} calls {which} would do: llm.calls.matching(…) finds calls in any place.")
    raise ExpectationError("the last call is not as it was to be:", details)


@contextmanager
def unmatched_expected(
    journal: Journal, conditions: Sequence[ConditionLike], wanted: Mapping[str, object], where: str
) -> Generator[list[Call]]:
    """Take the requests that nothing answers in a block for meant; see `Interceptor.expect_unmatched`."""
    asked = all_conditions("expect_unmatched", conditions, wanted, {})
    before = {id(call) for call in journal.calls}
    found: list[Call] = []
    yield found
    since = [call for call in journal.calls if id(call) not in before]
    found += [call for call in since if call.source == "unmatched" and _fulfils(call, asked)]
    meant = {id(facts) for call in found for facts in getattr(call.error, "unmatched", ())}
    journal.unmatched[:] = [facts for facts in journal.unmatched if id(facts) not in meant]
    if not found:
        said = " that fulfils its conditions" if asked else ""
        raise ExpectationError(
            f"llm.expect_unmatched(…) at {where} met no request{said} that nothing answered.", in_lines(since, SHOWN)
        )


def _fulfils(call: Call, conditions: Sequence[Condition]) -> bool:
    return all(condition.holds(call.request) for condition in conditions)
