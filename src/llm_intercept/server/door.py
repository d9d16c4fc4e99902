"""The door of a server: one of its requests, read from ASGI's messages within limits, and sent on where it is to go.

Knows: ASGI's messages, the driver's contract. Must not know: rules, which server runs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.clients.family import network_fault
from llm_intercept.server.refusing import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.model.wire import NetworkFaultError, Observer, WireRequest, WireResponse
    from llm_intercept.server.patience import Patience
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
        length: How many bytes the request's head says.
        most: How many bytes are taken.
        patience: How long it may take.

    """

    def __init__(self, receive: Receive, length: int, most: int, patience: Patience) -> None:
        self._receive, self._length = receive, length
        self._most, self._patience = most, patience
        self.content: bytes | None = None

    async def read(self) -> bytes:
        """Read all of it; raises `RefusedError` where it is too much, or comes too slowly."""
        if self._length > self._most:
            raise self._too_large()
        task = self._patience.begin()
        try:
            message = await self._receive()
            content: bytes = message.get("body", b"")
            if len(content) != self._length or not content or message.get("more_body"):
                content = await self._all(message)
            self.content = content
        except asyncio.CancelledError:
            if not self._patience.ran_out(task):
                raise
            took = f"The request's body was not there after {self._patience.seconds:g} s"
            raise RefusedError(408, f"llm-intercept: {took} (--body-timeout).") from None
        finally:
            self._patience.end(task)
        return content

    async def _all(self, message: dict[str, Any]) -> bytes:
        """Read what comes in several messages, or without a length; the first is there."""
        parts: list[bytes] = []
        left = self._most
        while True:
            if message["type"] == "http.disconnect":
                raise LeftError
            content = message.get("body", b"")
            left -= len(content)
            if left < 0:
                raise self._too_large()
            parts.append(content)
            if not message.get("more_body", False):
                return b"".join(parts)
            message = await self._receive()

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"llm-intercept: the request's body has more than {self._most:,} bytes (--max-body).")


class Door:
    """One request; the client's leaving is watched from the first moment on that something is waited for."""

    def __init__(self, head: WireRequest, body: Body, receive: Receive, forwarding: Forwarding) -> None:
        self._head, self._body, self._receive, self._forwarding = head, body, receive, forwarding
        self._watching: asyncio.Task[None] | None = None
        self.has_left = self.is_silent = False

    @property
    def host(self) -> str:
        """Where it is sent on to."""
        return urlsplit(self._head.url).hostname or ""

    def read_limit(self, _: Timeline, /) -> float | None:
        """None: a server's client has its own clock, which the server does not see; what it sees is that it leaves."""
        self.watch()
        return None

    def watch(self) -> None:
        """End the answer when the client leaves, from now on."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._left(asyncio.current_task()))

    def close(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            self._watching.cancel()

    async def outwait(self, seconds: float) -> None:
        """Wait until the client has left, but no longer than some seconds; it hears nothing meanwhile."""
        self.is_silent = True
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass

    async def _left(self, task: asyncio.Task[Any] | None) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_left = True
        if task is not None:
            task.cancel()

    def read(self) -> Awaitable[bytes]:
        """Read the request's whole body."""
        return self._body.read()

    async def forward(self, observer: Observer | None, /) -> tuple[int, WireResponse]:
        """Send the request where it was going."""
        upstream = self._forwarding(self._head)
        content = await self.read() if self._body.content is None else self._body.content
        self.watch()
        response = await upstream.send(self._head, content, observer)
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
