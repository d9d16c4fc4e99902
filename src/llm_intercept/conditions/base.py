"""What a condition is: a verdict with a reason, combined with `&`, `|` and `~`.

Knows: verdicts, and what the index and the search for shadowed rules ask of a condition. Must not know: what of a
request is looked at.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from llm_intercept.errors import SettingsError
from llm_intercept.facts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llm_intercept.model.request import LLMRequest

Form = Literal["text", "word", "turns", "flag", "headers", "json"]
"""How a condition's value is written in a file of rules."""


class Clue(NamedTuple):
    """What `read` gives of every request that fulfils a condition: `wanted` itself, or a text with `wanted` in it."""

    kind: Literal["value", "part"]
    read: Callable[[LLMRequest], Iterable[Any]]
    wanted: Any


Clues = tuple[Clue, ...]
"""Alternatives: one of them is there."""


class Condition(ABC):
    """Something a request must fulfil; made with `when(…)`, combined with `&`, `|` and `~`."""

    __slots__ = ()

    def tells_operation(self, request: LLMRequest) -> bool:
        """Whether a rule with it means this operation of an API and no other, which may be no conversation."""
        del request
        return False

    def tells_path(self, request: LLMRequest) -> bool:
        """Whether a rule with it means this path, though nobody here knows the API that has it."""
        del request
        return False

    def is_of_http(self) -> bool:
        """Whether it looks at a request of any kind, and not at conversations alone."""
        return False

    @abstractmethod
    def holds(self, request: LLMRequest) -> bool:
        """Whether the request fulfils it; it never raises but for a user's own function."""

    @abstractmethod
    def verdict(self, request: LLMRequest) -> Verdict:
        """Whether the request fulfils it and why; asked only to explain."""

    def far(self, request: LLMRequest) -> float:
        """Estimate at little cost how far the request is from fulfilling it: 0.0 to 1.0."""
        return 0.0 if self.holds(request) else 1.0

    def clue(self) -> Clue | None:
        """What a request must have to fulfil it, as far as one look-up can find that."""
        return None

    def clues(self) -> tuple[Clues, ...]:
        """All that a request must have to fulfil it, each with alternatives."""
        clue = self.clue()
        return () if clue is None else ((clue,),)

    def implies(self, other: Condition) -> bool:
        """Whether every request that fulfils it fulfils another; False where its class cannot tell."""
        return self == other

    def asks_nobody(self) -> bool:
        """Whether it calls no code of the user's, so that nobody knows whether it was asked."""
        return False

    def __and__(self, other: Condition) -> Condition:
        return Both(self, _combined("&", other))

    def __or__(self, other: Condition) -> Condition:
        return Either(self, _combined("|", other))

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        """Refuse `and`, `or` and `not`, which Python does not let a class define."""
        advice = "Combine conditions with &, | and ~ instead of and, or and not; a respx pattern with when(M(…), …)."
        raise SettingsError("bool(…)", self, advice=advice)

    def __repr__(self) -> str:
        return f"when({self})"


def _combined(operator: str, other: object) -> Condition:
    if isinstance(other, Condition):
        return other
    raise SettingsError(f"when(…) {operator} …", other, "a condition on both sides, such as when('text') or when(M(…))")


class KeywordCondition(Condition):
    """A condition that `on(…)`, `when(…)`, `calls.matching(…)` and files of rules take under a keyword.

    Attributes:
        key: The keyword.
        form: How its value is written in a file of rules.
        accepts: What its value may be, for the message that refuses another.

    """

    __slots__ = ()

    key: ClassVar[str]
    form: ClassVar[Form]
    accepts: ClassVar[str]

    @classmethod
    @abstractmethod
    def given(cls, value: object) -> KeywordCondition:
        """Make the condition of what a user gives, or raise what `refused` makes."""

    @classmethod
    def refused(cls, value: object, accepted: str = "") -> SettingsError:
        """Make the error of a value that cannot be used."""
        return SettingsError(f"on({cls.key}=…)", value, accepted or cls.accepts)

    def asks_nobody(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, repr=False)
