"""The replies of a rule and how far each conversation is in them.

Knows: replies, keys, counting. Must not know: conditions, the rule.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from llm_intercept.base.recent import RecentCounts
from llm_intercept.errors import SettingsError
from llm_intercept.replies.kinds import is_one_shot
from llm_intercept.rules.races import RaceDetector
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import Prepared

Then = Literal["end", "cycle", "repeat_last"]
Why = Literal["used up", "no reply", "one shot", "raced"]


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The rule matches but has no reply to give; `reason` says it in words."""

    why: Why
    reason: str


@dataclass(frozen=True, slots=True)
class SteppedAside:
    """The rule has answered as often as `times` allows."""


REMEMBERED = 10_000
"""Keys whose place in the script is known: one that comes again after as many others begins the script anew."""
ONE_SHOT = "it matches, but its reply is an iterator, used up by the first request"
RACED = (
    "it matches, but several tasks take from this script at the same time,\n"
    "so that which of them gets which reply is chance"
)


class Script:
    """Replies in order, with one cursor, or one for each key; every taking is atomic."""

    def __init__(self) -> None:
        self._replies: tuple[Prepared, ...] = ()
        self.is_one_for_ever = False
        self.then: Then = "end"
        self.key: Callable[[LLMRequest], Hashable] | None = None
        self.shared = False
        self.times: int | None = None
        self.used = 0
        self._cursors: RecentCounts[Hashable] = RecentCounts(REMEMBERED)
        self._spent: set[int] = set()
        self._races = RaceDetector()
        self._raced = False
        self._lock = threading.Lock()

    @property
    def replies(self) -> tuple[Prepared, ...]:
        """The replies."""
        return self._replies

    @replies.setter
    def replies(self, replies: tuple[Prepared, ...]) -> None:
        self._replies = replies
        self.is_one_for_ever = len(replies) == 1 and not is_one_shot(replies[0])

    def take(self, request: LLMRequest) -> Prepared | Exhausted | SteppedAside:
        """Take the next reply."""
        if self.is_one_for_ever and self.times is None and self.key is None:
            with self._lock:
                self.used += 1
            return self.replies[0]
        key = _hashable(self.key(request.lent())) if self.key is not None else None
        with self._lock:
            if self.times is not None and self.used >= self.times:
                return SteppedAside()
            taken = self._next(request, key)
            if not isinstance(taken, Exhausted):
                self.used += 1
                self._cursors[key] += 1
            return taken

    def fresh(self) -> Script:
        """Make one of the same replies that none was taken of."""
        made = Script()
        made.replies, made.then, made.key = self.replies, self.then, self.key
        made.shared, made.times = self.shared, self.times
        return made

    @property
    def taken(self) -> int:
        """How many replies were taken in order, where there is no key."""
        return self._cursors.get(None, 0)

    def note_use_elsewhere(self, taken: int) -> None:
        """Note that a copy of it in another process was used, and how far that copy came."""
        with self._lock:
            self.used += 1
            if taken:
                self._cursors[None] = max(taken, self.taken)

    def left(self) -> str:
        """Say what was not used, empty if nothing is left."""
        if not self.used:
            return "no request used it"
        count = len(self.replies)
        if self.then != "end" or count == 1:
            return ""
        for key, used in self._cursors.kept().items():
            if used < count:
                return f"{used} of its {count} replies {'was' if used == 1 else 'were'} used{self._of(key)}"
        return ""

    def _next(self, request: LLMRequest, key: Hashable) -> Prepared | Exhausted:
        count = len(self.replies)
        if count == 0:
            return Exhausted("no reply", "it matches, but was given no reply: call .reply(…) on it")
        if count > 1 and self._is_raced(request):
            return Exhausted("raced", RACED)
        index = self._index(self._cursors[key])
        if index is None:
            return Exhausted("used up", f"it matches, but all {count} of its replies are used{self._of(key)}")
        if is_one_shot(self.replies[index]):
            if index in self._spent:
                return Exhausted("one shot", ONE_SHOT)
            self._spent.add(index)
        return self.replies[index]

    def _index(self, cursor: int) -> int | None:
        count = len(self.replies)
        if count == 1 or cursor < count:
            return 0 if count == 1 else cursor
        return {"end": None, "cycle": cursor % count, "repeat_last": count - 1}[self.then]

    def _is_raced(self, request: LLMRequest) -> bool:
        if self.key is None and not self.shared and not self._raced:
            self._raced = not self._races.enter(request)
        return self._raced

    def _of(self, key: Hashable) -> str:
        return f" for the key {shorten(str(key), 60)}" if self.key is not None else ""


def _hashable(key: object) -> Hashable:
    expected = "a function that returns something hashable, such as a str"
    if hasattr(key, "__await__"):
        getattr(key, "close", lambda: None)()
        raise SettingsError("per(…)", key, f"{expected}, and not one that has to be awaited")
    try:
        hash(key)
    except TypeError as error:
        raise SettingsError("per(…)", key, expected) from error
    return key
