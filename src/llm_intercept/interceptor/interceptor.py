"""`Interceptor`: rules, calls and the clients it is wrapped around.

Knows: engines, activations and hooks, and ties them together. Must not know: how any of them works.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Never, TypeVar, cast

from llm_intercept.base.missing_names import says_what_was_meant
from llm_intercept.base.spelling import spelt_class, spelt_methods, spelt_with
from llm_intercept.base.words import counted
from llm_intercept.clients import activation, sentinels
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.errors import BlockEndedError, UnusedRuleError, WrapError
from llm_intercept.interceptor import find_clients as wrapping
from llm_intercept.interceptor import side_effect as sideeffects
from llm_intercept.interceptor.afterwards import Afterwards
from llm_intercept.interceptor.forgotten import Unused, watched
from llm_intercept.interceptor.passed_on import PassedOn
from llm_intercept.interceptor.setup import engine_of_settings
from llm_intercept.journal import budget as budgets
from llm_intercept.rules.rule import Rule, caller
from llm_intercept.rules.runaways import warn_of_runaways
from llm_intercept.settings.arguments import chosen
from llm_intercept.settings.of_others import ATTRIBUTES, IN_TURN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Unpack

    from llm_intercept.conditions import Conditions
    from llm_intercept.conditions.given import ConditionLike
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.facts import Unmatched
    from llm_intercept.interceptor.its_options import Options, RulesSource
    from llm_intercept.journal.calls import Calls
    from llm_intercept.journal.journal import Call
    from llm_intercept.replies.kinds import ReplyLike
    from llm_intercept.simulation.chaos import Chaos, Kind
    from llm_intercept.simulation.limits import RateLimit

T = TypeVar("T")


@dataclass(slots=True)
class _State:
    """What becomes of an interceptor: what other processes can be told, whether it can still answer."""

    passed_on: PassedOn
    is_over: bool = False
    answers_elsewhere: bool = False


@says_what_was_meant(ATTRIBUTES)
@spelt_methods
@partial(spelt_class, words={"": IN_TURN})
class Interceptor(Afterwards):
    """Rules that answer requests, and the calls they answered. `intercept` gives you one for a block.

    Args:
        reply: What to answer every request that no other rule answers: a `Reply` or one of its short forms.
        **options: See `Options`.

    Raises:
        SettingsError: An argument is not known, or has a value that cannot be used.
        ReplyError: `reply` cannot be a reply.
        RuleFileError: A file of rules has something that cannot be used.

    """

    def __init__(
        self,
        reply: ReplyLike | None = None,
        /,
        *,
        _where: str = "",
        _mode_from: str = "",
        **options: Unpack[Options],
    ) -> None:
        settings = chosen(cast("dict[str, object]", options), _mode_from)
        self._state: _State | None = None
        self._unused = Unused(_where or caller(), has_answers=reply is not None)
        self._telling: weakref.finalize[[Unused], object] | None = None
        self._engine = engine_of_settings(settings)
        self._engine.book.journal = self._engine.journal
        self._wrapped: weakref.WeakKeyDictionary[Any, Callable[[], Any]] = weakref.WeakKeyDictionary()
        if reply is not None:
            rule = Rule((), "intercept", self._unused.where, given=(reply,))
            self._engine.book.add(rule.reply(reply))
        if settings["rules"]:
            self._add_rules(settings["rules"])
        self._state = _State(PassedOn(reply, settings))
        self._telling = None if _where else watched(self, self._unused)  # of one that could be made
        for hear in MADE:
            hear(self)

    def __repr__(self) -> str:
        book, calls = self._engine.book, self._engine.journal.calls
        rules = counted(len(book.rules) + len(book.catch_alls), "rule")
        return f"<{type(self).__name__} of {rules}, after {counted(len(calls), 'call')}>"

    @property
    def unmatched(self) -> list[Unmatched]:
        """The requests that nothing answered; clear it to say that this was meant."""
        return self._engine.journal.unmatched

    @property
    def calls(self) -> Calls:
        """Every exchange so far, in the order the requests arrived."""
        from llm_intercept.journal.calls import Calls  # noqa: PLC0415 - conditions cost 15 ms, and a plain reply has none

        return Calls(self._engine.journal.calls)

    @property
    def side_calls(self) -> Calls:
        """The side requests of frameworks so far: tokens that were counted, traces that were sent.

        They are answered as the API would, go nowhere, and are in no sum, budget or limit.
        """
        from llm_intercept.journal.calls import Calls  # noqa: PLC0415 - as for `calls`

        return Calls(self._engine.journal.side_calls)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The loaded HTTP libraries that are watched, but cannot be answered for."""
        return sentinels.loaded()

    def on(self, *conditions: ConditionLike, **wanted: Unpack[Conditions]) -> Rule:
        """Make a rule for the requests that fulfil all the conditions given; call `.reply(…)` on it.

        Args:
            *conditions: A str found in the last user message (whatever its case), a pattern searched there, a function
                of the `LLMRequest` that returns something true, a condition made with `when`, or a respx pattern.
            **wanted: What else is asked of the request, by keyword: `model=`, `system=`, `tool=`, `turn=`, …; see
                `Conditions` for each.

        Raises:
            SettingsError: A condition has a type it cannot have, there is no such keyword or API, or none is given.

        """
        from llm_intercept.rules.known_apis import rule_conditions  # noqa: PLC0415 - as for `calls`

        self._change("on(…)", "a rule made in Python")
        found = rule_conditions(conditions, wanted)
        rule = Rule(found, "on", caller())
        warn_of_runaways(rule)
        return self._engine.book.add(rule)

    def reply(
        self,
        *replies: ReplyLike,
        times: int | None = None,
        expect: int | tuple[int, int] | None = None,
        **unknown: Never,
    ) -> Rule:
        """Answer every request that no rule with conditions answers; see `Rule.reply` for the arguments."""
        self._change("reply(…)", "a reply given in Python")
        rule = Rule((), "reply", caller(), given=replies)
        self._engine.book.add(rule.reply(*replies, times=times, expect=expect, **unknown))
        self._engine.book.warn_if_shadowed(rule)
        return rule

    def assert_all_used(self) -> None:
        """Raise if a rule was not used, or a script not to its end.

        A rule may be `.optional()`; so are the rules of files, and a catch-all of one reply beside rules with
        conditions, also one that is given to `intercept`.

        Raises:
            UnusedRuleError: A rule was not used; the message says which, where, and what is left.

        """
        unused = self._engine.book.unused()
        if unused:
            raise UnusedRuleError(unused)

    def assert_called_with(self, *conditions: ConditionLike, **wanted: Unpack[Conditions]) -> Call:
        """Raise unless the last call's request fulfils conditions.

        Args:
            *conditions: As for `llm.on(…)`.
            **wanted: As for `llm.on(…)`: `model=`, `user=`, `json={"temperature": 0}`, ….

        Returns:
            The call.

        Raises:
            ExpectationError: It does not, or there was none; the message says where request and conditions differ, and
                which other call fulfils them.
            SettingsError: A condition cannot be one, there is no condition of that name, or none is given.

        """
        from llm_intercept.journal.asserting import last_with  # noqa: PLC0415 - as for `calls`

        return last_with(self.calls, conditions, wanted)

    def expect_unmatched(
        self, *conditions: ConditionLike, **wanted: Unpack[Conditions]
    ) -> AbstractContextManager[list[Call]]:
        """Expect, for a block, requests that nothing answers: they are no reason for a test to fail.

        Args:
            *conditions: What is asked of them, as for `llm.on(…)`; by default nothing.
            **wanted: As for `llm.on(…)`.

        Returns:
            A context manager that gives a list, which has the calls once the block has ended.

        Raises:
            ExpectationError: The block ended well, and there was none.
            SettingsError: A condition cannot be one, or there is no condition of that name.

        """
        from llm_intercept.journal.asserting import unmatched_expected  # noqa: PLC0415 - as for `calls`

        return unmatched_expected(self._engine.journal, conditions, wanted, caller())

    def budget(self, *, calls: int | None = None, tokens: int | None = None, cost: float | None = None) -> None:
        """Allow only so much, so far and from now on: what is more is refused, and raised when the block ends.

        Args:
            calls: How many requests may be made, retries counted.
            tokens: How many tokens they may use, prompt and completion together.
            cost: How many US dollars these may cost at list prices; needs genai-prices.

        Raises:
            BudgetExceededError: More was used already; the message lists the calls.
            SettingsError: A value is no number, or genai-prices is not installed and `cost` is given.

        """
        budget = budgets.Budget(calls, tokens, cost)
        exceeded = budget.exceeded(self._engine.journal)
        if exceeded is not None:
            raise exceeded
        self._engine.budget = budget

    def as_side_effect(self, *, is_async: bool = False) -> Callable[[Any], Any]:
        """Return a function that answers requests inside somebody's own mock: a respx route or a pytest-httpx callback.

        Args:
            is_async: Make it a coroutine function, which reply functions that are coroutines need under an async
                client.

        Returns:
            A function of an httpx or httpx2 request that returns a response of the same library. It returns None for
            a request that is not one to a model; respx then goes on to its next route.

        """
        if self._state is not None:
            self._state.answers_elsewhere = True
        engine = engine_of(self)
        return sideeffects.async_side_effect(engine) if is_async else sideeffects.side_effect(engine)

    def wrap(self, client: T, /) -> T:
        """Answer for one client, of httpx, httpx2, aiohttp or an SDK; return it, or raise `WrapError` if it is none."""
        engine = engine_of(self)
        for one in wrapping.http_clients(client):
            if one not in self._wrapped:
                TRAFFIC.acquire()
                self._wrapped[one] = weakref.finalize(one, TRAFFIC.release)
                activation.attach(one, engine)
        return client

    def unwrap(self, client: T, /) -> T:
        """Undo `wrap` and return the client; raises `WrapError` if it was not wrapped by this interceptor."""
        wrapped = [one for one in wrapping.http_clients(client) if one in self._wrapped]
        if not wrapped:
            raise WrapError(f"{client!r} was not wrapped by this Interceptor, so it cannot be unwrapped.")
        for one in wrapped:
            activation.detach(one, self._engine)
            self._wrapped.pop(one)()
        return client

    def raise_unmatched(self) -> None:
        """Raise if a request so far went unanswered or a rule failed; a block does so by itself when it ends."""
        error = self._engine.settle()
        if error is not None:
            raise error

    @property
    def elapsed(self) -> float:
        """The simulated seconds so far, skipped waits included."""
        return self._engine.service.clock.now()

    def rate_limit(
        self, *, requests_per_minute: int | None = None, tokens_per_minute: int | None = None, model: str = "*"
    ) -> RateLimit:
        """Answer requests beyond a limit with a 429, and tell the limit in OpenAI's headers.

        Both fill up evenly with simulated time. A request's tokens are a quarter of its characters, or its
        `max_tokens` where that is more. A refused request takes no reply from a rule.

        Args:
            requests_per_minute: How many requests a minute allows.
            tokens_per_minute: How many tokens.
            model: The models that share the limit; `*` and `?` are wildcards.

        Returns:
            The limit, which counts what it refused.

        Raises:
            SettingsError: A limit is no positive int, or none is given, or `model` is no text.

        """
        from llm_intercept.simulation.limits import RateLimit  # noqa: PLC0415 - few programs simulate limits

        self._change("rate_limit(…)", "a rate limit")
        limit = RateLimit(requests_per_minute, tokens_per_minute, model)
        self._engine.service.limits.append(limit)
        return limit

    def chaos(self, *, rate: float = 0.1, seed: int = 0, kinds: Iterable[Kind] | None = None) -> Chaos:
        """Let a share of the requests fail, whichever rule answers them.

        Which ones is decided by each request, how often it came, and the seed, whatever the order of requests. What
        takes the place of an answer takes no reply from a rule; what breaks an answer does.

        Args:
            rate: The share, from 0 to 1.
            seed: Another seed, other requests.
            kinds: What may happen: `api_error(…)`, `timeout(…)`, `disconnect(…)` and other faults; by default what
                providers do on a bad day.

        Returns:
            The chaos, with a report of what was injected where.

        Raises:
            SettingsError: An argument has a value that cannot be used.

        """
        from llm_intercept.simulation.chaos import Chaos  # noqa: PLC0415 - it loads all faults

        self._change("chaos(…)", "chaos")
        chaos = Chaos(rate, seed, kinds)
        self._engine.service.chaos.append(chaos)
        return chaos

    def _change(self, what: str, said: str) -> None:
        """Note that something is added, which other processes cannot be told; raise if it can have no effect."""
        state = self._state
        if state is None:  # a rules function, while it is made
            return
        if state.is_over and not self._wrapped and not state.answers_elsewhere:
            raise BlockEndedError(what)
        state.passed_on.add(said)
        self._unused.has_answers = True

    def _add_rules(self, given: RulesSource | Sequence[RulesSource]) -> None:
        from llm_intercept.rulefiles.load import install, sources  # noqa: PLC0415 - files of rules cost 20 ms

        for source in sources(given):
            install(source, self, self._engine.book)
        for rule in (*self._engine.book.rules, *self._engine.book.catch_alls):
            rule.optional()


MADE: list[Callable[[Interceptor], None]] = []
"""Who hears of every interceptor that is made: the report of a whole run."""


def engine_of(llm: Interceptor) -> Engine:
    """Return the engine behind an interceptor, for the ways in, by which it is used; users have no need of it."""
    telling = llm._telling  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - not for users
    if telling is not None:
        telling.detach()
        llm._telling = None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
    return llm._engine  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above


def passed_on(llm: Interceptor) -> PassedOn:
    """Return what can be said to other processes of an interceptor."""
    return _state_of(llm).passed_on


def end(llm: Interceptor) -> None:
    """Note that the block of an interceptor has ended."""
    _state_of(llm).is_over = True


def is_over(llm: Interceptor) -> bool:
    """Whether the block of an interceptor has ended."""
    return _state_of(llm).is_over


def _state_of(llm: Interceptor) -> _State:
    return cast("_State", llm._state)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - made, and not for users


@spelt_with({"": "It takes a client, and one reply: wrap(client, 'text')."})
def wrap(client: T, reply: ReplyLike | None = None, /, **options: Unpack[Options]) -> T:
    """Answer for one client with a new `Interceptor`; see `Options` for the arguments and `Interceptor.wrap`."""
    return Interceptor(reply, **options).wrap(client)
