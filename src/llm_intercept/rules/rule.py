"""A rule: conditions, the replies it gives, and the place in the user's code that made it.

Knows: conditions and scripts. Must not know: other rules, HTTP.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import ValidationError

from llm_intercept.conditions.given import asked_function
from llm_intercept.errors import HELD, ReplyFunctionError, RuleFacts, SettingsError
from llm_intercept.replies.reply import Prepared, ReplyLike, explain, prepare
from llm_intercept.rules.script import Exhausted, Script, SteppedAside
from llm_intercept.timing.pace import check_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from llm_intercept.conditions.base import Condition
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.rules.script import Then
    from llm_intercept.timing.pace import Pace


PACKAGE = str(Path(__file__).parents[1]) + os.sep
KEYS = ("conversation", "model", "system", "last_user", "url")


class Rule:
    """Replies for the requests that fulfil its conditions; made by `llm.on(…)` and `llm.reply(…)`."""

    def __init__(
        self, conditions: tuple[Condition, ...], description: str, where: str, *, optional: bool = False
    ) -> None:
        self.conditions, self.description, self.where = conditions, description, where
        self.is_optional = optional
        self.given_pace: Pace | None = None
        self._script = Script()

    @property
    def used(self) -> int:
        """How often it has answered."""
        return self._script.used

    @property
    def times(self) -> int | None:
        """How often it answers at the most, None for no limit."""
        return self._script.times

    @property
    def replies(self) -> tuple[Prepared, ...]:
        """Its replies, in order."""
        return self._script.replies

    def reply(self, *replies: ReplyLike, times: int | None = None) -> Self:
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
        if self._script.replies:
            raise SettingsError("reply()", replies, f"one .reply(…) a rule: {self} has its replies already")
        given = cast("object", times)
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < 1):
            raise SettingsError("times", times, "a positive int")
        try:
            self._script.replies = tuple(prepare(reply, where) for reply in replies)
        except ValidationError as error:
            raise explain(error, where) from error
        self._script.times = times
        return self

    def script(
        self,
        *replies: ReplyLike,
        key: Callable[[LLMRequest], Hashable] | str | None = None,
        shared: bool = False,
        times: int | None = None,
    ) -> Self:
        """Use the replies in order once for each key, so that parallel agents do not take each other's.

        Args:
            *replies: Replies as for `reply`, which may also be called before or after.
            key: A function of the request that tells conversations or agents apart, or one of the request's own
                properties: `"conversation"` (the first system and user messages), `"model"`, `"system"`,
                `"last_user"`, `"url"`.
            shared: Instead of a key: let whoever comes take the next reply, also in parallel.
            times: How often the rule answers at the most, all keys together.

        Raises:
            ReplyError: A value cannot be a reply.
            SettingsError: `key` is neither of these, or is given together with `shared`.

        """
        if (key is None) is not shared:
            raise SettingsError("script(key=…)", key, "either key= or shared=True")
        self._script.key, self._script.shared = _key(key), shared
        return self.reply(*replies, times=times) if replies or times is not None else self

    def cycle(self) -> Self:
        """Begin again with the first reply when all are used."""
        return self._then("cycle")

    def repeat_last(self) -> Self:
        """Give the last reply again and again when all are used."""
        return self._then("repeat_last")

    def pace(self, pace: Pace) -> Self:
        """Set how long the rule's answers take, where a reply does not say it itself.

        Raises:
            SettingsError: `pace` is no `Pace`.

        """
        self.given_pace = check_pace("pace(…)", pace)
        return self

    def optional(self) -> Self:
        """Say that the rule, or the rest of its script, need not be used; `assert_all_used` then passes over it."""
        self.is_optional = True
        return self

    def _then(self, then: Then) -> Self:
        self._script.then = then
        return self

    @property
    def answers_for_ever(self) -> bool:
        """Whether the rule never runs out."""
        return self._script.is_one_for_ever and self.times is None

    def matches(self, request: LLMRequest) -> bool:
        """Tell whether all conditions hold.

        Raises:
            ReplyFunctionError: A user's condition raised.

        """
        try:
            for condition in self.conditions:
                if not condition.holds(request):
                    return False
        except Exception as error:
            raise ReplyFunctionError(self.description, self.where, error) from error
        return True

    def take(self, request: LLMRequest) -> Prepared | Exhausted | SteppedAside:
        """Take the next reply; each call takes one, from whatever thread.

        Raises:
            ReplyFunctionError: The user's key function raised.

        """
        try:
            return self._script.take(request)
        except Exception as error:
            raise ReplyFunctionError(f"{self}.script(key=…)", self.where, error) from error

    def far(self, request: LLMRequest) -> float:
        """Estimate at little cost how far the request is from fulfilling all conditions."""
        try:
            distances = [condition.far(request) for condition in self.conditions]
        except Exception:  # noqa: BLE001 - a user's function; its own error was raised before
            return float(len(self.conditions))
        return sum(distances) - HELD * sum(distance == 0 for distance in distances)

    def facts(self, request: LLMRequest) -> RuleFacts:
        """Say why the rule did not answer `request`."""
        verdicts = [condition.verdict(request) for condition in self.conditions]
        failed = tuple(verdict for verdict in verdicts if not verdict.holds)
        reason = "" if failed else f"it matches, but has answered {_often(self.used)}, as times={self.times} allows"
        return RuleFacts(str(self), self.where, failed, len(verdicts) - len(failed), reason)

    def unused(self) -> RuleFacts | None:
        """Say what of the rule was not used; None if all was, or need not be."""
        left = "" if self.is_optional else self._script.left()
        return RuleFacts(str(self), self.where, reason=left) if left else None

    def __repr__(self) -> str:
        """Say the rule as the user wrote it."""
        return self.description


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _key(key: Any) -> Callable[[LLMRequest], Hashable] | None:
    if isinstance(key, str) and key in KEYS:
        return attrgetter(key)
    if key is None:
        return None
    if callable(key):
        return asked_function("script(key=…)", key)
    expected = "a function of the request, or one of " + ", ".join(map(repr, KEYS))
    raise SettingsError("script(key=…)", key, expected)


def caller() -> str:
    """Say the `file:line` outside this package that the current call comes from."""
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - inspect.stack reads every source file on the way
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    try:
        folder = os.getcwd()  # noqa: PTH109 - a Path is made once for each file
    except OSError:
        folder = ""
    return f"{_shown(frame.f_code.co_filename, folder)}:{frame.f_lineno}"


@lru_cache(maxsize=256)
def _shown(file: str, folder: str) -> str:
    """Say a file as it is seen from a folder, in full where it is elsewhere."""
    path = Path(file)
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
