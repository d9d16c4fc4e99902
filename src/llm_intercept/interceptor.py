"""`Interceptor`: rules, calls and the clients it is wrapped around; `InterceptTransport` to use it by hand.

Knows: engines, activations and hooks, and ties them together. Must not know: how any of them works.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args

from llm_intercept.clients import activation, sentinels
from llm_intercept.clients.family import family_of, is_client
from llm_intercept.clients.patching import TRAFFIC
from llm_intercept.clients.transport import InProcess, serve, serve_async
from llm_intercept.engine.exchange import Engine
from llm_intercept.errors import ReplyError, SettingsError, WrapError, shorten
from llm_intercept.replies import is_one_shot, prepare
from llm_intercept.rules.conditions import Condition, model_condition, positional_condition, text_condition
from llm_intercept.rules.rule import Rule, caller
from llm_intercept.settings import Mode, UnmatchedPolicy, check_mode, one_of
from llm_intercept.tokens import EstimatingTokenizer

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from llm_intercept.content import LLMRequest
    from llm_intercept.errors import Unmatched
    from llm_intercept.journal import Call
    from llm_intercept.replies import Given
    from llm_intercept.tokens import Tokenizer

T = TypeVar("T")
DEPTH = 2  # how deep an HTTP client may sit in what is wrapped: in an SDK's client, in a framework's model of one


class Interceptor:
    """Rules that answer requests, and the calls they answered. `intercept` gives you one for a block.

    Args:
        reply: What to answer every request that no other rule answers: a `Reply` or one of its short forms.
        mode: `mock`, the only mode of this version.
        unmatched: What happens to a request that nothing answers, or that goes to a known LLM host another way:
            `error` answers it with a 404 that is not retried and raises when the block ends; `raise` raises inside
            the client's transport; `warn` warns and lets it out; `passthrough` lets it out.
        seed: The same seed gives the same ids for the same requests.
        tokenizer: Splits text into stream deltas and counts usage, instead of the built-in estimate.

    Raises:
        SettingsError: An argument has a value that cannot be used.
        ReplyError: `reply` cannot be a reply.

    """

    def __init__(
        self,
        reply: Given | None = None,
        /,
        *,
        mode: Mode = "mock",
        unmatched: UnmatchedPolicy = "error",
        seed: int = 0,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        check_mode("mode", mode)
        one_of("unmatched", unmatched, get_args(UnmatchedPolicy))
        if isinstance(seed, bool) or not isinstance(seed, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SettingsError("seed", seed, "an int")
        if tokenizer is not None and not callable(getattr(tokenizer, "split", None)):
            raise SettingsError("tokenizer", tokenizer, "an object with split(text, model)")
        self.engine = Engine(unmatched, seed, tokenizer or EstimatingTokenizer())
        self._wrapped: weakref.WeakKeyDictionary[Any, Callable[[], Any]] = weakref.WeakKeyDictionary()
        self._reply = reply
        self._where = caller()
        self._begin()

    @property
    def unmatched(self) -> list[Unmatched]:
        """The requests that nothing answered; clear it to say that this was meant."""
        return self.engine.journal.unmatched

    @property
    def calls(self) -> list[Call]:
        """Every exchange so far, in the order the requests arrived."""
        return self.engine.journal.calls

    @property
    def unseen(self) -> tuple[str, ...]:
        """The loaded HTTP libraries that are watched, but cannot be answered for."""
        return sentinels.loaded()

    def on(
        self,
        condition: str | re.Pattern[str] | Callable[[LLMRequest], Any] | None = None,
        /,
        *,
        user: str | re.Pattern[str] | None = None,
        system: str | re.Pattern[str] | None = None,
        model: str | None = None,
    ) -> Rule:
        """Make a rule for the requests that fulfil all the conditions given; call `.reply(…)` on it.

        Args:
            condition: A str found in the last user message (whatever its case), a pattern searched there, or a
                function of the `LLMRequest` that returns something true.
            user: A str or pattern for the last user message.
            system: A str or pattern for the system and developer messages.
            model: The model's name; `*` and `?` are wildcards.

        Raises:
            SettingsError: A condition has a type it cannot have, or none is given.

        """
        conditions: list[Condition] = [] if condition is None else [positional_condition(condition)]
        conditions += [text_condition("user", user)] if user is not None else []
        conditions += [text_condition("system", system)] if system is not None else []
        conditions += [model_condition(model)] if model is not None else []
        if not conditions:
            raise SettingsError("on()", "", "at least one condition, or llm.reply(…) for every request")
        given = {"user": user, "system": system, "model": model}
        words = [_brief(condition)] if condition is not None else []
        words += [f"{name}={_brief(value)}" for name, value in given.items() if value is not None]
        return self._rule(tuple(conditions), f"on({', '.join(words)})")

    def reply(self, *replies: Given, times: int | None = None) -> Rule:
        """Answer every request that no rule with conditions answers; see `Rule.reply` for the arguments."""
        rule = self._rule((), f"reply({', '.join(map(_brief, replies))})").reply(*replies, times=times)
        self.engine.book.warn_if_shadowed(rule)
        return rule

    def wrap(self, client: T, /) -> T:
        """Answer for one client: an httpx or httpx2 client, or an object that holds one (an SDK's client).

        The client keeps its own timeouts, headers, hooks and mounts.

        Returns:
            The same object.

        Raises:
            WrapError: `client` holds no HTTP client.

        """
        for one in _http_clients(client):
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
        wrapped = [one for one in _http_clients(client) if one in self._wrapped]
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
        own = self.engine
        if self._reply is not None and is_one_shot(prepare(self._reply)):
            advice = "Give a list, or a function that returns an iterator."
            raise ReplyError(
                "An iterator given as a reply answers for one block, and this is another", advice, self._where
            )
        copy = Interceptor(unmatched=own.unmatched, seed=own.seed, tokenizer=own.tokenizer)
        copy._reply, copy._where = self._reply, self._where
        copy._begin()
        return copy

    def _begin(self) -> None:
        if self._reply is not None:
            rule = Rule((), f"intercept({_brief(self._reply)})", self._where)
            self.engine.book.add(rule.reply(self._reply))

    def _rule(self, conditions: tuple[Condition, ...], description: str) -> Rule:
        return self.engine.book.add(Rule(conditions, description, caller()))


if TYPE_CHECKING:
    import httpx
    import httpx2

    class _AnyTransport(httpx.BaseTransport, httpx.AsyncBaseTransport, httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        """What clients of both families take, for type checkers; at run time no base class is asked for."""

        def handle_request(self, request: Any) -> Any: ...
        async def handle_async_request(self, request: Any) -> Any: ...

else:
    _AnyTransport = object


class InterceptTransport(InProcess, _AnyTransport):
    """A transport that answers by itself, for httpx and httpx2, sync and async clients.

    Args:
        reply: What to answer, as for `Interceptor`.
        inner: The transport for requests that are nobody's business here; by default the family's own, made when it
            is first needed.
        interceptor: Answers instead of a new `Interceptor`; then `reply` and `options` are not given.
        options: The other arguments of `Interceptor`.

    Raises:
        SettingsError: An option has a value that cannot be used.

    """

    def __init__(
        self,
        reply: Given | None = None,
        /,
        *,
        inner: Any = None,
        interceptor: Interceptor | None = None,
        **options: Any,
    ) -> None:
        if interceptor is not None and (reply is not None or options):
            raise SettingsError("interceptor", interceptor, "either interceptor= or a reply with options, not both")
        self.interceptor = interceptor or Interceptor(reply, **options)
        self._inner = inner
        self._made: dict[tuple[str, str], Any] = {}

    @property
    def calls(self) -> list[Call]:
        """Every exchange so far."""
        return self.interceptor.calls

    def handle_request(self, request: Any) -> Any:
        """Answer a sync client's request."""
        return serve(request, self._handlers(), lambda: self._next(request, "HTTPTransport").handle_request(request))

    async def handle_async_request(self, request: Any) -> Any:
        """Answer an async client's request."""
        return await serve_async(
            request,
            self._handlers(),
            lambda: self._next(request, "AsyncHTTPTransport").handle_async_request(request),
        )

    def close(self) -> None:
        """Close the inner transports."""
        for inner in (self._inner, *self._made.values()):
            if hasattr(inner, "close"):
                inner.close()

    async def aclose(self) -> None:
        """Close the inner transports."""
        for inner in (self._inner, *self._made.values()):
            if hasattr(inner, "aclose"):
                await inner.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _handlers(self) -> tuple[activation.Handler, ...]:
        return (self.interceptor.engine, *activation.active())

    def _next(self, request: Any, kind: str) -> Any:
        if self._inner is not None:
            return self._inner
        module = family_of(request).module
        if (module.__name__, kind) not in self._made:
            self._made[module.__name__, kind] = getattr(module, kind)()
        return self._made[module.__name__, kind]


def wrap(client: T, reply: Given | None = None, /, **options: Any) -> T:
    """Answer for one client with a new `Interceptor`; see `Interceptor` for the arguments and `Interceptor.wrap`.

    Returns:
        The same object.

    Raises:
        WrapError: `client` holds no HTTP client.
        SettingsError: An option has a value that cannot be used.

    """
    return Interceptor(reply, **options).wrap(client)


def _http_clients(value: Any) -> list[Any]:
    """Find the HTTP clients in `value`.

    Raises:
        WrapError: There is none.

    """
    found = list(dict.fromkeys(_search(value, DEPTH)))
    if not found:
        raise WrapError(
            f"{type(value).__module__}.{type(value).__qualname__} holds no HTTP client that can be wrapped. wrap() "
            "takes an httpx or httpx2 client, or an object that holds one, such as OpenAI() or Anthropic()."
        )
    return found


def _search(value: Any, depth: int) -> Iterator[Any]:
    if is_client(value):
        yield value
    elif depth:
        for inner in getattr(value, "__dict__", {}).values():
            yield from _search(inner, depth - 1)


def _brief(value: object) -> str:
    return shorten(value, 40) if isinstance(value, str) else getattr(value, "__qualname__", None) or repr(value)[:60]
