"""Whether the replies of a script are taken in an order that is chance.

Knows: tasks of asyncio and trio, and contexts (PEP 567). Must not know: replies, conditions.

A script without a key is for one conversation, or for calls that follow one another. When two tasks that run beside
each other take from it, which of them gets which reply is chance. What follows what is known from contexts: a task
inherits the context of the one that started it, and with it the mark of the last reply taken there. Threads leave no
such mark: one that takes beside another looks like one that was handed its work by the other, which waits for it. So
threads are not judged.
"""

from __future__ import annotations

import inspect
import sys
import threading
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from llm_intercept.base.tasks import asyncio_task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.model.request import LLMRequest


_seen: ContextVar[tuple[tuple[weakref.ref[RaceDetector], int], ...]] = ContextVar("llm_intercept_seen", default=())
"""The last taking of each script that this context knows to be before it."""


class RaceDetector:
    """Notes which tasks take from one script; used under the script's lock."""

    def __init__(self) -> None:
        self._number = 0
        self._task: weakref.ref[Any] | None = None
        self._thread = 0
        self._unstarted: weakref.WeakSet[Any] = weakref.WeakSet()
        self._last: LLMRequest | None = None

    def enter(self, request: LLMRequest) -> bool:
        """Note a taking; return whether it is in order, which it is not where another may as well have come first."""
        task = _current_task()
        in_order = task is None or self._knows_the_last() or _continues(request, self._last) or not self._beside(task)
        self._last, self._number = request, self._number + 1
        self._note(task)
        return in_order

    def _knows_the_last(self) -> bool:
        return any(ref() is self and number == self._number for ref, number in _seen.get())

    def _beside(self, task: Any) -> bool:
        """Whether the last taker runs beside this task: it goes on, or this one was not begun when it took."""
        if self._task is None or self._thread != threading.get_ident():
            return False
        last = self._task()
        goes_on = last is not None and last is not task and _state(last) != inspect.CORO_CLOSED
        return goes_on or task in self._unstarted

    def _note(self, task: Any) -> None:
        """Note who took last, and mark what follows from it."""
        if task is None:
            self._task = None
            return
        self._task, self._thread = weakref.ref(task), threading.get_ident()
        self._unstarted = weakref.WeakSet(one for one in _tasks_beside(task) if _state(one) == inspect.CORO_CREATED)
        others = tuple(one for one in _seen.get() if one[0]() is not None and one[0]() is not self)
        _seen.set(((weakref.ref(self), self._number), *others))


def _continues(request: LLMRequest, earlier: LLMRequest | None) -> bool:
    """Whether a request is a later turn of the same conversation."""
    if earlier is None or len(request.messages) <= len(earlier.messages):
        return False
    return request.messages[: len(earlier.messages)] == earlier.messages


def _current_task() -> Any:
    task = asyncio_task()
    trio = sys.modules.get("trio")
    if task is None and trio is not None:
        try:
            return trio.lowlevel.current_task()
        except RuntimeError:  # no loop runs here
            return None
    return task


def _tasks_beside(task: Any) -> Iterable[Any]:
    """Return the tasks of the same loop, or of the same nursery."""
    nursery = getattr(task, "parent_nursery", None)
    if nursery is not None:
        return [*nursery.child_tasks]
    import asyncio  # noqa: PLC0415 - it is slow to import, and not every program has it

    return asyncio.all_tasks() if isinstance(task, asyncio.Task) else ()


def _state(task: Any) -> str:
    """Return the state of a task's coroutine; one of another kind counts as suspended until the task is done."""
    coroutine: Any = getattr(task, "coro", None) or task.get_coro()
    if inspect.iscoroutine(coroutine):
        return inspect.getcoroutinestate(coroutine)
    return inspect.CORO_CLOSED if task.done() else inspect.CORO_SUSPENDED
