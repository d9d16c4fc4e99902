"""A rule: conditions, the replies it gives, and the place in the user's code that made it.

Knows: conditions and scripts. Must not know: other rules, HTTP.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Never, Self, cast, get_args

from llm_intercept.base.checks import is_int
from llm_intercept.base.missing_names import says_what_was_meant
from llm_intercept.base.spelling import spelt
from llm_intercept.base.words import nearest
from llm_intercept.errors import ReplyFunctionError, SettingsError, UnknownSettingError
from llm_intercept.facts import HELD, RuleFacts
from llm_intercept.replies.kinds import ANSWERS_ALL, OF_ANOTHER, Callback, Kinds, Prepared, ReplyLike, is_ready, prepare
from llm_intercept.replies.reply import ReplyOptions
from llm_intercept.rules.script import Exhausted, Script, SteppedAside
from llm_intercept.settings.of_others import OF_RULES
from llm_intercept.shown import brief, visible
from llm_intercept.timing.pace import check_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from llm_intercept.conditions.base import Condition
    from llm_intercept.journal.calls import Calls
    from llm_intercept.journal.journal import Journal
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.rules.script import Then
    from llm_intercept.timing.pace import Pace


PACKAGE = str(Path(__file__).parents[1]) + os.sep
Key = Literal["conversation", "model", "system", "last_user", "url"]
"""A property of the request that tells conversations apart."""
KEYS = get_args(Key)
SHOWN_REPLIES = 3
OF_OTHERS = (*ANSWERS_ALL, *OF_ANOTHER)
Unknown = Literal["a model", "unread", "elsewhere"]
"""What is known of a request that nobody here can read: it asks a model, or is for an API that would have read it
otherwise, or for anything else."""
Takes = Kinds | Unknown | None
"""What is asked of the rules that may answer a request: of a conversation nothing, of another API kinds of replies."""
FOR_CONVERSATIONS = "its replies are for conversations, which this is not; with api=… a rule means it"
FOR_ANOTHER_PATH = "nobody here knows this API: a rule means it by a url=… that names the path, and gives raw(…)"


@says_what_was_meant(OF_RULES)
class Rule:
    """Replies for the requests that fulfil its conditions; made by `llm.on(…)` and `llm.reply(…)`."""

    def __init__(
        self,
        conditions: tuple[Condition, ...],
        called: str,
        where: str,
        *,
        given: tuple[object, ...] = (),
        optional: bool = False,
    ) -> None:
        self.conditions, self.where = conditions, where
        self._called, self._given = called, given
        self.is_optional = optional
        # Whether it looks at more than a conversation, so that it may mean a request of an unknown API.
        self.is_of_http = _any(conditions, lambda condition: condition.is_of_http(), too_deep=True)
        self.given_pace: Pace | None = None
        self.expected: tuple[int, int] | None = None
        self.journal: Journal | None = None
        self.distance = 0
        self._script = Script()

    @property
    def description(self) -> str:
        """How it was made; said anew each time, since few rules are ever printed."""
        try:
            shown = [*map(str, self.conditions), *map(brief, self._given[:SHOWN_REPLIES])]
        except RecursionError:  # conditions that are too deep for Python
            shown = []
        more = ["…"] if len(self._given) > SHOWN_REPLIES or not shown else []
        return f"{self._called}({', '.join([*shown, *more])})"

    @property
    def used(self) -> int:
        """How often it has answered."""
        return self._script.used

    @property
    def calls(self) -> Calls:
        """The exchanges it has answered, in the order the requests arrived."""
        from llm_intercept.journal.calls import Calls  # noqa: PLC0415 - conditions cost 15 ms, and a plain reply has none

        noted = self.journal.calls if self.journal is not None else []
        return Calls([call for call in noted if call.rule is self])

    @property
    def taken(self) -> int:
        """How many of its replies were taken in order, where they are not taken by a key."""
        return self._script.taken

    def note_use_elsewhere(self, taken: int) -> None:
        """Note that it answered in another process, where so many of its replies are taken now."""
        self._script.note_use_elsewhere(taken)

    @property
    def at_most(self) -> int | None:
        """How often it answers at the most; None without a limit."""
        return self._script.times

    @property
    def prepared(self) -> tuple[Prepared, ...]:
        """Its replies, in order."""
        return self._script.replies

    def reply(
        self,
        *replies: ReplyLike,
        times: int | None = None,
        expect: int | tuple[int, int] | None = None,
        **unknown: Never,
    ) -> Self:
        """Set what the rule answers: one reply repeats for ever, several are used once each, in order.

        Args:
            *replies: Replies or their short forms, see `Reply`.
            times: How often the rule answers at the most; then it steps aside for the next.
            expect: How often it is to answer, or at least and at most how often; a block that ends well raises
                `ExpectationError` where it did otherwise.
            **unknown: Nothing; what is given by another name is an error that says where it goes.

        Raises:
            ReplyError: A value cannot be a reply.
            SettingsError: A name is unknown, no reply is given, the rule has replies already, `times` is not a
                positive int, or `expect` is neither an int nor a pair of ints of which the second is not less.

        """
        where = caller()
        _refuse(unknown, where)
        if not replies:
            raise SettingsError("reply()", replies, "at least one reply")
        if self._script.replies:
            raise SettingsError("reply()", replies, f"one .reply(…) a rule: {self} has its replies already")
        if times is not None and not is_int(times, 1):
            raise SettingsError("times", times, "a positive int")
        self.expected = None if expect is None else _bounds(expect)
        self._script.replies = tuple(prepare(reply, where) for reply in replies)
        self._script.times = times
        return self

    def fresh(self) -> Rule:
        """Make one that says the same and was never used."""
        made = Rule(self.conditions, self._called, self.where, given=self._given, optional=self.is_optional)
        made.given_pace, made._script, made.expected = self.given_pace, self._script.fresh(), self.expected
        return made

    @spelt
    def per(self, key: Key | Callable[[LLMRequest], Hashable]) -> Self:
        """Use the replies in order once for each key, so that parallel agents do not take each other's.

        Args:
            key: A function of the request that tells conversations or agents apart, or one of the request's own
                properties: `"conversation"` (the first system and user messages), `"model"`, `"system"`,
                `"last_user"`, `"url"`.

        Raises:
            SettingsError: `key` is neither of these, or the rule is `.shared()`.

        """
        if self._script.shared:
            raise SettingsError("per(…)", key, advice="Use either .per(…) or .shared(), for one rule.")
        self._script.key = _key(key)
        return self

    @spelt
    def shared(self) -> Self:
        """Let requests take the replies in the order they come, also in parallel."""
        if self._script.key is not None:
            raise SettingsError("shared()", self, advice="Use either .per(…) or .shared(), for one rule.")
        self._script.shared = True
        return self

    @spelt
    def cycle(self) -> Self:
        """Begin again with the first reply when all are used."""
        return self._then("cycle")

    @spelt
    def repeat_last(self) -> Self:
        """Give the last reply again and again when all are used."""
        return self._then("repeat_last")

    @spelt
    def pace(self, pace: Pace) -> Self:
        """Set how long the rule's answers take, where a reply does not say it itself."""
        self.given_pace = check_pace("pace(…)", pace)
        return self

    @spelt
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
        return self._script.is_one_for_ever and self.at_most is None

    def means(self, request: LLMRequest, takes: Takes) -> bool:
        """Whether it may answer the request, if its conditions hold.

        A conversation is meant by every rule. Another operation is meant by those whose replies are all of the kinds it
        takes, and those that say so. A path of an API that nobody knows is meant by those that name it, and by those
        that have ready replies alone and look at more than a conversation; where no model is asked, or an API could
        not read it, by those that name it and have no text to say.
        """
        if takes is None:
            return True
        if takes == "unread" or takes == "elsewhere":  # noqa: PLR1714 - type checkers follow this form alone
            says_no_text = all(is_ready(reply) or isinstance(reply, Callback) for reply in self.prepared)
            return bool(self.prepared) and says_no_text and self._names(request)
        if takes == "a model":
            has_ready = bool(self.prepared) and all(map(is_ready, self.prepared))
            return self._names(request) or (self.is_of_http and has_ready)
        return self._gives(takes) or any(condition.tells_operation(request) for condition in self.conditions)

    def _names(self, request: LLMRequest) -> bool:
        return _any(self.conditions, lambda condition: condition.tells_path(request), too_deep=False)

    def covers(self, other: Rule) -> bool:
        """Whether it also answers what is no conversation, or the other rule does not."""
        return self._gives(OF_OTHERS) or not other._gives(OF_OTHERS)

    def _gives(self, kinds: Kinds) -> bool:
        return bool(self.prepared) and all(isinstance(reply, kinds) for reply in self.prepared)

    def matches(self, request: LLMRequest) -> bool:
        """Whether all conditions hold."""
        try:
            for condition in self.conditions:
                if not condition.holds(request):
                    return False
        except Exception as error:
            raise ReplyFunctionError(self.description, self.where, error) from error
        return True

    def take(self, request: LLMRequest) -> Prepared | Exhausted | SteppedAside:
        """Take the next reply; each call takes one, from whatever thread."""
        try:
            return self._script.take(request)
        except Exception as error:
            raise ReplyFunctionError(f"{self}.per(…)", self.where, error) from error

    def far(self, request: LLMRequest) -> float:
        """Estimate at little cost how far the request is from fulfilling all conditions."""
        try:
            distances = [condition.far(request) for condition in self.conditions]
        except Exception:  # noqa: BLE001 - a user's function; its own error was raised before
            return float(len(self.conditions))
        return sum(distances) - HELD * sum(distance == 0 for distance in distances)

    def facts(self, request: LLMRequest, takes: Takes = None) -> RuleFacts:
        """Say why the rule did not answer `request`, as `RuleBook.decide` was asked."""
        verdicts = [condition.verdict(request) for condition in self.conditions]
        failed = tuple(verdict for verdict in verdicts if not verdict.holds)
        if not self.means(request, takes):
            why = FOR_ANOTHER_PATH if isinstance(takes, str) else FOR_CONVERSATIONS
            return RuleFacts(str(self), self.where, failed, len(verdicts) - len(failed), why)
        reason = "" if failed else f"it matches, but has answered {_often(self.used)}, as times={self.at_most} allows"
        return RuleFacts(str(self), self.where, failed, len(verdicts) - len(failed), reason)

    def unused(self) -> RuleFacts | None:
        """Say what of the rule was not used; None if all was, or need not be, or it is told how often it is used."""
        left = "" if self.is_optional or self.expected is not None else self._script.left()
        return RuleFacts(str(self), self.where, reason=left) if left else None

    def unmet(self) -> RuleFacts | None:
        """Say that it did not answer as often as it was to; None if it did."""
        if self.expected is None or self.expected[0] <= self.used <= self.expected[1]:
            return None
        least, most = self.expected
        wanted = _often(least) if least == most else f"{least} to {most} times"
        return RuleFacts(str(self), self.where, reason=f"it was to answer {wanted}, and answered {_often(self.used)}")

    def __repr__(self) -> str:
        return visible(self.description)


