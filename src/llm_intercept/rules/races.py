"""Who takes the replies of a script, and whether the order they come in is chance.

Knows: tasks, threads and contexts (PEP 567). Must not know: replies, conditions.

A script without a key is for one conversation, or for calls that follow one another. When two tasks or threads that
are at work at the same time take from it, which of them gets which reply is chance. What follows what is known from
contexts: a task inherits the context of the one that started it, and with it the mark of the last reply taken there.
"""

from __future__ import annotations

import inspect
import queue
import sys
import threading
import time
import weakref
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.base.tasks import asyncio_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

    from llm_intercept.model.request import LLMRequest


_seen: ContextVar[tuple[tuple[weakref.ref[Takers], int], ...]] = ContextVar("llm_intercept_seen", default=())
"""The last taking of each script that this context knows to be before it."""
POOLS = tuple(str(Path(threading.__file__).parent / name) for name in ("concurrent/futures", "asyncio"))
PRIMITIVES = (threading.__file__, queue.__file__, POOLS[0])
"""Where a thread is found that waits for another or for work."""
GRACE = 20  # milliseconds
LIMITERS = ("Barrier.", "Semaphore.", "BoundedSemaphore.")
"""What a thread waits in that is at work beside others, and not for them."""


class Takers:
    """Notes who takes from one script; used under the script's lock."""

    def __init__(self) -> None:
        self._number = 0
        self._at_work: Callable[[], bool] = _nobody
        self._unstarted: weakref.WeakSet[Any] = weakref.WeakSet()
        self._beside: frozenset[int] = frozenset()
        self._last: LLMRequest | None = None

    def enter(self, request: LLMRequest) -> bool:
        """Note a taking; tell whether it is in order, which it is not where another may as well have come first."""
        in_order = self._knows_the_last() or _continues(request, self._last) or not self._races()
        self._number += 1
        self._at_work, self._last = _taker(), request
        self._unstarted = weakref.WeakSet(_unstarted())
        self._beside = frozenset(_beside())
        kept = tuple(one for one in _seen.get() if one[0]() is not None and one[0]() is not self)
        _seen.set(((weakref.ref(self), self._number), *kept))
        return in_order

    def _knows_the_last(self) -> bool:
        return any(ref() is self and number == self._number for ref, number in _seen.get())

    def _races(self) -> bool:
        task = _task()
        began_before = threading.get_ident() in self._beside if task is None else task in self._unstarted
        return began_before or self._at_work()


def _nobody() -> bool:
    return False


def _continues(request: LLMRequest, earlier: LLMRequest | None) -> bool:
    """Tell whether a request is a later turn of the same conversation."""
    if earlier is None or len(request.messages) <= len(earlier.messages):
        return False
    return request.messages[: len(earlier.messages)] == earlier.messages


def _taker() -> Callable[[], bool]:
    """Return a function that tells, later and elsewhere, whether what this call is part of is still at work."""
    task = _task()
    return _task_works(weakref.ref(task)) if task is not None else _thread_works()


def _task() -> Any:
    task = asyncio_task()
    trio = sys.modules.get("trio")
    if task is None and trio is not None:
        try:
            return trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return task


def _unstarted() -> Iterator[Any]:
    """Give the tasks beside this one that were not yet begun: none of them waits for it."""
    task = _task()
    if task is None:
        return
    nursery = getattr(task, "parent_nursery", None)
    beside: Iterable[Any] = nursery.child_tasks if nursery is not None else _asyncio_tasks(task)
    yield from (one for one in beside if _state(one) == inspect.CORO_CREATED)


def _asyncio_tasks(task: Any) -> Iterable[Any]:
    import asyncio  # noqa: PLC0415 - it is slow to import, and not every program has it

    return asyncio.all_tasks() if isinstance(task, asyncio.Task) else ()


def _task_works(reference: weakref.ref[Any]) -> Callable[[], bool]:
    thread = threading.get_ident()

    def works() -> bool:
        task = reference()
        if task is None or task is _task() or _state(task) == inspect.CORO_CLOSED:
            return False
        return thread == threading.get_ident() or not _comes_to_wait(task)

    return works


def _comes_to_wait(task: Any) -> bool:
    """Tell whether a task of another thread waits, perhaps for this one; it may still be on the way to it."""
    for _ in range(GRACE):
        if _state(task) != inspect.CORO_RUNNING:
            return True
        time.sleep(0.001)
    return False


def _state(task: Any) -> str:
    """Return the state of a task's coroutine; one of another kind counts as suspended until the task is done."""
    coroutine: Any = getattr(task, "coro", None) or task.get_coro()
    if inspect.iscoroutine(coroutine):
        return inspect.getcoroutinestate(coroutine)
    return inspect.CORO_CLOSED if task.done() else inspect.CORO_SUSPENDED


def _thread_works() -> Callable[[], bool]:
    thread = threading.current_thread()
    job = _job(sys._getframe())  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - inspect.stack reads source files

    def works() -> bool:
        if thread.ident in {None, threading.get_ident()} or not thread.is_alive():
            return False
        frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        stack = list(_stack(frame))
        return any(one.f_code is job for one in stack) and not _waits(stack)

    return works


def _beside() -> Iterator[int]:
    """Give the threads that are at the same work as this one now, and do not wait for another."""
    if threading.active_count() == 1 or _task() is not None:
        return
    here = threading.get_ident()
    frames = sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented for debuggers
    job = _job(frames[here])
    for ident, frame in frames.items():
        stack = list(_stack(frame)) if ident != here else []
        if any(one.f_code is job for one in stack) and not _waits(stack):
            yield ident


def _job(frame: FrameType) -> CodeType | None:
    """Return the code of the outermost frame that is not a pool's or a loop's own.

    It ends with the work the thread was given; a thread that runs it again is at work beside the others.
    """
    own = [one for one in _stack(frame) if not _is_machinery(one)]
    return own[-1].f_code if own else None


def _is_machinery(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith((*PRIMITIVES, *POOLS)) or frame.f_globals.get("__name__", "").split(".")[0] in {
        "anyio",
        "trio",
    }


def _waits(stack: list[FrameType]) -> bool:
    """Tell whether a thread waits for another: what its own code called last is a join, a result, a queue, an event."""
    waiting_in = ""
    for frame in stack:
        if not frame.f_code.co_filename.startswith(PRIMITIVES):
            break
        waiting_in = frame.f_code.co_qualname
    return bool(waiting_in) and not waiting_in.startswith(LIMITERS)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
