"""A connection of aiohttp's with us at its other end: a request is written to it, and its answer is read from it.

Connection, protocol, parser and response are aiohttp's own; ours are the transport, and what the protocol does where a
client waits for an answer. A request that is to be sent on gets a real connection when it has been written.

Knows: aiohttp's protocol of a connection. Must not know: who answers, what is said. It is loaded when aiohttp is.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_writer import StreamWriter

from llm_intercept.clients.aiohttp_body import Feed, asked_for, shown
from llm_intercept.clients.aiohttp_faults import CONNECTION_TIMEOUT, Faults
from llm_intercept.clients.driver import drive_async
from llm_intercept.clients.httpx_door import latin
from llm_intercept.clients.stream import ByteChunks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from llm_intercept.model.wire import Exchange, Headers, Observer, WireResponse

    Forward = Callable[[], Awaitable[Any]]

END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked"
PROXY_AUTHORIZATION = "Proxy-Authorization"
WITHOUT_BODY = frozenset({204, 304})
PHRASES = {one.value: one.phrase for one in HTTPStatus}


async def connected(
    connector: Any, req: Any, exchange: Exchange, forward: Forward, traces: Any, limits: Any
) -> Connection:
    """Make the connection of a request that somebody answers; it counts among those of its connector.

    Args:
        connector: The session's connector.
        req: The request.
        exchange: The exchange that answers it.
        forward: Gets a real connection.
        traces: Who is told of a connection.
        limits: How long a session waits.

    """
    for trace in traces or ():
        await trace.send_connection_create_start()
        await trace.send_connection_create_end()
    return AnsweredProtocol(connector, req, exchange, forward, limits).connection


class AnsweredProtocol(ResponseHandler):
    """What a session reads an answer from; see `connected`."""

    def __init__(self, connector: Any, req: Any, exchange: Exchange, forward: Forward, limits: Any) -> None:
        super().__init__(loop=connector._loop)  # noqa: SLF001
        self.force_close()  # the next request may be another's to answer
        self.wire = OwnTransport(self)
        self.connection_made(self.wire)
        self.connection = Connection(connector, req.connection_key, self, connector._loop)  # noqa: SLF001
        count_among(connector, req.connection_key, self)
        self.feed: Feed | None = None
        self.given: dict[str, Any] = {}
        self._door = _Door(self, req, forward, limits)
        self._exchange = exchange
        self._is_written = asyncio.Event()
        self._awaits_go_ahead = getattr(req, "_continue", None) is not None
        self._sent_on: ResponseHandler | None = None
        self._waiting: asyncio.Timeout | None = None

    def set_response_params(self, **given: Any) -> None:
        """Hear how the answer is to be read; how long a client waits for it is measured on the exchange's clock."""
        self.given = given
        params: dict[str, Any] = {**given, "read_timeout": None}
        super().set_response_params(**params)

    def start_timeout(self) -> None:
        """Hear that the request is written."""
        self._is_written.set()

    def set_exception(self, *args: Any, **kwargs: Any) -> None:
        self._is_written.set()
        super().set_exception(*args, **kwargs)

    async def read(self) -> Any:
        """Answer: it is the client's own task that waits for the head here."""
        if self._sent_on is not None:
            return await self._sent_on.read()
        if self._awaits_go_ahead:
            self._awaits_go_ahead = False
            self.data_received(CONTINUE)
            return await super().read()
        await self._is_written.wait()
        if self.exception() is not None:
            return await super().read()
        self._waiting = waiting = asyncio.timeout(None)
        try:
            async with waiting:
                found = await drive_async(self._exchange, self._door)
        except TimeoutError:
            if not waiting.expired():
                raise
            found = None  # and reading raises what a closed connection does
        finally:
            self._waiting = None
        return asked_for(await super().read()) if found is None else found

    def closed_by_client(self) -> None:
        """End what is under way, for the session leaves."""
        if self.feed is not None:
            self.feed.close()
        if self._waiting is not None:
            self._waiting.reschedule(self._loop.time())

    def begin(self, head: bytes, chunks: ByteChunks) -> None:
        """Receive the head of an answer, whose body is fed when it is asked for."""
        self.data_received(head)
        payload = self._payload
        if payload is None or payload.is_eof():
            chunks.close()
        else:
            self.feed = Feed(chunks, self, payload)

    def lost(self, error: OSError | None) -> BaseException | None:
        """Lose the connection, as when the peer closes or resets it; return what whoever reads gets."""
        payload = self._payload
        self.connection_lost(error)
        return self.exception() if payload is None else payload.exception()

    async def sent_on(self, forward: Forward) -> ResponseHandler:
        """Let a real connection take this one's place."""
        self._waiting = None
        self.connection.release()
        real = await forward()
        kept: Any = self.connection
        kept._protocol, real._protocol = real._protocol, None  # noqa: SLF001
        protocol: ResponseHandler = kept.protocol
        self._sent_on = protocol
        return protocol