def _any(conditions: tuple[Condition, ...], says: Callable[[Condition], bool], *, too_deep: bool) -> bool:
    """Whether one of the conditions says so; of one that is too deep for Python, `too_deep` is said."""
    try:
        return any(map(says, conditions))
    except RecursionError:
        return too_deep


def _refuse(unknown: Mapping[str, object], where: str) -> None:
    """Say of what belongs on a `Reply` that it goes there."""
    for name, value in unknown.items():
        meant = nearest(name, ReplyOptions.__annotations__)
        advice = "It takes times= and expect=, beside the replies."
        if meant is not None:
            advice = f"It belongs to one answer: reply(Reply('…', {meant}=…))."
        raise UnknownSettingError(f"reply({name}=…)", value, advice, where)


def _often(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _bounds(expect: object) -> tuple[int, int]:
    """Read how often a rule is to answer."""
    least, most = cast("tuple[object, object]", expect) if _is_pair(expect) else (expect, expect)
    if is_int(least, 0) and is_int(most, 0) and least <= most:
        return least, most
    raise SettingsError("expect", expect, "how often the rule is to answer: an int, or a pair (at least, at most)")


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(cast("tuple[object, ...]", value)) == 2  # noqa: PLR2004


def _key(key: object) -> Callable[[LLMRequest], Hashable]:
    if isinstance(key, str) and key in KEYS:
        return attrgetter(key)
    if callable(key):
        from llm_intercept.conditions.function import asked_function  # noqa: PLC0415 - conditions cost 15 ms, and a plain reply has none

        return asked_function("per(…)", key)
    raise SettingsError("per(…)", key, "a function of the request, or one of " + ", ".join(map(repr, KEYS)))


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