class _Pair(Condition):
    """Two conditions with an operator between them."""

    first: Condition
    second: Condition

    sign: ClassVar[str]

    def is_of_http(self) -> bool:
        return self.first.is_of_http() or self.second.is_of_http()

    def asks_nobody(self) -> bool:
        return self.first.asks_nobody() and self.second.asks_nobody()

    def __str__(self) -> str:
        return f"{_in_brackets(self.first)} {self.sign} {_in_brackets(self.second)}"


class Both(_Pair):
    """Holds where both conditions hold."""

    __slots__ = ()

    sign = "&"

    def tells_operation(self, request: LLMRequest) -> bool:
        return self.first.tells_operation(request) or self.second.tells_operation(request)

    def tells_path(self, request: LLMRequest) -> bool:
        return self.first.tells_path(request) or self.second.tells_path(request)

    def holds(self, request: LLMRequest) -> bool:
        return self.first.holds(request) and self.second.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        first = self.first.verdict(request)
        return self.second.verdict(request) if first.holds else first

    def clues(self) -> tuple[Clues, ...]:
        return all_clues((self.first, self.second))


class Either(_Pair):
    """Holds where one of both conditions holds."""

    __slots__ = ()

    sign = "|"

    def tells_operation(self, request: LLMRequest) -> bool:
        return self.first.tells_operation(request) and self.second.tells_operation(request)

    def tells_path(self, request: LLMRequest) -> bool:
        return self.first.tells_path(request) or self.second.tells_path(request)

    def holds(self, request: LLMRequest) -> bool:
        return self.first.holds(request) or self.second.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        first = self.first.verdict(request)
        if first.holds:
            return first
        second = self.second.verdict(request)
        return second if second.holds else _neither(first, second)

    def clues(self) -> tuple[Clues, ...]:
        first, second = self.first.clues(), self.second.clues()
        return (min(first, key=len) + min(second, key=len),) if first and second else ()


@dataclass(frozen=True, slots=True, repr=False)
class Not(Condition):
    """Holds where the condition does not."""

    inner: Condition

    def holds(self, request: LLMRequest) -> bool:
        return not self.inner.holds(request)

    def verdict(self, request: LLMRequest) -> Verdict:
        inner = self.inner.verdict(request)
        distance = 1.0 if inner.holds else 0.0
        return replace(
            inner, holds=not inner.holds, expected=f"anything but {inner.expected}", hint="", distance=distance
        )

    def is_of_http(self) -> bool:
        return self.inner.is_of_http()

    def asks_nobody(self) -> bool:
        return self.inner.asks_nobody()

    def __str__(self) -> str:
        return f"~{_in_brackets(self.inner)}"


def all_clues(conditions: Iterable[Condition]) -> tuple[Clues, ...]:
    """What a request has that fulfils all the conditions.

    Without one of the clues a condition fails before any user's function is asked, so that such a request can be passed
    over and nobody knows.
    """
    found: list[Clues] = []
    for condition in conditions:
        found.extend(condition.clues())
        if not condition.asks_nobody():
            break
    return tuple(found)


def _neither(first: Verdict, second: Verdict) -> Verdict:
    distance = min(first.distance, second.distance)
    hint = " / ".join(filter(None, (first.hint, second.hint)))
    if first.subject == second.subject and first.got == second.got:
        return replace(first, expected=f"{first.expected} or {second.expected}", hint=hint, distance=distance)
    expected = f"{first.expected} ({first.subject}), or {second.expected} ({second.subject})"
    got = f"{first.got} ({first.subject}), and {second.got} ({second.subject})"
    return Verdict(False, "either", expected, got, hint, distance)


def _in_brackets(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, _Pair) else str(condition)
