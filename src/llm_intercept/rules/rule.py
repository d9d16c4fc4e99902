"""A rule: conditions, the replies it gives in order, and the place in the user's code that made it.

Knows: conditions and replies. Must not know: other rules, HTTP.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from llm_intercept.errors import RuleFacts, SettingsError
from llm_intercept.replies import Given, Prepared, explain, is_one_shot, prepare
from llm_intercept.rules.conditions import Condition, judge

if TYPE_CHECKING:
    from llm_intercept.content import LLMRequest

PACKAGE = str(Path(__file__).parents[1]) + os.sep


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The rule matches but has no reply left; `reason` says how many it had, `had_none` that it was never given one."""

    reason: str
    had_none: bool = False


@dataclass(frozen=True, slots=True)
class SteppedAside:
    """The rule has answered as often as `times` allows."""


class Rule:
    """Replies for the requests that fulfil its conditions; made by `llm.on(…)` and `llm.reply(…)`."""

    def __init__(self, conditions: tuple[Condition, ...], description: str, where: str) -> None:
        self.conditions, self.description, self.where = conditions, description, where
        self.used = 0
        self._replies: tuple[Prepared, ...] = ()
        self._times: int | None = None
        self._lock = threading.Lock()

    def reply(self, *replies: Given, times: int | None = None) -> Self:
        """Set what the rule answers: one reply repeats for ever, several are used once each, in order.

        Args:
            *replies: Replies or their short forms, see `Reply`.
            times: How often the rule answers at the most; then it steps aside for the next.

        Raises:
            ReplyError: A value cannot be a reply.
            SettingsError: No reply is given, the rule has replies already, or `times` is not a positive int.

        """
        where = caller()
        if not replies:
            raise SettingsError("reply()", replies, "at least one reply")
        if self._replies:
            raise SettingsError("reply()", replies, f"one .reply(…) a rule: {self} has its replies already")
        if times is not None and (isinstance(times, bool) or times < 1):
            raise SettingsError("times", times, "a positive int")
        try:
            self._replies = tuple(prepare(reply, where) for reply in replies)
        except ValidationError as error:
            raise explain(error, where) from error
        self._times = times
        return self

    @property
    def answers_for_ever(self) -> bool:
        """Whether the rule never runs out."""
        once = len(self._replies) == 1 and not is_one_shot(self._replies[0])
        return once and self._times is None

    def matches(self, request: LLMRequest) -> bool:
        """Tell whether all conditions hold."""
        return all(judge(condition, request, self.description, self.where) for condition in self.conditions)

    def take(self) -> Prepared | Exhausted | SteppedAside:
        """Take the next reply; each call takes one, from whatever thread."""
        with self._lock:
            if self._times is not None and self.used >= self._times:
                return SteppedAside()
            taken = self._next()
            if not isinstance(taken, Exhausted):
                self.used += 1
            return taken

    def facts(self, request: LLMRequest) -> RuleFacts:
        """Say why the rule did not answer `request`."""
        reasons = [one.why_not(request) for one in self.conditions if not _safely_holds(one, request)]
        if not reasons:
            reasons = [f"it matches, and has answered {self.used} times, as often as times={self._times} allows"]
        return RuleFacts(str(self), self.where, "\n      ".join(reasons), len(reasons))

    def _next(self) -> Prepared | Exhausted:
        count = len(self._replies)
        if count == 0:
            return Exhausted("it matches, but was given no reply: call .reply(…) on it", had_none=True)
        if count == 1:
            if self.used and is_one_shot(self._replies[0]):
                return Exhausted("its reply is an iterator, used up by the first request: give a list, or a function")
            return self._replies[0]
        if self.used >= count:
            return Exhausted(f"it matches, but all {count} of its replies are used")
        return self._replies[self.used]

    def __repr__(self) -> str:
        """Say the rule as the user wrote it."""
        return self.description


def _safely_holds(condition: Condition, request: LLMRequest) -> bool:
    try:
        return condition.holds(request)
    except Exception:  # noqa: BLE001 - it is being explained, its own error was raised before
        return False


def caller() -> str:
    """Say the `file:line` outside this package that the current call comes from."""
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - inspect.stack reads every source file on the way
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    try:
        shown = path.relative_to(Path.cwd())
    except (ValueError, OSError):
        shown = path
    return f"{shown}:{frame.f_lineno}"
