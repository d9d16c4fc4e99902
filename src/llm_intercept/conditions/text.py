"""Conditions on the texts of a request: a string found in them, or a pattern searched.

Knows: the conversation's texts, and what users mistake. Must not know: HTTP, replies.
"""

from __future__ import annotations

import difflib
import re
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard, cast

from llm_intercept.conditions.base import Clue, KeywordCondition
from llm_intercept.facts import Verdict
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from llm_intercept.conditions.base import Condition
    from llm_intercept.model.request import LLMRequest

TextOrPattern = str | re.Pattern[str]
"""A str that is looked for, or a pattern that is searched."""

LOOKED_AT = 2_000  # characters of a text that are searched for what was nearly meant
NEAR = 0.8  # from this similarity on, two words are one with a slip in it
LIKE_A_PATTERN = re.compile(r"\.\*|\.\+|^\^|\$$|\\[dws]|\(\?")


@dataclass(frozen=True, slots=True, repr=False)
class TextCondition(KeywordCondition):
    """A text that one of `roles` says has a string in it (whatever its case) or matches a pattern (searched)."""

    wanted: TextOrPattern
    positional: bool = field(default=False, compare=False)

    form = "text"
    accepts = "a str or a re.compile(…) pattern of str"
    name: ClassVar[str]
    roles: ClassVar[frozenset[str]]

    @classmethod
    def given(cls, value: object) -> TextCondition:
        if is_text(value):
            return cls(value)
        raise cls.refused(value)

    @staticmethod
    @abstractmethod
    def text(request: LLMRequest) -> str:
        """Return the text that is searched."""

    @classmethod
    def folded(cls, request: LLMRequest) -> tuple[str]:
        """Return the text as it is compared whatever its case."""
        return (cls.text(request).casefold(),)

    def holds(self, request: LLMRequest) -> bool:
        return found(self.wanted, self.text(request))

    def clue(self) -> Clue | None:
        return Clue("part", self.folded, self.wanted.casefold()) if type(self.wanted) is str and self.wanted else None

    def implies(self, other: Condition) -> bool:
        """A text with a longer string in it has the shorter one; what a pattern finds may hang on what is around it."""
        if not isinstance(other, type(self)) or not isinstance(self.wanted, str) or not isinstance(other.wanted, str):
            return self == other
        return other.wanted.casefold() in self.wanted.casefold()

    def far(self, request: LLMRequest) -> float:
        """Compare the runs of three letters of both texts."""
        if self.holds(request):
            return 0.0
        if not isinstance(self.wanted, str):
            return 1.0
        wanted = _trigrams(self.wanted)
        return 1 - len(wanted & _trigrams(self.text(request)[:LOOKED_AT])) / len(wanted)

    def verdict(self, request: LLMRequest) -> Verdict:
        text, expected = self.text(request), asked_for(self.wanted)
        got = shorten(text) if text else ("''" if self._is_there(request) else "nothing: there is no such message")
        if found(self.wanted, text):
            return Verdict(True, self.name, expected, got, distance=0.0)
        likeness, hint = _nearly(self, text, request)
        return Verdict(False, self.name, expected, got, hint, 1 - likeness)

    def _is_there(self, request: LLMRequest) -> bool:
        return any(message.role in self.roles or not self.roles for message in request.messages)

    def __str__(self) -> str:
        wanted = shorten(self.wanted, 40) if isinstance(self.wanted, str) else written(self.wanted)
        return wanted if self.positional else f"{self.key}={wanted}"


class UserCondition(TextCondition):
    """The last thing the user said."""

    __slots__ = ()

    key = "user"
    name = "the last user message"
    roles = frozenset({"user"})

    @staticmethod
    def text(request: LLMRequest) -> str:
        return request.last_user


class SystemCondition(TextCondition):
    """What the system and developer messages say."""

    __slots__ = ()

    key = "system"
    name = "the system message"
    roles = frozenset({"system", "developer"})

    @staticmethod
    def text(request: LLMRequest) -> str:
        return request.system


