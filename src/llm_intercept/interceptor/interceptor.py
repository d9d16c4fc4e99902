"""`Interceptor`: rules, calls and the clients it is wrapped around.

Knows: engines, activations and hooks, and ties them together. Must not know: how any of them works.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args
from urllib.parse import urlsplit

from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.clients import activation, sentinels
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.conditions.given import some_conditions
from llm_intercept.engine.exchange import Engine
from llm_intercept.errors import ReplyError, SettingsError, UnusedRuleError, WrapError, shorten
from llm_intercept.interceptor import find_clients as wrapping
from llm_intercept.interceptor import side_effect as sideeffects
from llm_intercept.interceptor.simulation import Simulation
from llm_intercept.journal import budget as budgets
from llm_intercept.journal import calls as call_lists
from llm_intercept.journal import log as calllog
from llm_intercept.replies.reply import is_one_shot, prepare
from llm_intercept.rules.rule import Rule, caller
from llm_intercept.settings import UnmatchedPolicy, check_mode, one_of
from llm_intercept.settings.pyproject import project_defaults
from llm_intercept.simulation.service import Service
from llm_intercept.timing import pace as paces
from llm_intercept.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from typing import Unpack

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.conditions import Conditions
    from llm_intercept.conditions.given import ConditionLike
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.errors import Unmatched
    from llm_intercept.journal.calls import Calls
    from llm_intercept.recording.config import Speed
    from llm_intercept.replies.reply import Given
    from llm_intercept.rulefiles.load import RulesSource
    from llm_intercept.settings import Mode
    from llm_intercept.timing.pace import Pace


T = TypeVar("T")


class Interceptor(Simulation):
    """Rules that answer requests, and the calls they answered. `intercept` gives you one for a block.

    Arguments left out have the default that `[tool.llm_intercept]` in pyproject.toml gives, or the one said here.

    Args:
        reply: What to answer every request that no other rule answers: a `Reply` or one of its short forms.
        mode: `mock` (the default) answers by rules alone; `replay` with recordings where no rule answers; `record`
            sends such requests to the network and records the answers; `auto` replays, and records what is missing,
            but in CI (where the variable `CI` is set) replays alone.
        recordings: The tape: a folder, an fsspec URL, or `Recordings`.
        match: What may differ from a recorded request; see `Recordings`.
        rules: Rules that come before those made later: the path of a .toml, .json or .py file, a function `rules(llm)`,
            or a list of these. They need not all be used.
        unmatched: What happens to a request that nothing answers, or that goes to a known LLM host another way:
            `error` (the default) answers it with a 404 that is not retried and raises when the block ends; `raise`
            raises inside the client's transport; `warn` warns and lets it out; `passthrough` lets it out.
        passthrough: Hosts and models (`*` and `?` are wildcards) whose requests go out to the network, before any rule
            is asked; what else nothing answers is still `unmatched`.
        seed: The same seed gives the same ids for the same requests; 0 by default.
        tokenizer: Splits text into stream deltas and counts usage, instead of the built-in estimate.
        log: A file that each call is appended to as a line of JSON; several processes may share it.
        all_used: Whether a block that ends well raises for rules that were not used, or not to their script's end.
        time_scale: Real seconds that a simulated second takes: 1 (the default) is real time, 0 virtual time, in which
            no wait takes time and the client's read timeouts fire as they would.
        pace: How fast answers come, where neither the rule nor the reply says it: a `Pace`. Of recorded streams
            `recorded`, or a factor of the recorded gaps. By default at once.

    Raises:
        SettingsError: An argument has a value that cannot be used.
        ReplyError: `reply` cannot be a reply.
        RuleFileError: A file of rules has something that cannot be used.

    """

    def __init__(
        self,
        reply: Given | None = None,
        /,
        *,
        mode: Mode | None = None,
        recordings: Any = None,
        match: Any = None,
        rules: RulesSource | Sequence[RulesSource] | None = None,
        unmatched: UnmatchedPolicy | None = None,
        passthrough: str | Sequence[str] | None = None,
        seed: int | None = None,
        tokenizer: Tokenizer | None = None,
        log: str | PathLike[str] | None = None,
        all_used: bool | None = None,
        time_scale: float | None = None,
        pace: Pace | Speed | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            name: value for name, value in locals().items() if name not in {"self", "reply"}
        }
        chosen = {**project_defaults(), **{name: value for name, value in self._options.items() if value is not None}}
        mode = cast("Mode", check_mode("mode", chosen.get("mode", "mock"), ("recordings", chosen.get("recordings"))))
        policy = one_of("unmatched", chosen.get("unmatched", "error"), get_args(UnmatchedPolicy))
        speed, made_up = (pace, None) if mode != "mock" and _is_speed(pace) else (None, pace)
        self.engine = Engine(
            unmatched=cast("UnmatchedPolicy", policy),
            seed=_int("seed", chosen.get("seed", 0)),
            tokenizer=_tokenizer(tokenizer),
            passthrough=_names(chosen.get("passthrough", ())),
            all_used=bool(chosen.get("all_used", False)),
            service=Service(
                Clock(chosen.get("time_scale", 1.0)), None if made_up is None else paces.check_pace("pace", made_up)
            ),
            recorder=None if mode == "mock" else _recorder(chosen["recordings"], match, speed, mode),
        )
        self.engine.journal.log = calllog.CallLog(chosen["log"]) if "log" in chosen else None
        self._rules = _sources(chosen["rules"]) if "rules" in chosen else ()
        self._wrapped: weakref.WeakKeyDictionary[Any, Callable[[], Any]] = weakref.WeakKeyDictionary()
        self._reply = reply
        self._where = caller()
        self._begin()

    @property
    def unmatched(self) -> list[Unmatched]:
        """The requests that nothing answered; clear it to say that this was meant."""
        return self.engine.journal.unmatched

    @property
    def calls(self) -> Calls:
        """Every exchange so far, in the order the requests arrived."""
        return call_lists.Calls(self.engine.journal.calls)

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
            SettingsError: A condition has a type it cannot have, there is no such keyword, or none is given.

        """
        found = some_conditions("on", conditions, wanted)
        return self.engine.book.add(Rule(found, f"on({', '.join(map(str, found))})", caller()))

    def reply(self, *replies: Given, times: int | None = None) -> Rule:
        """Answer every request that no rule with conditions answers; see `Rule.reply` for the arguments."""
        shown = [*map(_brief, replies[:3]), *(["…"] if len(replies) > 3 else [])]  # noqa: PLR2004 - for one line
        rule = Rule((), f"reply({', '.join(shown)})", caller())
        self.engine.book.add(rule.reply(*replies, times=times))
        self.engine.book.warn_if_shadowed(rule)
        return rule

    def assert_all_used(self) -> None:
        """Raise if a rule was not used, or a script not to its end.

        A rule may be `.optional()`; so are the rules of files, the reply given to `intercept`, and a catch-all of one
        reply beside rules with conditions.

        Raises:
            UnusedRuleError: A rule was not used; the message says which, where, and what is left.

        """
        unused = self.engine.book.unused()
        if unused:
            raise UnusedRuleError(unused)

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
        exceeded = budget.exceeded(self.engine.journal)
        if exceeded is not None:
            raise exceeded
        self.engine.budget = budget

    def as_side_effect(self, *, is_async: bool = False) -> Callable[[Any], Any]:
        """Return a function that answers requests inside somebody's own mock: a respx route or a pytest-httpx callback.

        Args:
            is_async: Make it a coroutine function, which reply functions that are coroutines need under an async
                client.

        Returns:
            A function of an httpx or httpx2 request that returns a response of the same library. It returns None for
            a request that is not one to a model; respx then goes on to its next route.

        """
        return sideeffects.async_side_effect(self.engine) if is_async else sideeffects.side_effect(self.engine)

    def wrap(self, client: T, /) -> T:
        """Answer for one client: an httpx or httpx2 client, or an object that holds one (an SDK's client).

        The client keeps its own timeouts, headers, hooks and mounts.

        Returns:
            The same object.

        Raises:
            WrapError: `client` holds no HTTP client.

        """
        for one in wrapping.http_clients(client):
            if one not in self._wrapped:
                TRAFFIC.acquire()
                self._wrapped[one] = weakref.finalize(one, TRAFFIC.release)
                activation.attach(one, self.engine)
        return client

    def unwrap(self, client: T, /) -> T:
        """Undo `wrap`.

        Returns:
            The same object.

        Raises:
            WrapError: `client` was not wrapped by this interceptor.

        """
        wrapped = [one for one in wrapping.http_clients(client) if one in self._wrapped]
        if not wrapped:
            raise WrapError(f"{client!r} was not wrapped by this Interceptor, so it cannot be unwrapped.")
        for one in wrapped:
            activation.detach(one, self.engine)
            self._wrapped.pop(one)()
        return client

    def raise_unmatched(self) -> None:
        """Raise if a request so far went unanswered or a rule failed; a block does so by itself when it ends.

        Raises:
            UnmatchedRequestError: Nothing answered a request; the message says which and why.
            LLMInterceptError: A rule's own function failed, or another library was stopped.

        """
        error = self.engine.settle()
        if error is not None:
            raise error

    def fresh(self) -> Interceptor:
        """Make an interceptor from the same arguments, without the rules and calls that came later."""
        if self._reply is not None and is_one_shot(prepare(self._reply)):
            advice = "Give a list, or a function that returns an iterator."
            raise ReplyError(
                "An iterator given as a reply answers for one block, and this is another", advice, self._where
            )
        copy = Interceptor(**self._options)
        copy._reply, copy._where = self._reply, self._where
        copy._begin()
        return copy

    def placed(self, where: str) -> None:
        """Say where the reply was given, for messages, instead of the line that made this."""
        for rule in self.engine.book.catch_alls:
            rule.where = where if rule.where == self._where else rule.where
        self._where = where

    def _begin(self) -> None:
        """Add the rules that were given: the reply, and those of `rules`, which need not be used."""
        if self._reply is not None:
            rule = Rule((), f"intercept({_brief(self._reply)})", self._where, optional=True)
            self.engine.book.add(rule.reply(self._reply))
        for source in self._rules:
            from llm_intercept.rulefiles.load import install  # noqa: PLC0415 - files of rules cost 20 ms

            install(source, self, self.engine.book)
        for rule in (*self.engine.book.rules, *self.engine.book.catch_alls):
            rule.optional()


