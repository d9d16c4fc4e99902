"""Awaits what a user's function is made of, for a client that has no event loop.

Knows: asyncio. Must not know: what is awaited, and for whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable


class OwnLoop:
    """An event loop for one answer, made when something is awaited first; all is awaited in the same context."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """Await what `function` returns; raises `TypeError` inside a running loop, which cannot wait for it."""
        import asyncio  # noqa: PLC0415 - it is slow to import, and at interpreter start not needed

        async def wait() -> Any:
            return await function()

        if self._runner is None:
            _check_no_loop(asyncio)
            self._runner = asyncio.Runner()
        return self._runner.run(wait())

    def close(self) -> None:
        """End the loop, with what still runs in it."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()


def run(awaitable: Awaitable[Any]) -> Any:
    """Await one thing; raises `TypeError` inside a running loop."""
    loop = OwnLoop()
    try:
        return loop.run(lambda: awaitable)
    except TypeError:
        close: Callable[[], None] = getattr(awaitable, "close", lambda: None)
        close()
        raise
    finally:
        loop.close()


def _check_no_loop(asyncio: Any) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise TypeError(
        "an async reply function was asked by a sync client inside a running event loop, which cannot wait for it: "
        "use a plain function, or an async client"
    )
