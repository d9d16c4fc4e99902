"""The door of websockets: a connection to a URL that is answered gets one end of a pair of sockets, and we the other.

So the client's connection is the library's own, whatever it does with it.

Knows: how websockets (13 to 17) opens connections. Must not know: who answers, what messages say.
"""

from __future__ import annotations

import copy
import sys
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary, ref

from llm_intercept.clients import net
from llm_intercept.clients.activation import active, is_sent_on
from llm_intercept.clients.socket_lanes import Conversation
from llm_intercept.clients.socket_wire import SocketWire
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable
    from types import ModuleType

    Install = Callable[[Any, str, Callable[..., Any]], None]

LIBRARY = "this WebSocket (websockets)"
MODULES = ("websockets.asyncio.client", "websockets.sync.client")
SCHEMES = {"ws": "http", "wss": "https"}
_served: WeakKeyDictionary[Any, asyncio.Task[None]] = WeakKeyDictionary()
"""The task that serves a connection lives as long as that: a loop keeps no task alive."""


def hook(module: ModuleType, install: Install) -> None:
    """Hook what opens the library's connections, so that those that are answered reach no network."""
    for holder, name, make in doors(module):
        install(holder, name, make)


def doors(module: ModuleType) -> list[tuple[Any, str, Callable[..., Any]]]:
    """Return what opens a connection in this version of the library: holder, name, and what makes the hook."""
    if module.__name__ == MODULES[0]:
        names = ("open_tcp_connection", "create_connection")  # of 17, and before
        return [(module.connect, next(name for name in names if hasattr(module.connect, name)), _opening)]
    if hasattr(module, "reconnect"):  # since 17
        return [(module.reconnect, "open_connection", _opening_waiting)]
    return [(module, "connect", _connecting)]


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what opens the connection of a `connect` that awaits."""

    async def open_connection(opener: Any, *args: Any, **kwargs: Any) -> Any:
        options = "create_connection_kwargs" if hasattr(opener, "create_connection_kwargs") else "connection_kwargs"
        conversation = _answered(opener.uri, _headers_of(opener), getattr(opener, options))
        if conversation is None:
            return await original(opener, *args, **kwargs)
        from llm_intercept.clients.socket_async import begin  # noqa: PLC0415 - Python's start loads this module

        stand_in = _redirected(opener)
        theirs, ours, given = _pair(getattr(opener, options))
        setattr(stand_in, options, {**given, "sock": theirs})
        try:
            connection = await original(stand_in, *args, **kwargs)
        except BaseException:
            theirs.close()
            ours.close()
            raise
        conversation.closing = partial(_read_on, ref(connection))
        _served[connection] = begin(ours, conversation)
        return connection

    return open_connection


def _opening_waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what opens the connection of a `connect` that waits, since version 17."""

    def open_connection(opener: Any, *args: Any, **kwargs: Any) -> Any:
        conversation = _answered(opener.uri, _headers_of(opener), opener.open_socket_kwargs)
        if conversation is None:
            return original(opener, *args, **kwargs)
        stand_in = _redirected(opener)
        theirs, ours, _ = _pair({"sock": opener.sock})
        stand_in.sock, stand_in.ssl = theirs, None
        return _begun(ours, theirs, conversation, partial(original, stand_in, *args, **kwargs))

    return open_connection


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what `connect` does that waits, before version 17."""

    def connect(uri: str, **kwargs: Any) -> Any:
        conversation = _answered(uri, kwargs.get("additional_headers"), kwargs)
        if conversation is None:
            return original(uri, **kwargs)
        theirs, ours, given = _pair(kwargs)
        network = ("ssl", "ssl_context", "server_hostname", "proxy", "proxy_ssl", "proxy_server_hostname", "sock")
        kept = {name: value for name, value in kwargs.items() if name not in network}
        return _begun(ours, theirs, conversation, partial(original, _plain(uri), sock=theirs, **given, **kept))

    return connect


def _begun(ours: socket.socket, theirs: socket.socket, conversation: Conversation, connect: Callable[[], Any]) -> Any:
    """Serve a connection of a client that waits, and let it connect."""
    from llm_intercept.clients.socket_sync import begin  # noqa: PLC0415 - as above

    begin(ours, conversation)
    try:
        connection = connect()
    except BaseException:
        theirs.close()
        raise
    conversation.closing = partial(_read_on, ref(connection))
    return connection


def _headers_of(opener: Any) -> Any:
    """Return the headers that a connection is given; 13 and 14 keep them as an argument of the handshake."""
    return opener.additional_headers if hasattr(opener, "additional_headers") else opener.handshake_args[0]


def _answered(uri: str, headers: Any, options: dict[str, Any]) -> Conversation | None:
    """Begin the conversation of a connection that somebody answers; what nobody does may be stopped.

    Raises:
        LLMInterceptError: It may not be made.

    """
    handlers = active()
    parts = urlsplit(uri)
    if not handlers or is_sent_on(parts.hostname or "") or options.get("unix"):
        return None
    from websockets.datastructures import Headers  # noqa: PLC0415 - as above

    url = parts._replace(scheme=SCHEMES.get(parts.scheme, parts.scheme), fragment="").geturl()
    given = {name.lower(): value for name, value in Headers(headers or {}).raw_items()}
    head = WireRequest("POST", url, (parts.hostname or "").lower(), unquote(parts.path), given)
    form = handlers[0].socket(head, handlers[1:])
    if form is not None:
        return Conversation(head, form, SocketWire(form.headers))
    net.ask(Contact(LIBRARY, WireRequest("GET", uri, head.host, head.path, given), parts.port))
    return None


def _pair(options: dict[str, Any]) -> tuple[socket.socket, socket.socket, dict[str, Any]]:
    """Make the two ends of a connection, theirs first, and what says that they are no TCP; close a given socket."""
    import socket  # noqa: PLC0415 - as above

    given = options.get("sock")
    if given is not None:
        given.close()
    theirs, ours = socket.socketpair()
    return theirs, ours, {"unix": True} if sys.platform != "win32" and theirs.family == socket.AF_UNIX else {}


def _redirected(opener: Any) -> Any:
    """Copy what opens a connection, for the same URL without TLS."""
    from websockets.uri import parse_uri  # noqa: PLC0415 - the client has loaded it

    stand_in = copy.copy(opener)
    stand_in.uri = _plain(opener.uri)
    stand_in.ws_uri = parse_uri(stand_in.uri)
    return stand_in


def _plain(uri: str) -> str:
    """Return a URL without TLS, and so that the client names the same host and port as with it."""
    parts = urlsplit(uri)
    host = parts.netloc.removesuffix(":443") if parts.scheme == "wss" else parts.netloc
    return parts._replace(scheme="ws", netloc=host).geturl()


def _read_on(client: ref[Any]) -> None:
    """Let a client that closes read our close behind messages that nobody takes: else it waits ten seconds for it.

    The library stops reading when 16 messages wait (it does so with any server), which in one process is at once.
    """
    waiting: Any = getattr(client(), "recv_messages", None)
    if not hasattr(waiting, "maybe_pause"):  # since 14, and 15 where the client waits
        return
    with getattr(waiting, "mutex", None) or nullcontext():
        waiting.high = sys.maxsize
        if waiting.paused:
            waiting.paused = False
            waiting.resume()
