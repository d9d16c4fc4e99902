"""Calls users' functions in threads, so that one that takes long keeps no other client waiting.

Knows: threads, asyncio. Must not know: what a function is asked.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 64
"""Functions that run at once."""


class Threads:
    """The threads of one server; there are none before a function is called."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    async def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a function, in a thread if it is no coroutine function; await what it returns, if that is to be."""
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(MOST, "llm-intercept-reply")
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        value: Any = await loop.run_in_executor(self._pool, lambda: context.run(_called, function, arguments))
        return await value if hasattr(value, "__await__") else value

    def close(self) -> None:
        """Begin no more of them; those that run end by themselves."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except StopIteration as error:  # no future can hold it: whoever awaits it would wait for ever
        raise RuntimeError("the function raised StopIteration") from error
