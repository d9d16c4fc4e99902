"""How networks fail in aiohttp's words, and how long a session waits.

Knows: aiohttp's exceptions and limits. Must not know: who answers, what is answered. It is loaded when aiohttp is.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from llm_intercept.clients.family import network_fault
from llm_intercept.clients.stream import LATE
from llm_intercept.model.wire import NetworkFaultError

if TYPE_CHECKING:
    from llm_intercept.timing.clock import Timeline

CONNECTION_TIMEOUT: type[aiohttp.ServerTimeoutError] = getattr(
    aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError
)
"""As it is since 3.10."""
SOCKET_TIMEOUT: type[aiohttp.ServerTimeoutError] = getattr(aiohttp, "SocketTimeoutError", aiohttp.ServerTimeoutError)
TOO_LATE = "Timeout on reading data from socket"
BY_MESSAGE: dict[str, type[aiohttp.ClientError]] = {
    "ConnectTimeout": CONNECTION_TIMEOUT,
    "PoolTimeout": CONNECTION_TIMEOUT,
    "ReadTimeout": SOCKET_TIMEOUT,
    "WriteTimeout": aiohttp.ServerTimeoutError,
    "DecodingError": aiohttp.ClientPayloadError,
    "ProxyError": aiohttp.ClientConnectionError,
    "CloseError": aiohttp.ClientConnectionError,
}
"""What is made of a message alone, by httpx's names."""
ERRNO = re.compile(r"\[Errno (\d+)\] (.*)", re.DOTALL)


class Loses(Protocol):
    """A connection that can be lost."""

    def lost(self, error: OSError | None, /) -> BaseException | None:
        """Lose it; return what whoever reads gets."""


class Faults:
    """How exceptions read to one request's session, and how long that waits; see `adapter.Errors`.

    Args:
        connection: What is lost where the network fails.
        key: Where it goes.
        limits: How long a session waits.

    """

    def __init__(self, connection: Loses, key: Any, limits: aiohttp.ClientTimeout) -> None:
        self._connection, self._key = connection, key
        self._read, self._total = limits.sock_read or None, limits.total or None
        self._timeline: Timeline | None = None
        self._before = 0.0
        self._is_of_all = False

    def read_limit(self, timeline: Timeline, /) -> float | None:
        """What is left of all the time that a session has, or the time it waits for bytes, if that is less."""
        if self._total is None:
            return self._read
        if timeline is not self._timeline:
            self._before += 0.0 if self._timeline is None else self._timeline.elapsed()
            self._timeline = timeline
        left = max(0.0, self._total - self._before - timeline.elapsed())
        self._is_of_all = self._read is None or left < self._read
        return left if self._is_of_all else self._read

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        if isinstance(error, aiohttp.ClientError):
            return NetworkFaultError(type(error).__name__, str(error), error)
        return network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        fault = self.network_fault(error)
        if fault is None:
            return error
        seen = fault.seen
        if isinstance(seen, aiohttp.ClientError | TimeoutError):
            return seen
        if fault.message == LATE:
            return TimeoutError() if self._is_of_all else SOCKET_TIMEOUT(TOO_LATE)
        match fault.kind:
            case "RemoteProtocolError":
                return self._connection.lost(None) or error
            case "ReadError":
                return self._connection.lost(_os_error(fault, errno.ECONNRESET)) or error
            case "ConnectError":
                return aiohttp.ClientConnectorError(self._key, _os_error(fault, errno.ECONNREFUSED))
            case "WriteError":
                return aiohttp.ClientOSError(*_os_error(fault, errno.EPIPE).args)
            case kind:
                return BY_MESSAGE.get(kind, aiohttp.ClientError)(fault.message)


def _os_error(fault: NetworkFaultError, number: int) -> OSError:
    """Return the operating system's error that a fault stands for, or is one of."""
    if isinstance(fault.original, OSError) and fault.original.strerror:
        return fault.original
    found = ERRNO.fullmatch(fault.message)
    return OSError(number, fault.message) if found is None else OSError(int(found[1]), found[2])
