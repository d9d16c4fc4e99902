"""What a condition is: a verdict with a reason, combined with `&`, `|` and `~`.

Knows: verdicts. Must not know: what of a request is looked at.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llm_intercept.errors import SettingsError, Verdict

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest


class Condition(ABC):
    """Something a request must fulfil; made with `when(…)`, combined with `&`, `|` and `~`."""

    __slots__ = ()

    @abstractmethod
    def holds(self, request: LLMRequest) -> bool:
        """Tell whether the request fulfils it; it never raises but for a user's own function."""

    @abstractmethod
    def verdict(self, request: LLMRequest) -> Verdict:
        """Say whether the request fulfils it and why; asked only to explain."""

    def far(self, request: LLMRequest) -> float:
        """Estimate at little cost how far the request is from fulfilling it: 0.0 to 1.0."""
        return 0.0 if self.holds(request) else 1.0

    def __and__(self, other: object) -> Condition:
        """Make a condition that holds where both do."""
        return Both(self, condition_of(other))

    def __or__(self, other: object) -> Condition:
        """Make a condition that holds where one of both does."""
        return Either(self, condition_of(other))

    def __rand__(self, other: object) -> Condition:
        """Make a condition that holds where both do."""
        return Both(condition_of(other), self)

    def __ror__(self, other: object) -> Condition:
        """Make a condition that holds where one of both does."""
        return Either(condition_of(other), self)

    def __repr__(self) -> str:
        """Say it as it was written."""
        return f"when({self})"

    def __invert__(self) -> Condition:
        """Make a condition that holds where this one does not."""
        return Not(self)

    def __bool__(self) -> bool:
        """Refuse `and`, `or` and `not`, which Python does not let a condition hear of; respx's patterns may ask.

        Raises:
            SettingsError: Somebody else asks.

        """
        asking = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if asking == "respx.patterns":
            return True
        raise SettingsError("bool(…)", self, "&, | and ~ to combine conditions, instead of and, or and not")


def condition_of(value: object) -> Condition:
    """Return `value` if it is a condition; a positional value is made one by `when`.

    Raises:
        SettingsError: It is neither.

    """
    if isinstance(value, Condition):
        return value
    from llm_intercept.conditions.given import positional_condition  # noqa: PLC0415 - it makes conditions of this module

    return positional_condition(value)


@dataclass(frozen=True, slots=True, repr=False)
class Both(Condition):
    """Holds where both conditions hold."""

    first: Condition
    second: Condition

    def holds(self, request: LLMRequest) -> bool:
        """Ask both, the second only where the first holds."""
        return self.first.holds(request) and self.second.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Give the verdict of the first that fails."""
        first = self.first.verdict(request)
        return self.second.verdict(request) if first.holds else first

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"{_in_brackets(self.first)} & {_in_brackets(self.second)}"


@dataclass(frozen=True, slots=True, repr=False)
class Either(Condition):
    """Holds where one of both conditions holds."""

    first: Condition
    second: Condition

    def holds(self, request: LLMRequest) -> bool:
        """Ask both, the second only where the first does not hold."""
        return self.first.holds(request) or self.second.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Give the verdict of the one that holds, or both together."""
        first = self.first.verdict(request)
        if first.holds:
            return first
        second = self.second.verdict(request)
        return second if second.holds else _neither(first, second)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"{_in_brackets(self.first)} | {_in_brackets(self.second)}"


@dataclass(frozen=True, slots=True, repr=False)
class Not(Condition):
    """Holds where the condition does not."""

    inner: Condition

    def holds(self, request: LLMRequest) -> bool:
        """Ask it."""
        return not self.inner.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Turn its verdict around."""
        inner = self.inner.verdict(request)
        distance = 1.0 if inner.holds else 0.0
        return replace(
            inner, holds=not inner.holds, expected=f"anything but {inner.expected}", hint="", distance=distance
        )

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"~{_in_brackets(self.inner)}"


def _neither(first: Verdict, second: Verdict) -> Verdict:
    distance = min(first.distance, second.distance)
    hint = " / ".join(filter(None, (first.hint, second.hint)))
    if first.subject == second.subject and first.got == second.got:
        return replace(first, expected=f"{first.expected} or {second.expected}", hint=hint, distance=distance)
    expected = f"{first.expected} ({first.subject}), or {second.expected} ({second.subject})"
    got = f"{first.got} ({first.subject}), and {second.got} ({second.subject})"
    return Verdict(False, "either", expected, got, hint, distance)


def _in_brackets(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, Both | Either) else str(condition)
