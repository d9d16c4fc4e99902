"""What `intercept(…)` returns: an interceptor for a block of code or for a function's calls.

Knows: what begins and ends with a block. Must not know: how a request is answered.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast
from weakref import WeakSet

from llm_intercept.base.dummy_keys import STAND_IN, leads_away
from llm_intercept.base.tasks import asyncio_task
from llm_intercept.clients import activation, patching
from llm_intercept.errors import LLMInterceptError, NeverUsedWarning, ReplyError
from llm_intercept.interceptor import children
from llm_intercept.interceptor.elsewhere import count, tell
from llm_intercept.interceptor.forgotten import may_keep_unused
from llm_intercept.interceptor.handed_over import HandOver, check_decorable, decorate_tests
from llm_intercept.interceptor.interceptor import Interceptor, end, engine_of, passed_on
from llm_intercept.replies.kinds import is_one_shot, prepare

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from types import TracebackType

    from llm_intercept.interceptor.its_options import Options
    from llm_intercept.replies.kinds import ReplyLike
    from llm_intercept.settings import Scope

    Begun = Callable[..., tuple[Any, "Block"]]

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


class Interception:
    """What `intercept(…)` returns."""

    _is_unused = False

    def __init__(
        self,
        reply: ReplyLike | None,
        options: Options,
        scope: Scope,
        where: str,
        *,
        is_strict: bool = False,
        mode_from: str = "",
    ) -> None:
        self._reply, self._options, self._where, self._mode_from = reply, options, where, mode_from
        self._scope: Scope = scope
        self._is_strict = is_strict
        self._spare: Interceptor | None = self._interceptor()
        self._blocks: list[tuple[object, Block]] = []
        self._is_unused = True
        UNUSED.add(self)

    def __enter__(self) -> Interceptor:
        self._use()
        block = self._block()
        block.begin()
        self._blocks.append((_here(), block))
        return block.interceptor

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._innermost().end(error)

    async def __aenter__(self) -> Interceptor:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Decorated) -> Decorated:
        """Decorate a function, or a class's tests: every call is a block of its own, to the end of what it returns.

        A function that takes an argument `llm` is given the block's `Interceptor`, unless its caller gives one.
        """
        self._use()
        if isinstance(function, staticmethod | classmethod):
            kind: Any = type(cast("object", function))
            return cast("Decorated", kind(self(cast("Any", function).__func__)))
        if inspect.isclass(function):
            decorate_tests(function, self)
            return cast("Decorated", function)
        check_decorable(function)
        over = HandOver(function)
        return cast("Decorated", over.hide(functools.wraps(function)(self._decorated(function, over))))

    def _decorated(self, function: Callable[..., Any], over: HandOver) -> Callable[..., Any]:
        begun = self._begun(function, over)
        if inspect.isasyncgenfunction(function):
            return _relayed(begun)
        if inspect.iscoroutinefunction(function):
            return _coroutine(begun)
        if inspect.isgeneratorfunction(function):
            return _generator(begun)
        return self._function(function, over)

    def _function(self, function: Callable[..., Any], over: HandOver) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            block = self._block()
            args, kwargs = over.arguments(block.interceptor, args, kwargs)
            with block.running(last=False):
                result = function(*args, **kwargs)
            if inspect.isawaitable(result):
                return _awaited(result, block)
            if inspect.isasyncgen(result):
                return _relayed(lambda: (result, block))()
            if inspect.isgenerator(result):
                return _generated(result, block)
            block.end(None)
            return result

        return call

    def _begun(self, function: Callable[..., Any], over: HandOver) -> Begun:
        """Make what calls a function whose body has not begun when it returns, and the block for that."""

        def begun(*args: Any, **kwargs: Any) -> tuple[Any, Block]:
            block = self._block()
            args, kwargs = over.arguments(block.interceptor, args, kwargs)
            return function(*args, **kwargs), block

        return begun

    def _block(self) -> Block:
        spare, self._spare = self._spare, None
        if spare is None and self._reply is not None and is_one_shot(prepare(self._reply)):
            problem = "An iterator given as a reply answers for one block, and this is another"
            raise ReplyError(problem, "Give a list, or a function that returns an iterator.", self._where)
        return Block(spare or self._interceptor(), self._scope, self._where, is_strict=self._is_strict)

    def _interceptor(self) -> Interceptor:
        return Interceptor(self._reply, _where=self._where, _mode_from=self._mode_from, **self._options)

    def _use(self) -> None:
        self._is_unused = False
        UNUSED.discard(self)

    def __del__(self) -> None:
        if self._is_unused and not sys.is_finalizing():
            warn_unused(self)

    if not TYPE_CHECKING:  # type checkers know that there is nothing

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_") or not hasattr(Interceptor, name):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            raise AttributeError(
                f"intercept(…) has no {name!r} before it is entered, and answers nothing: use "
                f"`with intercept(…) as llm:` and llm.{name} inside it. (It was made at {self._where}.)"
            )

    def _innermost(self) -> Block:
        """Take the block that was begun last in this thread and task, or, where a fixture ends it, the last of all."""
        here = _here()
        own = next((number for number in reversed(range(len(self._blocks))) if self._blocks[number][0] == here), -1)
        return self._blocks.pop(own)[1]


UNUSED: WeakSet[Interception] = WeakSet()
"""Those that were neither entered nor used as a decorator so far."""


def warn_unused(one: Interception) -> None:
    """Warn that one was made and never used, at its place."""
    one._is_unused = False  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - it is told once
    where = one._where  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - it belongs to it
    file, _, line = where.rpartition(":")
    message = (
        f"intercept(…), made at {where}, was never entered: it has answered nothing, and requests to models went where "
        "they were going. Use `with intercept(…) as llm:`, or `@intercept(…)` above a function."
    )
    warnings.warn_explicit(message, NeverUsedWarning, file or where, int(line) if line.isdecimal() else 0)


def _warn_at_the_end() -> None:
    """Warn of what a program keeps and never uses."""
    if not may_keep_unused():
        for one in list(UNUSED):
            warn_unused(one)


atexit.register(_warn_at_the_end)


class Block:
    """One stretch of time in which an interceptor answers; it may pause, and ends once."""

    def __init__(self, interceptor: Interceptor, scope: Scope, where: str = "", *, is_strict: bool = False) -> None:
        self.interceptor, self._engine = interceptor, engine_of(interceptor)
        self._scope: Scope = scope
        self._is_strict = is_strict
        sets = (patching.TRAFFIC, children.PROCESSES)
        self._sets = (*sets, patching.THREADS) if scope == "context" else sets
        self._activation: activation.Activation | None = None
        engine = self._engine
        self._has_dummies = not engine.sends_on and not leads_away(engine.passthrough)
        self._dummies: object = None
        self._children = children.Block(passed_on(interceptor), where, functools.partial(tell, self._engine))

    def begin(self) -> None:
        """Hook the HTTP libraries and answer; raises `HookError` if that cannot be done."""
        with ExitStack() as acquired:
            for hooks in self._sets:
                hooks.acquire()
                acquired.callback(hooks.release)
            acquired.pop_all()
        self._activation = activation.activate(self._engine, self._scope, is_strict=self._is_strict)
        if self._engine.refusal is None:
            self._dummies = STAND_IN.enter(wanted=self._has_dummies)
        self._children.enter(self._activation)

    def pause(self) -> None:
        """Stop answering, for now."""
        if self._activation is not None:
            self._children.leave()
            activation.deactivate(self._activation)
            self._activation = None
            STAND_IN.leave(self._dummies)
            for hooks in self._sets:
                hooks.release()

    def end(self, error: BaseException | None) -> None:
        """Stop answering; what went unanswered is raised, or noted on the `error` that the block ends with anyway."""
        self.pause()
        end(self.interceptor)
        if not self._children.is_copy:
            count(self._engine, self._children.report)
        own = self._engine.settle(complete=error is None)
        if own is None:
            return
        if error is None:
            raise own
        if not isinstance(error, LLMInterceptError) and str(own) not in str(error):
            error.add_note(str(own))

    @contextmanager
    def running(self, *, last: bool = True) -> Generator[None]:
        """Answer while the body runs; `last` says whether the block ends with it."""
        self.begin()
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise
        if last:
            self.end(None)
        else:
            self.pause()


def _here() -> object:
    task = asyncio_task()
    return threading.get_ident(), id(task) if task is not None else 0


async def _awaited(awaitable: Awaitable[Any], block: Block) -> Any:
    with block.running():
        return await awaitable


def _generated(generator: Generator[Any, Any, Any], block: Block) -> Generator[Any, Any, Any]:
    with block.running():
        return (yield from generator)


def _coroutine(begun: Begun) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(*begun(*args, **kwargs))

    return call


def _generator(begun: Begun) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from _generated(*begun(*args, **kwargs)))

    return call


def _relayed(begun: Begun) -> Callable[..., Any]:
    """Make an async generator function that passes on what is sent to its generator or thrown into it, and its end."""

    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator, block = begun(*args, **kwargs)
        with block.running():
            advance: Awaitable[Any] = anext(generator)
            while True:
                try:
                    value = await advance
                except StopAsyncIteration:
                    return
                try:
                    sent = yield value
                except GeneratorExit:
                    await generator.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - the generator decides what becomes of it
                    advance = generator.athrow(error)
                else:
                    advance = generator.asend(sent)

    return call
