"""A WebSocket of aiohttp's that somebody answers: its connection is one end of a pair of sockets, ours the other.

Knows: how a connector of aiohttp's gives connections. Must not know: who answers, what messages say. It is loaded when
aiohttp is.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from llm_intercept.clients.activation import for_client
from llm_intercept.clients.aiohttp_connection import count_among
from llm_intercept.clients.socket_async import begin
from llm_intercept.clients.socket_lanes import Conversation
from llm_intercept.clients.socket_wire import SocketWire

if TYPE_CHECKING:
    from llm_intercept.model.wire import SocketForm, WireRequest

_served: WeakKeyDictionary[Any, asyncio.Task[None]] = WeakKeyDictionary()
"""The task that serves a connection lives as long as that: a loop keeps no task alive."""


async def spoken(connector: Any, req: Any, head: WireRequest, form: SocketForm) -> Connection:
    """Make the connection of a WebSocket that somebody answers; it counts among those of its connector.

    Args:
        connector: The session's connector.
        req: The request that begins it.
        head: The head of the requests that its messages make.
        form: How the API is spoken.

    """
    loop = asyncio.get_running_loop()
    wire = SocketWire(form.headers)
    theirs, ours = socket.socketpair()

    def protocol() -> ResponseHandler:
        return ResponseHandler(loop)

    try:
        if sys.platform != "win32" and theirs.family == socket.AF_UNIX:
            _, made = await loop.create_unix_connection(protocol, sock=theirs)
        else:
            _, made = await loop.create_connection(protocol, sock=theirs)
    except BaseException:
        theirs.close()
        ours.close()
        raise
    made.force_close()  # the next request may be another's to answer
    count_among(connector, req.connection_key, made)
    with for_client(getattr(req, "_session", None)):
        _served[made] = begin(ours, Conversation(head, form, wire))
    return Connection(connector, req.connection_key, made, loop)
