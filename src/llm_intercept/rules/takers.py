"""Who takes the replies of a script, and whether the order they come in is chance.

Knows: tasks, threads and contexts (PEP 567). Must not know: replies, conditions.

A script without a key is for one conversation, or for calls that follow one another. When two tasks or threads that
run at the same time take from it, which of them gets which reply is chance. What follows what is known from contexts:
a task inherits the context of the one that started it, and with it the mark of the last reply taken there.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import sys
import threading
import weakref
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.content import LLMRequest

_seen: ContextVar[tuple[tuple[weakref.ref[Takers], int], ...]] = ContextVar("llm_intercept_seen", default=())
"""The last taking of each script that this context knows to be before it."""
POOL = Path(concurrent.futures.__file__).parent
WAITING_IN = frozenset({threading.__file__, queue.__file__, str(POOL / "thread.py"), str(POOL / "_base.py")})
"""Where a thread is found that waits for others or for work."""


class Takers:
    """Notes who takes from one script; used under the script's lock."""

    def __init__(self) -> None:
        self._number = 0
        self._running: Callable[[], bool] = _nobody
        self._last: LLMRequest | None = None

    def enter(self, request: LLMRequest) -> bool:
        """Note a taking; tell whether it is in order, which it is not where another may as well have come first."""
        before = next((number for ref, number in _seen.get() if ref() is self), -1)
        in_order = before == self._number or _continues(request, self._last) or not self._running()
        self._number += 1
        self._running, self._last = _taker(), request
        kept = tuple(one for one in _seen.get() if one[0]() is not None and one[0]() is not self)
        _seen.set(((weakref.ref(self), self._number), *kept))
        return in_order


def _nobody() -> bool:
    return False


def _continues(request: LLMRequest, earlier: LLMRequest | None) -> bool:
    """Tell whether a request is a later turn of the same conversation."""
    if earlier is None or len(request.messages) <= len(earlier.messages):
        return False
    return request.messages[: len(earlier.messages)] == earlier.messages


def _taker() -> Callable[[], bool]:
    """Return a function that tells, later and elsewhere, whether the task or thread of this call still runs."""
    task = _task()
    return _task_runs(weakref.ref(task)) if task is not None else _thread_runs(threading.current_thread())


def _task() -> Any:
    try:
        task: Any = asyncio.current_task()
    except RuntimeError:
        task = None
    trio = sys.modules.get("trio")
    if task is None and trio is not None:
        try:
            return trio.lowlevel.current_task()
        except RuntimeError:
            return None
    return task


def _task_runs(reference: weakref.ref[Any]) -> Callable[[], bool]:
    def runs() -> bool:
        task = reference()
        if task is None or task is _task():
            return False
        if isinstance(task, asyncio.Task):
            return not task.done()
        return getattr(getattr(task, "coro", None), "cr_frame", None) is not None

    return runs


def _thread_runs(thread: threading.Thread) -> Callable[[], bool]:
    def runs() -> bool:
        ident = thread.ident
        if ident is None or ident == threading.get_ident() or not thread.is_alive():
            return False
        frame = sys._current_frames().get(ident)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented for debuggers
        return frame is not None and frame.f_code.co_filename not in WAITING_IN

    return runs
