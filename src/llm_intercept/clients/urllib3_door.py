"""The door of urllib3, and so of requests, botocore and all that sends by its pools.

A request that somebody answers is written to, and its answer read from, a socket of ours that its connection has as
long as that takes. So pools, retries, redirects, responses and errors are the library's own.

Knows: which functions of urllib3 (1.26 to 2) a request passes. Must not know: who answers, how an answer is made.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from llm_intercept.clients import net, sentinels
from llm_intercept.clients.activation import active, is_sent_on
from llm_intercept.clients.answering_socket import AnsweringSocket
from llm_intercept.clients.cassettes_beside import is_answered, real_class, real_connection
from llm_intercept.clients.hook import is_mock, member
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from llm_intercept.clients.urllib3_attempt import Attempt

    Install = Callable[[Any, str, Callable[..., Any]], None]

MODULES = ("urllib3",)
OVER_HTTP2 = "urllib3 over HTTP/2"
PORTS = {"http": 80, "https": 443}
_attempt: ContextVar[Attempt | None] = ContextVar("llm_intercept_urllib3", default=None)
"""The attempt that a pool is about to make, until it has got a connection."""


class Sent(NamedTuple):
    """A request that is to be sent.

    Attributes:
        head: Its head, as far as it is known before it is sent.
        name: The host that it names to TLS, where that is another.
        pool: The pool that sends it, if one does.

    """

    head: WireRequest
    name: str
    pool: Any


def hook(module: ModuleType, install: Install) -> None:
    """Hook what a request passes, so that those that are answered reach no network."""
    if hasattr(module, "AsyncHTTPConnectionPool"):  # urllib3-future, which takes the place of urllib3
        sentinels.watch(module, install, "urllib3_future")
        return
    for holder, name, make in doors(module):
        if not is_mock(member(holder, name)):
            install(holder, name, make)


def doors(module: ModuleType) -> list[tuple[Any, str, Callable[..., Any]]]:
    """Return what a request passes: holder, name, and what makes the hook."""
    connection = real_class(sys.modules["urllib3.connection"].HTTPConnection)
    return [
        (module.HTTPConnectionPool, "urlopen", _asking),
        (module.HTTPConnectionPool, "_get_conn", _connecting),
        (connection, "request", _sending),
    ]


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a pool does that sends a request; for each try it calls itself."""

    def urlopen(pool: Any, *args: Any, **kwargs: Any) -> Any:
        attempt = _begun(_of_pool, pool, args, kwargs)
        if attempt is None:
            return original(pool, *args, **kwargs)
        attempt.body = args[2] if len(args) > 2 else kwargs.get("body")  # noqa: PLR2004 - method, URL, body
        token = _attempt.set(attempt)
        try:
            return original(pool, *args, **kwargs)
        finally:
            _attempt.reset(token)

    return urlopen


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a pool does that wants a connection."""

    def get_conn(pool: Any, *args: Any, **kwargs: Any) -> Any:
        connection = original(pool, *args, **kwargs)
        attempt = _attempt.get()
        if attempt is not None and attempt.pool is pool and not attempt.is_taken:
            _take(attempt, connection)
        return connection

    return get_conn


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a connection does that sends a request; most of those that are answered had one from their pool."""

    def request(connection: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(connection.sock, AnsweringSocket):
            attempt = _begun(_of_connection, connection, args, kwargs)
            if attempt is not None:
                _take(attempt, connection)
        return original(connection, *args, **kwargs)

    return request


def _begun(read: Callable[..., Sent], sender: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Attempt | None:
    """Begin the exchange of a request that a pool or a connection is to send; None where nobody answers it."""
    handlers = active()
    if not handlers:
        return None
    head, name, pool = read(sender, *args, **kwargs)
    if is_sent_on(head.host):
        return None
    exchange = handlers[0].exchange(head, handlers[1:])
    if exchange is None and name:
        head.host = name.lower()
        exchange = handlers[0].exchange(head, handlers[1:])
    if exchange is None:
        net.let_by(head, handlers)
        return None
    from llm_intercept.clients.urllib3_attempt import Attempt  # noqa: PLC0415 - Python's start loads this module

    return Attempt(exchange, head, pool)


def _of_pool(pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **given: Any) -> Sent:
    del body
    head = _head(method, url, pool.headers if headers is None else headers, pool.scheme, pool.host, pool.port)
    head.timeout = _limits(given.get("timeout"), pool.timeout)
    return Sent(head, pool.conn_kw.get("server_hostname") or "", pool)


def _of_connection(
    connection: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **__: Any
) -> Sent:
    """Read a request that a connection sends; behind a proxy it keeps its host under a private name."""
    del body
    host, port = connection.host, connection.port
    if connection._tunnel_host:  # noqa: SLF001 - as above
        host, port = connection._tunnel_host, connection._tunnel_port  # noqa: SLF001
    scheme = "https" if connection.default_port == PORTS["https"] else "http"
    name = getattr(connection, "server_hostname", None)
    return Sent(_head(method, url, headers, scheme, host, port), name or "", None)


def _limits(given: Any, usual: Any) -> dict[str, float | None]:
    """Read what a request waits for: a number for all, a `Timeout`, or what its pool has by default."""
    if given is None or isinstance(given, int | float):
        return {"connect": given, "read": given}
    told = given if hasattr(given, "connect_timeout") else usual
    limits = (("connect", told.connect_timeout), ("read", told._read))  # noqa: SLF001 - `read_timeout` needs a clock
    return {name: limit if isinstance(limit, int | float) else None for name, limit in limits}


def _head(method: str, url: str, headers: Any, scheme: str, host: str, port: int | None) -> WireRequest:
    """Make the head of a request, whose target is a URL where it goes through a proxy."""
    if not url.startswith(("http://", "https://")):
        at = "" if port in {None, PORTS.get(scheme)} else f":{port}"
        url = f"{scheme}://{sentinels.bracketed(host)}{at}{url if url.startswith('/') else f'/{url}'}"
    parts = urlsplit(url)._replace(fragment="")
    headers = sentinels.headers_of(headers)
    return WireRequest(method, parts.geturl(), (parts.hostname or "").lower(), unquote(parts.path), headers)


def _take(attempt: Attempt, connection: Any) -> None:
    """Let an attempt have its connection, if that speaks HTTP/1.1.

    One over HTTP/2 cannot be answered. vcrpy's stand-in for one sends by one of urllib3's own, which gets a socket of
    ours before it is connected; but if its cassette is to answer, it stays as it is.
    """
    real = real_connection(connection)
    if real is not connection and not is_answered(attempt.head, attempt.body):
        return
    connection = real
    if hasattr(connection, "_h2_conn"):
        head = attempt.head
        net.ask(Contact(OVER_HTTP2, head, urlsplit(head.url).port, content=None))
    elif isinstance(connection, real_class(sys.modules["http.client"].HTTPConnection)):
        attempt.take(connection)
