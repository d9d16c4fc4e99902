"""One request that urllib3 sends over one connection, as an exchange: an attempt, of which its retries make several.

Knows: urllib3's connections and errors (1.26 to 2). Must not know: which of its functions is hooked, who answers.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.clients import http1, urllib3_errors
from llm_intercept.clients.answering_socket import AnsweringSocket
from llm_intercept.clients.driver import drive
from llm_intercept.clients.stream import ByteChunks

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.clients.adapter import Errors
    from llm_intercept.clients.answering_socket import Pieces
    from llm_intercept.model.wire import Exchange, NetworkFaultError, Observer, WireRequest, WireResponse
    from llm_intercept.timing.clock import Timeline

SIZE = 65536


class Attempt:
    """An exchange, and the connection that the request goes over.

    Args:
        exchange: The exchange, which is not begun.
        head: The request's head, of which its headers are completed when they were sent.
        pool: The pool that sends it; None for a connection without one.

    Attributes:
        body: What the pool is given to send, if one sends it.

    """

    def __init__(self, exchange: Exchange, head: WireRequest, pool: Any) -> None:
        self._exchange, self.head, self.pool = exchange, head, pool
        self.body: Any = None
        self._request = http1.Message()
        self._body = b""
        self._connection: Any = None
        self._kept: Any = None
        self._connect_timeout: Any = None
        self._socket: Any = None

    @property
    def is_taken(self) -> bool:
        """Whether it has its connection."""
        return self._connection is not None

    def take(self, connection: Any) -> None:
        """Let the request go over a connection, which gets a socket of ours as long as that takes."""
        self._connection, self._kept = connection, connection.sock
        self._connect_timeout = connection.timeout
        if self._kept is None:
            connection.is_verified = True  # there is nobody to verify, and urllib3 would warn of it
            connection._has_connected_to_proxy = bool(connection.proxy)  # noqa: SLF001 - what it says of itself
            if self._is_tunnelled:
                connection.set_tunnel(self.pool.host, self.pool.port)  # which is whom the request names as its host
        self._socket = connection.sock = AnsweringSocket(self._answer, self._detach, self._close)

    def _detach(self) -> None:
        self._connection.sock = self._kept

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()

    def _answer(self) -> Pieces:
        """Run the exchange, now that the request is written."""
        self._body = self._request.feed(self._socket.sent)
        headers = sys.modules["urllib3.response"].HTTPHeaderDict()
        for name, value in self._request.headers or ():
            headers.add(name, value)
        self.head.headers = headers
        return drive(self._exchange, self)

    # What an adapter says

    @property
    def host(self) -> str:
        return urlsplit(self.head.url).hostname or ""

    def read_limit(self, _: Timeline, /) -> float | None:
        limit: float | None = self._socket.timeout
        return limit

    def read(self) -> bytes:
        return self._body

    def forward(self, observer: Observer | None, /) -> tuple[int, Pieces]:
        if self._kept is None:
            self._connect()
        socket = self._socket.real = self._connection.sock
        socket.settimeout(self._socket.timeout)
        with suppress(BrokenPipeError):  # as urllib3 does: there may be an answer all the same
            socket.sendall(self._socket.sent)
        answer, rest = http1.Message(self.head.method), _received(socket.makefile("rb"))
        first = body = b""
        for piece in rest:
            first, body = first + piece, body + answer.feed(piece)
            if answer.headers is not None or answer.is_broken:
                break
        if answer.headers is None:
            rest.close()
            raise urllib3_errors.disconnected()
        if observer is not None:
            observer.began(answer.status, answer.headers)
        return answer.status, _passed((first, body), rest, answer, observer)

    def _connect(self) -> None:
        """Open the connection, as the pool would have done."""
        connection, pool = self._connection, self.pool
        connection.timeout = self._connect_timeout
        connection._has_connected_to_proxy = False  # noqa: SLF001 - as above
        if self._is_tunnelled:
            pool._prepare_proxy(connection)  # noqa: SLF001 - how a pool connects
        if pool is not None:
            pool._validate_conn(connection)  # noqa: SLF001
        if connection.sock is None:
            connection.connect()

    @property
    def _is_tunnelled(self) -> bool:
        if self.pool is None or self.pool.proxy is None:
            return False
        tunnel: Any = sys.modules["urllib3.util.proxy"].connection_requires_http_tunnel
        return bool(tunnel(self.pool.proxy, self.pool.proxy_config, urlsplit(self.head.url).scheme))

    def respond(self, response: WireResponse, /) -> Pieces:
        return _written(response, self)

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        return urllib3_errors.network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        """Return what the network raises where urllib3 reads, which makes its own error of that."""
        fault = urllib3_errors.network_fault(error)
        if fault is None:
            return error
        if urllib3_errors.is_own(fault.original) or urllib3_errors.is_native(fault.original):
            return fault.seen
        own = urllib3_errors.raised(fault, self._connection, self.pool)
        if own is not None:
            self._note(fault.kind)
        return own or error

    def _note(self, kind: str) -> None:
        """Leave the connection as it is where a failure comes about."""
        if kind in urllib3_errors.BEFORE_IT_IS_OPEN:
            self._connection._has_connected_to_proxy = False  # noqa: SLF001 - as above
        elif kind == urllib3_errors.NO_CONNECTION:
            self._connection.close()
            if self.pool is not None:  # which takes none back where it had none to give
                self.pool._put_conn(self._connection)  # noqa: SLF001 - how a pool takes one


def _written(response: WireResponse, errors: Errors) -> Pieces:
    """Write an answer as a server sends it; one that breaks off ends without its end."""
    framing = {name.lower(): value.lower() for name, value in response.headers}
    is_chunked = "chunked" in framing.get("transfer-encoding", "")
    chunks = ByteChunks(response, errors)
    try:
        yield http1.head(response.status, response.headers)
        for piece in chunks:
            if piece:
                yield http1.chunk(piece) if is_chunked else piece
        if is_chunked:
            yield http1.LAST_CHUNK
    except sys.modules["http.client"].RemoteDisconnected:
        if not is_chunked and "content-length" not in framing:  # its end says nothing
            raise urllib3_errors.reset() from None
    finally:
        chunks.close()


def _received(file: Any) -> Pieces:
    """Give what comes over a real connection."""
    try:
        while piece := file.read1(SIZE):
            yield piece
    finally:
        file.close()


def _passed(
    first: tuple[bytes, bytes], rest: Pieces, answer: http1.Message, observer: Observer | None
) -> Generator[bytes]:
    """Pass a real answer on as it comes, and show its body to an observer."""
    error: Exception | None = None
    is_over = False
    try:
        for piece, body in chain((first,), ((one, answer.feed(one)) for one in rest)):
            if body and observer is not None:
                observer.passed(body)
            yield piece
        is_over = True
    except Exception as raised:
        error = raised
        raise
    finally:
        rest.close()
        if observer is not None:
            observer.ended(error, whole=answer.is_whole or (is_over and answer.ends_with_connection))
