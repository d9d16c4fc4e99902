"""What each test has of a shared server: rules, scripts, calls and what is kept of answers, by the id in a header.

Knows: interceptors, test ids. Must not know: HTTP, what a test does with its share.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm_intercept.interceptor import sandbox
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.rules.book import book_of
from llm_intercept.server.feed import Feed
from llm_intercept.server.refusing import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from llm_intercept.errors import LLMInterceptError
    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Call
    from llm_intercept.rules.rule import Rule
    from llm_intercept.server.live_report import LiveReport

HEADER = "x-llm-intercept-test"
LONGEST = 200
KNOWN = 10_000
"""Tests that are forgotten and known to be."""
TOLD = 10
"""Tests of which it is told what went wrong; of more, how many there are."""
OF_A_TEST = 10
"""A test keeps so many times fewer calls than the server."""


@dataclass(slots=True)
class Share:
    """What one test has; without an id, what all others have.

    Attributes:
        llm: Its interceptor.
        feed: Tells of its calls.
        added: The rules that were added while the server runs, by number; they come before the server's own.
        is_anew: Whether the test had one before, which was forgotten.

    """

    llm: Interceptor
    feed: Feed
    added: dict[int, Rule] = field(default_factory=dict["int", "Rule"])
    is_anew: bool = False
    _last: int = 0
    _live: LiveReport | None = None

    @property
    def live(self) -> LiveReport:
        """What tells a page of its calls."""
        from llm_intercept.server.live_report import LiveReport  # noqa: PLC0415 - few servers are looked at

        if self._live is None:
            self._live = LiveReport(self.llm)
        return self._live

    def add(self, rules: Iterable[Rule]) -> list[int]:
        """Add rules; return their numbers."""
        own = self._own()
        numbers: list[int] = []
        for rule in rules:
            self._last += 1
            self.added[self._last] = rule
            numbers.append(self._last)
        self._put(own)
        return numbers

    def remove(self, numbers: Iterable[int]) -> None:
        """Remove rules that were added."""
        own = self._own()
        for number in numbers:
            self.added.pop(number, None)
        self._put(own)

    def renew(self, own: Iterable[Rule]) -> None:
        """Put rules in the place of the server's own; what was added stays."""
        self._put([*own])

    def reset(self) -> None:
        """Let nothing have happened to it, and take away what was added."""
        self.remove([*self.added])
        sandbox.reset(self.llm)
        self.is_anew = False

    def _own(self) -> list[Rule]:
        """Return the server's own rules."""
        added = set(map(id, self.added.values()))
        return [rule for rule in engine_of(self.llm).book.all() if id(rule) not in added]

    def _put(self, own: list[Rule]) -> None:
        """Make the book anew: requests that are being decided keep the one they have."""
        engine_of(self.llm).book = book_of([*self.added.values(), *own])


class Shares:
    """The shares there are, of which the oldest are forgotten when there are too many.

    Args:
        llm: What the server answers with; a test's share begins with its rules as they are then, unused.
        most: How many tests are remembered.
        calls: How many calls are kept at least, of a test a tenth of it.
        count: Counts each call.

    """

    def __init__(self, llm: Interceptor, most: int, calls: int, count: Callable[[Call], None]) -> None:
        self._most, self._count = most, count
        self._calls = max(1, calls // OF_A_TEST)
        self._problems: list[LLMInterceptError] = []
        self._failed = 0
        self._tests: OrderedDict[str, Share] = OrderedDict()
        self._forgotten: OrderedDict[str, bool] = OrderedDict()
        engine_of(llm).journal.most = calls
        self.common = self._share(llm)

    def of(self, test: str) -> Share:
        """Return a test's share, a new one where it has none; raises `RefusedError` at an id that cannot be one."""
        if not test:
            return self.common
        found = self._tests.get(test)
        if found is None:
            _check(test)
            found = self._tests[test] = self._share(_copy(self.common.llm))
            found.is_anew = self._forgotten.pop(test, False)
            engine_of(found.llm).journal.most = self._calls
            while len(self._tests) > self._most:
                self._forget(*self._tests.popitem(last=False))
        else:
            self._tests.move_to_end(test)
        return found

    def renew(self, rules: Sequence[Rule]) -> None:
        """Put rules in the place of the server's own, in each share; what tests added stays, and comes first."""
        self.common.renew(rules)
        for share in self._tests.values():
            share.renew(rule.fresh().optional() for rule in rules)

    def _forget(self, test: str, share: Share) -> None:
        """Let a test have nothing more here; that it had something is known for a while."""
        self._settle(test, share)
        if not (share.added or share.is_anew or engine_of(share.llm).journal.noted):
            return  # as after a reset: there is nothing to forget
        self._forgotten[test] = True
        if len(self._forgotten) > KNOWN:
            self._forgotten.popitem(last=False)

    def settle(self) -> LLMInterceptError | None:
        """End what tests have asked and recorded; return what went wrong in the first of them, the others noted on it.

        Rules that a test added and did not use are for it to ask about, by `verify`.
        """
        for test, share in self._tests.items():
            self._settle(test, share)
        problems, self._problems = self._problems, []
        count, self._failed = self._failed, 0
        if not problems:
            return None
        first, *others = problems
        for one in others:
            first.add_note("\n".join([str(one), *getattr(one, "__notes__", ())]))
        if count > len(problems):
            first.add_note(f"… and {count - len(problems):,} more tests for which something went wrong.")
        return first

    def _settle(self, test: str, share: Share) -> None:
        problem = engine_of(share.llm).settle()
        if problem is None:
            return
        self._failed += 1
        if len(self._problems) < TOLD:
            problem.add_note(f"This was for the test {test!r} ({HEADER}).")
            self._problems.append(problem)

    def _share(self, llm: Interceptor) -> Share:
        return Share(llm, Feed(engine_of(llm).journal, self._count))


def _copy(llm: Interceptor) -> Interceptor:
    """Copy the server's own rules for a test, which need not use them."""
    made = sandbox.sandbox(llm)
    for rule in engine_of(made).book.all():
        rule.optional()
    return made


def _check(test: str) -> None:
    if len(test) > LONGEST or not test.isprintable():
        raise RefusedError(
            400, f"llm-intercept: {test[:40]!r}… cannot be the id of a test: use up to {LONGEST} printable characters."
        )
