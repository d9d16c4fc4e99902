"""The door of a server: one of its requests, read from ASGI's messages within limits, and sent on where it is to go.

Knows: ASGI's messages, the driver's contract. Must not know: rules, which server runs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.family import network_fault
from llm_intercept.server.refusing import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.model.wire import NetworkFaultError, Observer, WireRequest, WireResponse
    from llm_intercept.server.upstream import Upstream
    from llm_intercept.timing.clock import Timeline

    Forwarding = Callable[[WireRequest], Upstream]
    Receive = Callable[[], Awaitable[dict[str, Any]]]


class LeftError(Exception):
    """The client has gone."""


class Body:
    """A request's body as it comes.

    Args:
        receive: The server's.
        length: What the request's head says, if it does.
        most: How many bytes are taken.
        patience: How many seconds it may take.

    """

    def __init__(self, receive: Receive, length: str, most: int, patience: float) -> None:
        self._receive, self._length = receive, length
        self._most, self._patience = most, patience
        self.is_read = False

    async def read(self) -> bytes:
        """Read all of it; raises `RefusedError` where it is too much, or comes too slowly."""
        if self._length.isdecimal() and int(self._length) > self._most:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._patience):
                return await self._all()
        except TimeoutError:
            took = f"The request's body was not there after {self._patience:g} s"
            raise RefusedError(408, f"llm-intercept: {took} (--body-timeout).") from None

    async def _all(self) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise LeftError
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > self._most:
                raise self._too_large()
            parts.append(part)
        self.is_read = True
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"llm-intercept: the request's body has more than {self._most:,} bytes (--max-body).")


class Door:
    """One request; the client's leaving is watched from the first moment on that something is waited for."""

    def __init__(self, head: WireRequest, body: Body, receive: Receive, forwarding: Forwarding) -> None:
        self._head, self._body, self._receive, self._forwarding = head, body, receive, forwarding
        self._task = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._content = b""
        self.has_left = False

    def read_limit(self, _: Timeline, /) -> float | None:
        """None: a server's client has its own clock, which the server does not see; what it sees is that it leaves."""
        self.watch()
        return None

    def watch(self) -> None:
        """End the answer when the client leaves, from now on."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._left())

    def close(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            self._watching.cancel()

    async def outwait(self, seconds: float) -> None:
        """Wait until the client has left, but no longer than some seconds."""
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_left = True
        if self._task is not None:
            self._task.cancel()

    async def read(self) -> bytes:
        """Read the request's whole body."""
        self._content = await self._body.read()
        return self._content

    async def forward(self, observer: Observer | None, /) -> tuple[int, WireResponse]:
        """Send the request where it was going."""
        upstream = self._forwarding(self._head)
        if not self._body.is_read:
            await self.read()
        self.watch()
        response = await upstream.send(self._head, self._content, observer)
        return response.status, response

    def respond(self, response: WireResponse, /) -> WireResponse:
        """Give the answer as it is: the channel carries it out."""
        return response

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        """What failure of the network an exception means."""
        return None if isinstance(error, RefusedError | LeftError) else network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        """Give the exception itself: who answers makes a failing connection of it, or a status."""
        return error
