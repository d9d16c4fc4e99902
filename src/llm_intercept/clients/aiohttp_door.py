"""The door of aiohttp: a session that asks for a connection gets one of its library's own, with us at its other end.

Knows: where aiohttp (3.9 and later) opens connections. Must not know: who answers, how a connection is answered.
Imports no aiohttp: it is loaded when Python starts.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from llm_intercept.clients import net
from llm_intercept.clients.activation import active, attached, is_sent_on, on_its_way
from llm_intercept.clients.hook import is_mock, member
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from llm_intercept.clients.activation import Handler
    from llm_intercept.model.wire import Exchange, SocketForm

    Install = Callable[[Any, str, Callable[..., Any]], None]

WEBSOCKET = "this WebSocket (aiohttp)"
MODULES = ("aiohttp", "aiohttp.test_utils")
_application: ContextVar[tuple[str, int] | None] = ContextVar("llm_intercept_aiohttp", default=None)
"""Where the application of a test is whose client makes a request; what that is redirected to is elsewhere."""


def hook(module: ModuleType, install: Install) -> None:
    """Hook what gives sessions their connections, and the client of tests, whose server is in this process."""
    if module.__name__ != MODULES[0]:
        install(module.TestClient, "_request", _in_process)
    elif not is_mock(member(module.BaseConnector, "connect")):
        install(module.BaseConnector, "connect", _connecting)


def is_session(value: object) -> bool:
    """Whether `value` is a session of aiohttp's."""
    kind = getattr(sys.modules.get(MODULES[0]), "ClientSession", None)
    return isinstance(kind, type) and isinstance(value, kind)


def _in_process(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what the client of tests does: its requests go to the application that it holds, as with ASGI's."""

    async def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        token = _application.set((client.host, client.port))
        try:
            return await original(client, *args, **kwargs)
        finally:
            _application.reset(token)

    return request


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a connector's `connect` does: the connection of a request that somebody answers reaches no network."""

    async def connect(connector: Any, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's name
        forward = partial(original, connector, req, traces=traces, timeout=timeout)
        if _application.get() == (req.url.host, req.url.port):
            with on_its_way(req.url.host):
                return await forward()
        handlers = () if is_sent_on(req.url.host or "") else _handlers(req)
        if handlers and _is_websocket(req):
            head = _head(req, timeout)
            form = _form(head, handlers, req.url.port)
            if form is None:
                return await forward()
            from llm_intercept.clients.aiohttp_websocket import spoken  # noqa: PLC0415 - as below

            return await spoken(connector, req, head, form)
        exchange = _begun(req, handlers, timeout) if handlers else None
        if exchange is None:
            return await forward()
        from llm_intercept.clients.aiohttp_connection import connected  # noqa: PLC0415 - it imports aiohttp

        return await connected(connector, req, exchange, forward, traces, timeout)

    return connect


def _is_websocket(req: Any) -> bool:
    """Whether a request begins a WebSocket."""
    return str(req.headers.get("Upgrade", "")).lower() == "websocket"


def _form(head: WireRequest, handlers: tuple[Handler, ...], port: int | None) -> SocketForm | None:
    """Find how a WebSocket is spoken that somebody answers, and make its head theirs; any other may be stopped.

    Raises:
        LLMInterceptError: It may not be made.

    """
    opened = WireRequest("GET", head.url, head.host, head.path, head.headers)
    head.method, head.url = "POST", head.url.replace("ws", "http", 1) if head.url.startswith("ws") else head.url
    form = handlers[0].socket(head, handlers[1:]) if find_spec("websockets") is not None else None
    if form is None:
        net.ask(Contact(WEBSOCKET, opened, port))
    return form


def _begun(req: Any, handlers: tuple[Handler, ...], timeout: Any) -> Exchange | None:
    """Begin the exchange of a request that somebody answers.

    Raises:
        LLMInterceptError: It may not be made.

    """
    head = _head(req, timeout)
    exchange = handlers[0].exchange(head, handlers[1:]) or _disguised(req, handlers, timeout)
    if exchange is None:
        net.let_by(head, handlers)
    return exchange


def _handlers(req: Any) -> tuple[Handler, ...]:
    session = getattr(req, "_session", None)
    return active() if session is None else (*attached(session), *active())


def _head(req: Any, timeout: Any) -> WireRequest:
    """Read the head of a request; a header that comes twice is one."""
    merged: dict[str, str] = {}
    for name, value in req.headers.items():
        key = name.lower()
        merged[key] = f"{merged[key]}, {value}" if key in merged else value
    url = req.url
    limits = {"total": timeout.total, "connect": timeout.connect, "read": timeout.sock_read}
    headers = type(req.headers)(merged)
    return WireRequest(req.method, str(url), (url.host or "").lower(), url.path, headers, timeout=limits)


def _disguised(req: Any, handlers: tuple[Handler, ...], timeout: Any) -> Exchange | None:
    """Begin the exchange for a request by the host that it names to TLS, where its URL has another."""
    name = req.server_hostname
    if not name:
        return None
    head = _head(req, timeout)
    head.host = name
    return handlers[0].exchange(head, handlers[1:])
