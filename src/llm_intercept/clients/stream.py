"""The byte stream of a response: one class, iterated by sync and async clients alike.

Knows: steps, and how long a client waits for one. Must not know: who makes them, which family reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, assert_never

from llm_intercept.model.wire import Break, NetworkFaultError, Wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from llm_intercept.model.wire import Step
    from llm_intercept.timing.clock import Timeline, Waiting


def read_timeout(request: Any) -> float | None:
    """Tell how many seconds a request's client waits for bytes; None if it waits for ever."""
    limits: dict[str, float | None] = request.extensions.get("timeout") or {}
    return limits.get("read")


def raise_if_late(waiting: Waiting) -> None:
    """Fail as the client's own timeout does, if the wait was longer than that.

    Raises:
        NetworkFaultError: It was.

    """
    if waiting.is_late:
        raise NetworkFaultError("ReadTimeout", "The read operation timed out")


@dataclass(frozen=True, slots=True)
class Timing:
    """What the waits in a body are measured with."""

    timeline: Timeline
    limit: float | None


class ByteChunks:
    """A lazy sequence of byte chunks; each is made when it is read, and closing it ends the making.

    Args:
        steps: The chunks; with a `timing` waits and a break too.
        raise_own: Raises an error as one of the client's own.
        timing: How long the client waits.

    """

    def __init__(
        self, steps: Iterable[Step], raise_own: Callable[[BaseException], NoReturn], timing: Timing | None = None
    ) -> None:
        self._steps: Iterable[Any] = steps
        self._raise_own = raise_own
        self._timing = timing

    def __iter__(self) -> Iterator[bytes]:
        """Give the chunks one by one."""
        try:
            if self._timing is None:
                yield from self._steps
            else:
                yield from self._timed(self._timing)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._raise_own(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks one by one."""
        try:
            for step in self._steps:
                if self._timing is None or type(step) is bytes:
                    yield step
                else:
                    waiting = self._waiting(step, self._timing)
                    await waiting.asleep()
                    self._check(waiting)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._raise_own(error)

    def close(self) -> None:
        """End the making of chunks."""
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()

    async def aclose(self) -> None:
        """End the making of chunks."""
        self.close()

    def _timed(self, timing: Timing) -> Iterator[bytes]:
        for step in self._steps:
            if type(step) is bytes:
                yield step
            else:
                waiting = self._waiting(step, timing)
                waiting.sleep()
                self._check(waiting)

    def _waiting(self, step: Wait | Break, timing: Timing) -> Waiting:
        """Plan the wait that a step asks for.

        Raises:
            NetworkFaultError: The step is a break.

        """
        match step:
            case Wait(seconds):
                return timing.timeline.wait(seconds, timing.limit)
            case Break(kind, message):
                return self._fail(NetworkFaultError(kind, message))
            case _:
                assert_never(step)

    def _check(self, waiting: Waiting) -> None:
        try:
            raise_if_late(waiting)
        except NetworkFaultError as error:
            self._fail(error)

    def _fail(self, error: NetworkFaultError) -> NoReturn:
        """Raise an error in the maker of the steps, so that it knows how they ended, and out of it."""
        throw = getattr(self._steps, "throw", None)
        if throw is not None:
            throw(error)
        raise error
