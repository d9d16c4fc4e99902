"""`intercept(…)`: an interceptor for a block of code or for a function's calls.

Knows: what begins and ends with a block. Must not know: how a request is answered.
"""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, get_args

from llm_intercept.clients import activation
from llm_intercept.clients.patching import THREADS, TRAFFIC
from llm_intercept.errors import LLMInterceptError, SettingsError
from llm_intercept.interceptor import Interceptor
from llm_intercept.settings import Mode, Scope, UnmatchedPolicy, one_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from types import TracebackType

    from llm_intercept.replies import Given
    from llm_intercept.tokens import Tokenizer

P = ParamSpec("P")
R = TypeVar("R")


def intercept(
    reply: Given | None = None,
    /,
    *,
    mode: Mode = "mock",
    unmatched: UnmatchedPolicy = "error",
    scope: Scope = "process",
    seed: int = 0,
    tokenizer: Tokenizer | None = None,
) -> Interception:
    """Answer LLM requests for the length of a block, or of a function's calls.

    Args:
        reply: What to answer every request that no other rule answers: a `Reply` or one of its short forms.
        mode: See `Interceptor`, also for `unmatched`, `seed` and `tokenizer`.
        unmatched: See `Interceptor`.
        scope: `process` answers for every thread and task; `context` for the current one and what it starts.
        seed: See `Interceptor`.
        tokenizer: See `Interceptor`.

    Returns:
        A context manager (`with` and `async with`, giving an `Interceptor`) and a decorator of functions, coroutine
        functions and generators of both kinds. Each use has an `Interceptor` of its own.

    Raises:
        SettingsError: An argument has a value that cannot be used.
        ReplyError: `reply` cannot be a reply.

    """
    one_of("scope", scope, get_args(Scope))
    return Interception(Interceptor(reply, mode=mode, unmatched=unmatched, seed=seed, tokenizer=tokenizer), scope)


class Interception:
    """What `intercept(…)` returns."""

    def __init__(self, first: Interceptor, scope: Scope) -> None:
        self._first = first
        self._scope: Scope = scope
        self._spare: Interceptor | None = first
        self._blocks: list[Block] = []

    def __enter__(self) -> Interceptor:
        """Begin to answer."""
        block = Block(self._interceptor(), self._scope)
        self._blocks.append(block)
        return block.begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Stop answering; raise if something went unanswered."""
        self._blocks.pop().end(error)

    async def __aenter__(self) -> Interceptor:
        """Begin to answer."""
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering; raise if something went unanswered."""
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function: every call of it is a block of its own.

        Raises:
            SettingsError: `function` is not a function.

        """
        if inspect.isclass(function) or not callable(function):
            raise SettingsError("@intercept(…)", function, "it on functions; decorate a class's methods one by one")
        decorated: Any
        if inspect.isasyncgenfunction(function):
            decorated = self._async_generator(function)
        elif inspect.iscoroutinefunction(function):
            decorated = self._coroutine(function)
        elif inspect.isgeneratorfunction(function):
            decorated = self._generator(function)
        else:
            decorated = self._function(function)
        return functools.wraps(function)(decorated)

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._block():
                return function(*args, **kwargs)

        return call

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            with self._block():
                return await function(*args, **kwargs)

        return call

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self._block():
                running: Generator[Any, Any, Any] = function(*args, **kwargs)
                return (yield from running)

        return call

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            with self._block():
                async for item in function(*args, **kwargs):
                    yield item

        return call

    @contextmanager
    def _block(self) -> Generator[Interceptor]:
        block = Block(self._interceptor(), self._scope)
        interceptor = block.begin()
        try:
            yield interceptor
        except BaseException as error:
            block.end(error)
            raise
        block.end(None)

    def _interceptor(self) -> Interceptor:
        """Give the interceptor made with this object to its first use, and a fresh copy to the others."""
        spare, self._spare = self._spare, None
        return spare or self._first.fresh()


class Block:
    """One stretch of time in which an interceptor answers."""

    def __init__(self, interceptor: Interceptor, scope: Scope) -> None:
        self._interceptor = interceptor
        self._scope: Scope = scope
        self._sets = (TRAFFIC, THREADS) if scope == "context" else (TRAFFIC,)
        self._activation: activation.Activation | None = None

    def begin(self) -> Interceptor:
        """Hook the HTTP libraries and answer."""
        for hooks in self._sets:
            hooks.acquire()
        self._activation = activation.activate(self._interceptor.engine, self._scope)
        return self._interceptor

    def end(self, error: BaseException | None) -> None:
        """Stop answering.

        Args:
            error: What the block ends with anyway; what went unanswered is then noted on it instead of raised.

        Raises:
            LLMInterceptError: Something went unanswered or failed.

        """
        if self._activation is not None:
            activation.deactivate(self._activation)
            for hooks in self._sets:
                hooks.release()
        own = self._interceptor.engine.settle()
        if own is None:
            return
        if error is None:
            raise own
        if not isinstance(error, LLMInterceptError):
            error.add_note(str(own))
