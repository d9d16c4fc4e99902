"""Does apart what would hold up an event loop: redacting and writing takes, in a thread, in the order they came in.

The thread lives while there is something to do; a process does not end before it, since it is no daemon. Knows: jobs,
and which tape and request each is for. Must not know: what a job does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Mark = tuple[str, str]
"""What a job is for: the place of a tape, the fingerprint of a request."""


class Writer:
    """The jobs of this process."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin without jobs: a forked child has none, its parent does them."""
        self._changed = threading.Condition()
        self._jobs: deque[tuple[Mark, Callable[[], None]]] = deque()
        self._open: Counter[Mark] = Counter()
        self._thread: threading.Thread | None = None

    def do(self, mark: Mark, job: Callable[[], None]) -> None:
        """Do a job, which raises nothing: later and apart where an event loop runs here, else now."""
        if not on_event_loop():
            job()
            return
        with self._changed:
            self._jobs.append((mark, job))
            self._open[mark] += 1
            is_done_apart = self._thread is not None or self._starts()
        if not is_done_apart:
            self._work()

    def wait(self, place: str, fingerprint: str = "") -> None:
        """Wait until what is to be written to a tape is, or what of one request is."""
        if self._open and threading.current_thread() is not self._thread:
            with self._changed:
                self._changed.wait_for(lambda: not self._is_open(place, fingerprint))

    def _starts(self) -> bool:
        """Start the thread; an interpreter that is ending starts no more."""
        self._thread = threading.Thread(target=self._work, name="llm-intercept recording", daemon=False)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
        return self._thread is not None

    def _is_open(self, place: str, fingerprint: str) -> bool:
        return any(mark[0] == place and fingerprint in {"", mark[1]} for mark in self._open)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._jobs:
                    self._thread = None
                    return
                mark, job = self._jobs.popleft()
            try:
                job()
            finally:
                self._done(mark)

    def _done(self, mark: Mark) -> None:
        with self._changed:
            self._open[mark] -= 1
            if not self._open[mark]:
                del self._open[mark]
            self._changed.notify_all()


WRITER = Writer()
if sys.platform != "win32":
    os.register_at_fork(after_in_child=WRITER.forget)


def on_event_loop() -> bool:
    """Whether an event loop of asyncio or trio runs in this thread, found without loading either."""
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001 - documented for libraries like this one
        return True
    trio: Any = sys.modules.get("trio.lowlevel")
    return bool(getattr(trio, "in_trio_run", bool)())
