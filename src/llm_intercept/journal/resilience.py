"""A verdict on a client, from its calls alone: what it did when something went wrong.

Knows: calls, in the order they came. Must not know: the program, how faults are brought about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import LLMInterceptError, NotResilientError, SettingsError
from llm_intercept.model.wire import RETRYABLE
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.journal.journal import Call
    from llm_intercept.timing.clock import Clock

FindingKind = Literal[
    "recovered",
    "ignored_retry_after",
    "gave_up",
    "never_retried",
    "accepted_truncated",
    "retry_storm",
    "retried_in_vain",
]
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
STORM = 6
"""How many retries of one request are a storm: three times what SDKs do by themselves."""
WORDS: dict[FindingKind, str] = {
    "recovered": "tried again, and got an answer",
    "ignored_retry_after": "tried again before it was told to",
    "gave_up": "tried again, and gave up without an answer",
    "never_retried": "never tried again after an error that might have passed",
    "accepted_truncated": "took a truncated answer for a complete one",
    "retry_storm": f"sent one request {STORM} times more, or more often",
    "retried_in_vain": "tried again after an error that will not pass",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a program did with a fault.

    Attributes:
        kind: What it did.
        calls: The attempts at one request, in order.
        detail: The facts, in words.

    """

    kind: FindingKind
    calls: tuple[Call, ...] = field(repr=False)
    detail: str

    @property
    def is_good(self) -> bool:
        """Whether that is what a resilient program does."""
        return self.kind == "recovered"

    def __str__(self) -> str:
        asked = shorten(self.calls[0].request.last_user, 60)
        return f"{self.kind}: for {asked} it {WORDS[self.kind]} ({self.detail})"


@dataclass(frozen=True, slots=True)
class Resilience:
    """What a program did with every fault it met.

    Attributes:
        findings: What it did, in the order of its requests.
        requests: How many different requests there were.
        attempts: How often they were sent, retries included.

    """

    findings: tuple[Finding, ...]
    requests: int
    attempts: int

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that a resilient program would not give."""
        return tuple(one for one in self.findings if not one.is_good)

    @property
    def is_good(self) -> bool:
        """Whether there are none."""
        return not self.problems

    def report(self) -> str:
        """Say it as text, a line a finding, problems first."""
        head = f"{self.requests} requests in {self.attempts} attempts: "
        count = len(self.problems)
        head += f"{count} problem{'s' * (count > 1)}" if count else "no problem"
        ordered = sorted(self.findings, key=lambda one: one.is_good)
        return "\n".join([head, *(f"  {'ok ' if one.is_good else 'BAD'} {one}" for one in ordered)])

    def __str__(self) -> str:
        return self.report()


def judge(calls: Iterable[Call], clock: Clock) -> Resilience:
    """Judge a program by its calls, in the order they arrived; `clock` measures its waits."""
    series: dict[str, list[list[Call]]] = {}
    attempts = 0
    for call in calls:
        attempts += 1
        found = series.setdefault(f"{call.digest or id(call)} {call.request.stream}", [[]])
        if found[-1] and not failed(found[-1][-1]) and not is_truncated(found[-1][-1]):
            found.append([])
        found[-1].append(call)
    every = [one for found in series.values() for one in found if one]
    every.sort(key=lambda one: one[0].started)
    return Resilience(tuple(finding for one in every for finding in _findings(one, clock)), len(every), attempts)


def check(resilience: Resilience, allow: Iterable[str]) -> None:
    """Raise `NotResilientError` unless a program did only what is good or allowed."""
    allowed = (allow,) if isinstance(allow, str) else tuple(allow)
    for kind in allowed:
        if kind not in KINDS:
            raise SettingsError("allow", kind, advice=did_you_mean(str(kind), KINDS))
    problems = [one for one in resilience.problems if one.kind not in allowed]
    if problems:
        raise NotResilientError(resilience.report(), sorted({one.kind for one in problems}), resilience)


def failed(call: Call) -> bool:
    """Whether a call brought its client an error."""
    return call.status >= 400 or (call.error is not None and isinstance(call.error, Exception))  # noqa: PLR2004


def is_retryable(call: Call) -> bool:
    """Whether the error may pass: a network error, or a status that the SDKs try again after."""
    if call.is_final or isinstance(call.error, LLMInterceptError):
        return False
    return call.error is not None if call.status in {0, 200} else call.status in RETRYABLE


def is_truncated(call: Call) -> bool:
    """Whether the answer lacked something without an error to say so."""
    return not failed(call) and any(fault.truncates for fault in call.faults)


def _findings(attempts: list[Call], clock: Clock) -> list[Finding]:
    found: list[Finding] = []
    calls, last = tuple(attempts), attempts[-1]
    retries = list(pairwise(attempts))
    early = [(first, second) for first, second in retries if _is_early(first, second, clock)]
    in_vain = [first for first, _ in retries if failed(first) and not is_retryable(first)]
    if early:
        found.append(Finding("ignored_retry_after", calls, _too_early(early[0], clock)))
    if in_vain:
        found.append(Finding("retried_in_vain", calls, f"{len(in_vain)} times after {_ending(in_vain[0])}"))
    if len(retries) >= STORM:
        found.append(Finding("retry_storm", calls, f"{len(retries)} retries"))
    return found + _end(calls, last, retries)


def _end(calls: tuple[Call, ...], last: Call, retries: list[tuple[Call, Call]]) -> list[Finding]:
    if is_truncated(last):
        faults = ", ".join(map(repr, last.faults))
        return [Finding("accepted_truncated", calls, faults)]
    if failed(last):
        if not is_retryable(last):
            return []
        tried = f"{len(calls)} attempts, the last one ended with {_ending(last)}"
        return [Finding("gave_up" if retries else "never_retried", calls, tried)]
    if retries:
        asked = [first.retry_after for first, _ in retries if first.retry_after is not None]
        told = f"told to wait {max(asked):g} s" if asked else "not told to wait"
        return [Finding("recovered", calls, f"{len(calls)} attempts, {told}")]
    return []


def _is_early(first: Call, second: Call, clock: Clock) -> bool:
    return first.retry_after is not None and not clock.kept(first.retry_after, second.waited_since(first))


def _too_early(pair: tuple[Call, Call], clock: Clock) -> str:
    first, second = pair
    told = clock.shown(first.retry_after or 0.0)
    said = f"told to wait {first.retry_after:g} s"
    shown = "" if clock.scale == 1 else f", shown as {told:g} s"
    return f"{said}{shown}, it waited {max(0.0, second.waited_since(first)):.3g} s"


def _ending(call: Call) -> str:
    if call.status >= 400:  # noqa: PLR2004
        return str(call.status)
    return f"{getattr(call.error, 'kind', type(call.error).__name__)}"
