"""Sends an answer as ASGI's messages: frames without a wait between them in one, JSON with its length.

Knows: ASGI's messages, steps of a body. Must not know: what they say, rules.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from contextlib import aclosing
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.clients.stream import ByteChunks
from llm_intercept.model.wire import CONNECTION_HEADERS, HearsFailure, is_event_stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence

    from llm_intercept.model.wire import Headers, Step, WireResponse
    from llm_intercept.server.door import Door, Receive

    Send = Callable[[dict[str, Any]], Awaitable[None]]
    Encoded = tuple[bytes, bytes] | None
    """A header's name and value; None for one of the connection."""

LARGEST = 65536
"""Bytes that are joined at the most, so that a long stream takes no memory to speak of."""
KEPT = 1024
"""Headers that are kept encoded."""
VALUES = 16
"""Values of a name that are kept."""
BODILESS = frozenset({204, 304})
LENGTH = b"content-length"
CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
"""What no value has (RFC 9110, 5.5)."""


class Joined:
    """Gives the steps of a body, its chunks joined where nothing comes between them.

    Args:
        steps: The steps.
        waits: Is called before each that somebody is awaited for.

    """

    def __init__(self, steps: Iterable[Step], waits: Callable[[], None]) -> None:
        self._steps, self._waits = steps, waits

    def __iter__(self) -> Iterator[Step]:
        held: list[bytes] = []
        size = 0
        try:
            for step in self._steps:
                if isinstance(step, bytes):
                    held.append(step)
                    size += len(step)
                    if size < LARGEST:
                        continue
                    yield b"".join(held)
                else:
                    yield from _all(held)
                    self._waits()
                    yield step
                held, size = [], 0
        except Exception:
            yield from _all(held)
            raise
        yield from _all(held)

    def failed(self, error: Exception, /) -> None:
        """Let the steps hear how they ended."""
        if isinstance(self._steps, HearsFailure):
            self._steps.failed(error)

    def close(self) -> None:
        """End the steps."""
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()


def _all(held: list[bytes]) -> tuple[bytes, ...]:
    return (b"".join(held),) if held else ()


class Channel:
    """What is sent to one client, and how far it has come.

    Args:
        send: The server's.
        extra: Headers beside an answer's own.
        is_plain: Whether the client knows no chunks (HTTP/1.0), so that all is sent at once with its length.

    """

    def __init__(self, send: Send, extra: Sequence[tuple[bytes, bytes]] = (), *, is_plain: bool = False) -> None:
        self._send, self._extra, self._is_plain = send, extra, is_plain
        self.is_begun = False

    async def answer(self, response: WireResponse, door: Door) -> None:
        """Send an answer to the request at a door."""
        at_once = self._is_plain or (response.timeline is None and not is_event_stream(response))
        if at_once and isinstance(response.chunks, tuple):  # it is all there, and nobody hears how it ends
            content = b"".join(cast("tuple[bytes, ...]", response.chunks))
            await self.whole(response.status, response.headers, content)
            return
        chunks = ByteChunks(response.with_chunks(Joined(response.chunks, door.watch)), door)
        try:
            async with aclosing(cast("AsyncGenerator[bytes]", aiter(chunks))) as body:
                if at_once and not _says_length(response):
                    await self.whole(response.status, response.headers, b"".join([chunk async for chunk in body]))
                else:
                    await self._lazily(response, body)
        finally:
            await chunks.aclose()

    async def whole(self, status: int, headers: Headers, content: bytes, connection: Headers = ()) -> None:
        """Send an answer that is there, with its length; `connection` are headers of the connection beside its own."""
        said = encoded(headers)
        if status not in BODILESS:
            said.append((LENGTH, b"%d" % len(content)))
        if connection:
            said += [(name.encode(), value.encode()) for name, value in connection]
        await self._begin(status, said)
        await self._end(content)

    async def lines(self, status: int, headers: Headers, lines: AsyncIterator[bytes], receive: Receive) -> None:
        """Send lines as they come, until they end or the client leaves."""
        await self._begin(status, encoded(headers))
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        sending = asyncio.create_task(self._all_of(lines))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(leaving, sending)
        await self._end(b"")

    async def _all_of(self, lines: AsyncIterator[bytes]) -> None:
        async with aclosing(cast("AsyncGenerator[bytes]", lines)) as told:
            async for line in told:
                await self._send({"type": "http.response.body", "body": line, "more_body": True})

    async def _lazily(self, response: WireResponse, body: AsyncGenerator[bytes]) -> None:
        await self._begin(response.status, encoded(response.headers))
        async for chunk in body:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._end(b"")

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> Awaitable[None]:
        self.is_begun = True
        headers += self._extra
        return self._send({"type": "http.response.start", "status": status, "headers": headers})

    def _end(self, content: bytes) -> Awaitable[None]:
        return self._send({"type": "http.response.body", "body": content, "more_body": False})

    def drop(self, *, reset: bool) -> bool:
        """Let the connection end as one that fails; see `drop`."""
        return drop(self._send, reset=reset)


def drop(send: Send, *, reset: bool) -> bool:
    """Let a connection end as one that fails, if the server lets us at it; whether it does.

    ASGI has no word for it. uvicorn's `send` is a method of what has the connection; other servers close it when an
    application raises in the middle of an answer.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if not hasattr(transport, "abort"):
        return False
    end = transport.get_extra_info("socket")
    if reset and end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    return True


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _says_length(response: WireResponse) -> bool:
    return any(name.lower() == "content-length" for name, _ in response.headers)


def encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Encode an answer's headers but for those of the connection, which the server says itself."""
    return [pair for header in headers if (pair := _encoded[header]) is not None]


class _Encoded(dict[tuple[str, str], "Encoded"]):
    """Headers as they are sent. Most are the same in each answer.

    Of a name that has come with many values no more are kept: it is another each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, int] = {}
        self._changing: dict[str, bytes] = {}

    def __missing__(self, header: tuple[str, str]) -> Encoded:
        told, value = header
        name = self._changing.get(told)
        if name is not None:
            return name, _latin(value)
        name = _name(told)
        made = None if name is None else (name, _latin(value))
        self._keep(header, name, made)
        return made

    def _keep(self, header: tuple[str, str], name: bytes | None, made: Encoded) -> None:
        if len(self) >= KEPT or len(self._values) >= KEPT:
            self.clear()
            self._values.clear()
            self._changing.clear()
        self[header] = made
        count = self._values[header[0]] = self._values.get(header[0], 0) + 1
        if name is not None and count > VALUES:
            self._changing[header[0]] = name


_encoded = _Encoded()


@lru_cache(maxsize=KEPT)
def _name(name: str) -> bytes | None:
    """Encode a header's name; None for those of the connection."""
    return None if name.lower() in CONNECTION_HEADERS else _latin(name.lower())


def _latin(text: str) -> bytes:
    """Encode a header; what would end its line is no part of it."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return CONTROLS.sub(" ", " ".join(text.splitlines())).encode("latin-1", "backslashreplace")
