"""How the network fails where urllib3 reads it, so that what its clients get is made by the library itself.

Knows: exceptions of urllib3 (1.26 to 2), and of requests, which stands on it. Must not know: who fails, and why.
"""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any

from llm_intercept.clients import family
from llm_intercept.model.wire import NetworkFaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[[Any, Any, str], BaseException]

RESET = "Connection reset by peer"
REFUSED = "Failed to establish a new connection: "
ABORTED = "Connection aborted."
UNANSWERED = "Remote end closed connection without response"
NO_CONNECTION = "PoolTimeout"
BEFORE_IT_IS_OPEN = ("ConnectError", "ConnectTimeout")
OF_REQUESTS = {
    "ChunkedEncodingError": "RemoteProtocolError",
    "ConnectTimeout": "ConnectTimeout",
    "ConnectionError": "ConnectError",
    "ProxyError": "ProxyError",
    "Timeout": "ReadTimeout",
}
"""What the exceptions of requests mean, by the names of their classes, of which the nearest counts."""
MADE: dict[str, Make] = {
    "ConnectError": lambda kinds, connection, message: kinds.NewConnectionError(connection, REFUSED + message),
    "ConnectTimeout": lambda kinds, connection, message: kinds.ConnectTimeoutError(connection, message),
    "DecodingError": lambda kinds, _, message: kinds.DecodeError(message),
    NO_CONNECTION: lambda kinds, pool, message: kinds.EmptyPoolError(pool, message),
    "ProxyError": lambda kinds, _, message: kinds.ProxyError(message, OSError(message)),
    "ReadError": lambda _, __, message: reset(message),
    "ReadTimeout": lambda _, __, message: TimeoutError(message),
    "RemoteProtocolError": lambda _, __, ___: disconnected(),
    "WriteError": lambda kinds, _, message: kinds.ProtocolError(ABORTED, reset(message)),
    "WriteTimeout": lambda kinds, _, message: kinds.ProtocolError(ABORTED, TimeoutError(message)),
}
"""What is raised for a failure of the network: what the operating system does where urllib3 reads, and else what
urllib3 makes of a failure that it meets before it does."""


def network_fault(error: BaseException) -> NetworkFaultError | None:
    """What failure of the network an exception of urllib3, of requests or of anything below them means."""
    if is_own(error):
        return NetworkFaultError(type(error).__name__, str(error), error)
    requests = sys.modules.get("requests.exceptions")
    if requests is None or not isinstance(error, requests.RequestException):
        return family.network_fault(error)
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in OF_REQUESTS]
    return NetworkFaultError(OF_REQUESTS[names[0]], str(error), error) if names else None


def raised(fault: NetworkFaultError, connection: Any, pool: Any) -> BaseException | None:
    """Make what is raised in the place of a failure that came about elsewhere; None if urllib3 knows no such one."""
    make, where = MADE.get(fault.kind), pool if fault.kind == NO_CONNECTION else connection
    return None if make is None else make(sys.modules["urllib3.exceptions"], where, fault.message)


def is_own(error: BaseException | None) -> bool:
    """Whether an exception is one of urllib3's."""
    return isinstance(error, sys.modules["urllib3.exceptions"].HTTPError)


def is_native(error: BaseException | None) -> bool:
    """Whether it is one that a socket raises where urllib3 reads; it is not refused a connection there."""
    return isinstance(error, TimeoutError | ConnectionError) and not isinstance(error, ConnectionRefusedError)


def reset(message: str = RESET) -> ConnectionResetError:
    """Make the error of a connection that is reset, as the operating system does."""
    return ConnectionResetError(errno.ECONNRESET, message.removeprefix(f"[Errno {errno.ECONNRESET}] "))


def disconnected() -> ConnectionResetError:
    """Make the error of a connection that ends before there is an answer."""
    error: ConnectionResetError = sys.modules["http.client"].RemoteDisconnected(UNANSWERED)
    return error
