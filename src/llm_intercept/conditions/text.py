"""Conditions on the texts of a request: a string found in them, or a pattern searched.

Knows: the conversation's texts, and what users mistake. Must not know: HTTP, replies.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.conditions.base import Condition
from llm_intercept.errors import Verdict, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.model.request import LLMRequest

LOOKED_AT = 2_000  # characters of a text that are searched for what was nearly meant
NEAR = 0.8  # from this similarity on, two words are one with a slip in it
LIKE_A_PATTERN = re.compile(r"\.\*|\.\+|^\^|\$$|\\[dws]|\(\?")

TEXTS: dict[str, Callable[[LLMRequest], str]] = {
    "user": lambda request: request.last_user,
    "system": lambda request: request.system,
    "last": lambda request: request.last,
}
NAMES = {"user": "the last user message", "system": "the system message", "last": "the last message"}


@dataclass(frozen=True, slots=True, repr=False)
class TextCondition(Condition):
    """A text of the request contains a string (whatever its case) or matches a pattern (searched)."""

    place: str
    wanted: str | re.Pattern[str]
    positional: bool = field(default=False, compare=False)

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether the text has it."""
        return found(self.wanted, TEXTS[self.place](request))

    def far(self, request: LLMRequest) -> float:
        """Compare the runs of three letters of both texts."""
        if self.holds(request):
            return 0.0
        if not isinstance(self.wanted, str):
            return 1.0
        wanted = _trigrams(self.wanted)
        return 1 - len(wanted & _trigrams(TEXTS[self.place](request)[:LOOKED_AT])) / len(wanted)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Quote both."""
        text = TEXTS[self.place](request)
        subject, expected = NAMES[self.place], asked_for(self.wanted)
        got = shorten(text) if text else ("nothing: there is no such message" if not _present(self, request) else "''")
        if found(self.wanted, text):
            return Verdict(True, subject, expected, got, distance=0.0)
        likeness, hint = _nearly(self, text, request)
        return Verdict(False, subject, expected, got, hint, 1 - likeness)

    def __str__(self) -> str:
        """Say it as it was written."""
        wanted = shorten(self.wanted, 40) if isinstance(self.wanted, str) else written(self.wanted)
        return wanted if self.positional else f"{self.place}={wanted}"


def found(wanted: str | re.Pattern[str], text: str) -> bool:
    """Tell whether `text` contains a string, whatever its case, or matches a pattern."""
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


def _present(condition: TextCondition, request: LLMRequest) -> bool:
    roles = {message.role for message in request.messages}
    wanted = {"user": {"user"}, "system": {"system", "developer"}, "last": roles}[condition.place]
    return bool(roles & wanted)


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
    """Tell whether each word is nearly the wanted one: another word is not a slip in it."""
    pairs = zip(wanted.casefold().split(), near.casefold().split(), strict=False)
    ratios = (
        difflib.SequenceMatcher(None, first, second.strip(".,;:?!"), autojunk=False).ratio() for first, second in pairs
    )
    return all(ratio >= NEAR for ratio in ratios)


def _elsewhere(condition: TextCondition, request: LLMRequest) -> str:
    for place, read in TEXTS.items():
        if place != condition.place and found(condition.wanted, read(request)):
            return f"{NAMES[place]} has it: use {place}=…"
    for message in reversed(request.messages):
        if found(condition.wanted, message.text):
            return f"an earlier {message.role} message has it, and only {NAMES[condition.place]} is looked at"
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
