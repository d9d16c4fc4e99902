"""Ends what takes too long: one timer for all that is waited for, since nearly all of it comes in time.

Knows: asyncio's tasks. Must not know: what is waited for. A timer for each request took 8 of its microseconds.
"""

from __future__ import annotations

import asyncio
from typing import Any

Task = asyncio.Task[Any]


class Patience:
    """How long something may take that tasks wait for, each one thing at a time.

    Args:
        seconds: So long; then the task is cancelled.

    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: dict[Task, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> Task:
        """Begin to wait, in this task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("there is no task that could be ended")
        loop = task.get_loop()
        self._due[task] = loop.time() + self.seconds
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(self.seconds, self._look, loop)
        return task

    def ran_out(self, task: Task) -> bool:
        """Whether a task that was cancelled was so because it took too long, and not by somebody else too."""
        return task not in self._due and not task.uncancel()

    def end(self, task: Task) -> None:
        """Wait no longer."""
        self._due.pop(task, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the tasks that are late; they stand in the order in which they are due."""
        now = loop.time()
        self._loop = None
        for task, due in [*self._due.items()]:
            if due > now:
                self._loop = loop
                loop.call_later(due - now, self._look, loop)
                return
            del self._due[task]
            task.cancel()