class LastCondition(TextCondition):
    """The last message, whoever says it."""

    __slots__ = ()

    key = "last"
    name = "the last message"
    roles = frozenset[str]()

    @staticmethod
    def text(request: LLMRequest) -> str:
        return request.last


TEXTS: tuple[type[TextCondition], ...] = (UserCondition, SystemCondition, LastCondition)


def is_text(value: object) -> TypeGuard[TextOrPattern]:
    """Whether `value` is a str or a pattern of str."""
    return isinstance(value, str) or (
        isinstance(value, re.Pattern) and isinstance(cast("re.Pattern[Any]", value).pattern, str)
    )


def found(wanted: str | re.Pattern[str], text: str) -> bool:
    """Whether `text` contains a string, whatever its case, or matches a pattern."""
    if isinstance(wanted, str):
        return wanted in text or wanted.casefold() in text.casefold()
    return wanted.search(text) is not None


def asked_for(wanted: str | re.Pattern[str]) -> str:
    """Say what a text should have."""
    return f"{wanted!r} in it" if isinstance(wanted, str) else f"a match of {written(wanted)}"


def written(pattern: re.Pattern[str]) -> str:
    """Say a pattern as it was written."""
    flags = re.RegexFlag(pattern.flags & ~re.UNICODE)
    return f"re.compile({pattern.pattern!r}{f', {flags!r}' if flags else ''})"


@lru_cache(maxsize=1024)
def _trigrams(text: str) -> frozenset[str]:
    folded = text.casefold()
    return frozenset(folded[start : start + 3] for start in range(max(1, len(folded) - 2)))


def _nearly(condition: TextCondition, text: str, request: LLMRequest) -> tuple[float, str]:
    """Guess what was meant: how like it the text is, and a hint."""
    wanted = condition.wanted
    elsewhere = _elsewhere(condition, request)
    if elsewhere:
        return 0.5, elsewhere
    if not isinstance(wanted, str):
        if not wanted.flags & re.IGNORECASE and re.search(wanted.pattern, text, wanted.flags | re.IGNORECASE):
            return 0.9, "it would match whatever the case; add re.IGNORECASE"
        return 0.0, ""
    if " ".join(wanted.split()).casefold() in " ".join(text.split()).casefold():
        return 0.9, "it differs in white space only"
    if LIKE_A_PATTERN.search(wanted):
        return 0.3, f"a str is looked for as it is; for a pattern write re.compile({wanted!r})"
    likeness, near = _most_like(wanted, text)
    return likeness, (f"{near!r} is near" if likeness >= NEAR and _slips(wanted, near) else "")


def _slips(wanted: str, near: str) -> bool:
    """Whether each word is nearly the wanted one: another word is not a slip in it."""
    pairs = zip(wanted.casefold().split(), near.casefold().split(), strict=False)
    ratios = (
        difflib.SequenceMatcher(None, first, second.strip(".,;:?!"), autojunk=False).ratio() for first, second in pairs
    )
    return all(ratio >= NEAR for ratio in ratios)


def _elsewhere(condition: TextCondition, request: LLMRequest) -> str:
    for place in TEXTS:
        if place.key != condition.key and found(condition.wanted, place.text(request)):
            return f"{place.name} has it: use {place.key}=…"
    for message in reversed(request.messages):
        if found(condition.wanted, message.text):
            return f"an earlier {message.role} message has it, and only {condition.name} is looked at"
    return ""


def _most_like(wanted: str, text: str) -> tuple[float, str]:
    """Find the words of `text` that are most like `wanted`, and say how like they are: 0.0 to 1.0."""
    words = text[:LOOKED_AT].split()
    count = max(1, len(wanted.split()))
    best, best_window = 0.0, ""
    matcher = difflib.SequenceMatcher(b=wanted.casefold(), autojunk=False)
    for start in range(max(1, len(words) - count + 1)):
        window = " ".join(words[start : start + count])
        matcher.set_seq1(window.casefold())
        if matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, best_window = ratio, window
    return best, best_window
