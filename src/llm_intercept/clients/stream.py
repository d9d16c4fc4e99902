"""The byte stream of a response: one class, iterated by sync and async clients alike.

Knows: steps, and how long a client waits for one. Must not know: who makes them, which family reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, assert_never

from llm_intercept.clients.activation import outside_clients
from llm_intercept.clients.adapter import raise_own
from llm_intercept.clients.awaiting import OwnLoop
from llm_intercept.model.wire import Awaited, Break, HearsFailure, NetworkFaultError, Wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llm_intercept.clients.adapter import Errors
    from llm_intercept.model.wire import Step, WireResponse
    from llm_intercept.timing.clock import Waiting

LATE = "The read operation timed out"
"""What is said where the client's own limit ended a wait."""


def raise_if_late(waiting: Waiting) -> None:
    """Raise `NetworkFaultError`, as the client's own timeout does, if the wait was longer than that."""
    if waiting.is_late:
        raise NetworkFaultError("ReadTimeout", LATE)


class ByteChunks:
    """A body as bytes: chunks are made as they are read, waits are waited, and closing it ends the making.

    What a user's async generator makes is awaited in the client's own loop; a sync client's answer gets one of its own.
    """

    def __init__(self, response: WireResponse, errors: Errors) -> None:
        self._steps = response.chunks
        self._timeline = response.timeline
        self._errors = errors
        self._loop: OwnLoop | None = None
        self._awaited: Awaited | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for step in self._steps:
                if isinstance(step, bytes):
                    yield step
                elif isinstance(step, Awaited):
                    self._fetch(step)
                else:
                    waiting = self._waiting(step)
                    waiting.sleep()
                    raise_if_late(waiting)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._fail(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for step in self._steps:
                if isinstance(step, bytes):
                    yield step
                else:
                    await self._carry_out(step)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._fail(error)

    def steps(self) -> Iterator[Step]:
        """Give the steps, for a door that carries them out itself."""
        try:
            yield from self._steps
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._fail(error)

    async def carry_out(self, step: Wait | Break | Awaited) -> None:
        """Do what a step that is no chunk asks for."""
        try:
            await self._carry_out(step)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)

    def end_steps(self) -> None:
        """End the making of the body."""
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()

    def close(self) -> None:
        self.end_steps()
        awaited, self._awaited = self._awaited, None
        loop, self._loop = self._loop, None
        if awaited is not None and loop is not None:
            try:
                loop.run(awaited.close)
            finally:
                loop.close()

    async def aclose(self) -> None:
        self.end_steps()
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            with outside_clients():
                await awaited.close()

    async def _carry_out(self, step: Wait | Break | Awaited) -> None:
        if isinstance(step, Awaited):
            self._awaited = step
            with outside_clients():
                await step.fetch()
        else:
            waiting = self._waiting(step)
            await waiting.asleep()
            raise_if_late(waiting)

    def _fetch(self, step: Awaited) -> None:
        """Await, for a client without a loop, what the next step needs."""
        if self._loop is None:
            self._loop = OwnLoop()
        self._awaited = step
        with outside_clients():
            self._loop.run(step.fetch)

    def _waiting(self, step: Wait | Break) -> Waiting:
        """Plan the wait that a step asks for; a break raises, and so does a wait without a timeline."""
        match step:
            case Wait(seconds):
                if self._timeline is None:
                    raise TypeError("a body that waits needs a timeline")
                return self._timeline.wait(seconds, self._errors.read_limit(self._timeline))
            case Break(kind, message):
                raise NetworkFaultError(kind, message)
            case _:
                assert_never(step)

    def _fail(self, error: Exception) -> NoReturn:
        """Let the maker of the steps know how they ended, and raise it as the client's own."""
        if isinstance(self._steps, HearsFailure):
            self._steps.failed(self._errors.network_fault(error) or error)
        raise_own(self._errors, error)