class OwnTransport(asyncio.Transport):
    """What a request is written to."""

    def __init__(self, protocol: AnsweredProtocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._written: list[bytes] = []
        self._is_closing = False

    def written(self) -> bytes:
        """Return what has been written."""
        self._written = [b"".join(self._written)]
        return self._written[0]

    def forget(self) -> None:
        """Keep no longer what was written."""
        self._written.clear()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._written.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self._written += map(bytes, list_of_data)

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing comes that is not asked for."""

    def resume_reading(self) -> None:
        """As above."""

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        loop = self._protocol._loop  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the protocol is ours
        if not loop.is_closed():
            loop.call_soon(self._protocol.connection_lost, None)
        self._protocol.closed_by_client()

    def abort(self) -> None:
        self.close()


class _Door(Faults):
    """The adapter of one request: its message, and a stream that is read as any of aiohttp's."""

    def __init__(self, protocol: AnsweredProtocol, req: Any, forward: Forward, limits: Any) -> None:
        super().__init__(protocol, req.connection_key, limits)
        self._answered, self._req = protocol, req
        self._forward, self._limit = forward, limits.connect or None

    @property
    def host(self) -> str:
        return self._req.url.host or ""

    async def read(self) -> bytes:
        return _content_of(self._answered.wire.written())

    def respond(self, response: WireResponse, /) -> None:
        self._answered.wire.forget()
        has_body = self._req.method != "HEAD" and response.status not in WITHOUT_BODY
        head = _head_of(response.status, response.headers, has_body=has_body)
        self._answered.begin(head, ByteChunks(response, self))

    async def forward(self, observer: Observer | None, /) -> tuple[int, Any]:
        answered = self._answered
        content = answered.wire.written()
        protocol = await answered.sent_on(self._connected)
        protocol.set_response_params(**answered.given)
        writer = StreamWriter(protocol, self._req.loop)
        await writer.write(_authorized(content, self._req.headers.get(PROXY_AUTHORIZATION)))
        await writer.drain()
        protocol.start_timeout()
        found: Any = await protocol.read()
        while HTTPStatus.CONTINUE <= found[0].code < HTTPStatus.OK and found[0].code != HTTPStatus.SWITCHING_PROTOCOLS:
            found = await protocol.read()
        if observer is not None:
            shown(found, observer, is_decoded=answered.given.get("auto_decompress", True))
        return found[0].code, found

    async def _connected(self) -> Any:
        """Get a real connection; its limit of time 3.9 leaves to who asks."""
        try:
            async with asyncio.timeout(self._limit):
                return await self._forward()
        except TimeoutError as error:
            if isinstance(error, ClientError):
                raise
            raise CONNECTION_TIMEOUT(f"Connection timeout to host {self._req.url}") from error


def count_among(connector: Any, key: Any, protocol: ResponseHandler) -> None:
    """Count a connection among the acquired ones, which a connector closes with itself."""
    connector._acquired.add(protocol)  # noqa: SLF001
    if connector.limit_per_host or hasattr(connector, "_drop_acquired_per_host"):  # as 3.9 does always
        connector._acquired_per_host[key].add(protocol)  # noqa: SLF001


def _head_of(status: int, headers: Headers, *, has_body: bool) -> bytes:
    """Write the head of an answer; a body that there is comes in chunks."""
    lines = [f"HTTP/1.1 {status} {PHRASES.get(status, '')}".encode()]
    is_chunked = False
    for name, value in headers:
        if not has_body or name.lower() != "content-length":
            lines.append((latin(name) + b": " + latin(value)).translate(None, b"\r\n"))  # one header is one line
            is_chunked = is_chunked or lines[-1].lower() == CHUNKED
    return b"\r\n".join(lines if is_chunked or not has_body else [*lines, CHUNKED]) + END


def _content_of(written: bytes) -> bytes:
    """Return the body of a request as it was written."""
    head, _, body = written.partition(END)
    if b"\r\n" + CHUNKED not in head.lower():  # as a line of its own, not in what another header says
        return body
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        line = body.index(b"\r\n", at)
        size = int(body[at:line], 16)
        parts.append(body[line + 2 : line + 2 + size])
        at = line + 2 + size + 2
    return b"".join(parts)


def _authorized(written: bytes, proxy: str | None) -> bytes:
    """Add what a proxy asks for, which is known when there is a connection to it."""
    head, _, body = written.partition(END)
    if proxy is None or f"\r\n{PROXY_AUTHORIZATION.lower()}:".encode() in head.lower():
        return written
    return b"".join((head, f"\r\n{PROXY_AUTHORIZATION}: {proxy}".encode(), END, body))
