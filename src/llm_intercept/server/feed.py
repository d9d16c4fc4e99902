"""Tells of calls as they end: to the log, to who counts, to who listens.

Knows: calls, asyncio's queues. Must not know: what is made of a call.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from llm_intercept.journal.journal import Call, Journal

WAITING = 1000
"""Calls that wait for a listener at the most; one that is slower than that loses some, and hears how many."""


class Feed:
    """Hears each call of a journal, beside the journal's own log, from whatever thread, and numbers them as they end.

    Args:
        journal: The journal; a feed that it had is replaced.
        count: Counts a call.

    """

    def __init__(self, journal: Journal, count: Callable[[Call], None]) -> None:
        log = journal.log
        self.before: Callable[[Call], None] | None = log.before if isinstance(log, Feed) else log
        self._count = count
        self._ended = itertools.count(1)
        self._listeners: tuple[_Listener, ...] = ()
        journal.log = self

    def __call__(self, call: Call) -> None:
        """Pass a call on."""
        call.ended = next(self._ended)
        if self.before is not None:
            self.before(call)
        self._count(call)
        for one in self._listeners:
            one.hear(call)

    async def follow(self, until: asyncio.Event) -> AsyncGenerator[Call | int]:
        """Give calls as they end, until an event; an int says how many were lost where the listener was too slow."""
        one = _Listener(asyncio.get_running_loop())
        self._listeners = (*self._listeners, one)
        end = asyncio.create_task(until.wait())
        end.add_done_callback(lambda _: one.queue.put_nowait(None))
        try:
            while (heard := await one.queue.get()) is not None:
                yield heard
                if one.lost:
                    lost, one.lost = one.lost, 0
                    yield lost
        finally:
            end.cancel()
            self._listeners = tuple(other for other in self._listeners if other is not one)


class _Listener:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.queue: asyncio.Queue[Call | None] = asyncio.Queue()
        self.lost = 0

    def hear(self, call: Call) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, call)

    def _put(self, call: Call) -> None:
        if self.queue.qsize() >= WAITING:
            self.lost += 1
        else:
            self.queue.put_nowait(call)