def _int(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(name, value, "an int")
    return value


def _recorder(recordings: Any, match: Any, speed: Any, mode: str) -> Recorder:
    from llm_intercept.engine.recorder import Recorder  # noqa: PLC0415 - recordings cost 20 ms
    from llm_intercept.recording.config import recordings_of  # noqa: PLC0415 - as above

    return Recorder(recordings_of(recordings, match, speed), mode)


def _is_speed(pace: object) -> bool:
    from llm_intercept.recording.config import is_speed  # noqa: PLC0415 - recordings cost 20 ms

    return is_speed(pace)


def _sources(rules: Any) -> Any:
    from llm_intercept.rulefiles.load import sources  # noqa: PLC0415 - files of rules cost 20 ms

    return sources(rules)


def _tokenizer(given: Tokenizer | None) -> Tokenizer:
    if given is not None and not callable(getattr(given, "split", None)):
        raise SettingsError("tokenizer", given, "an object with split(text, model)")
    return given or EstimatingTokenizer()


def _names(given: object) -> tuple[str, ...]:
    """Check the hosts and models of `passthrough`; of a URL, its host is taken."""
    names = [given] if isinstance(given, str) else given
    expected = "a list of hosts and models, such as ['api.mistral.ai', 'mistral-*']"
    if not isinstance(names, list | tuple | set | frozenset):
        raise SettingsError("passthrough", given, expected)
    for name in cast("list[object]", names):
        if not isinstance(name, str) or not name.strip():
            raise SettingsError("passthrough", given, expected)
    return tuple(urlsplit(name).hostname or name if "://" in name else name for name in cast("list[str]", names))


def wrap(client: T, reply: Given | None = None, /, **options: Any) -> T:
    """Answer for one client with a new `Interceptor`; see `Interceptor` for the arguments and `Interceptor.wrap`.

    Returns:
        The same object.

    Raises:
        WrapError: `client` holds no HTTP client.
        SettingsError: An option has a value that cannot be used.

    """
    return Interceptor(reply, **options).wrap(client)


def _brief(value: object) -> str:
    if isinstance(value, str):
        return shorten(value, 40)
    shown = getattr(value, "__qualname__", None) or repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"  # noqa: PLR2004 - for one line
