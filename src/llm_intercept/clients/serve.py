"""Serves one request at a transport: answered by a handler, or sent on.

Knows: handlers and drivers. Must not know: how the request came here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.clients.activation import forwarding
from llm_intercept.clients.driver import drive, drive_async
from llm_intercept.clients.httpx_door import AsyncHttpxAdapter, HttpxAdapter, disguised_head_of, head_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.clients.activation import Handler
    from llm_intercept.model.wire import Exchange


class InProcess:
    """Marks a transport of our own that answers by itself: it is not a leaf to intercept."""


def serve(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Any]) -> Any:
    """Answer a sync client's request, or send it on with `forward`."""
    if not handlers or forwarding.get():
        return forward()
    exchange = handlers[0].exchange(head_of(request), handlers[1:]) or _disguised(request, handlers)
    return forward() if exchange is None else drive(exchange, HttpxAdapter(request, forward))


async def serve_async(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Awaitable[Any]]) -> Any:
    """Answer an async client's request, or send it on with `forward`."""
    if not handlers or forwarding.get():
        return await forward()
    exchange = handlers[0].exchange(head_of(request), handlers[1:]) or _disguised(request, handlers)
    return await (forward() if exchange is None else drive_async(exchange, AsyncHttpxAdapter(request, forward)))


def _disguised(request: Any, handlers: tuple[Handler, ...]) -> Exchange | None:
    """Begin the exchange for a request by the host that it names to TLS, where its URL has another."""
    head = disguised_head_of(request)
    return None if head is None else handlers[0].exchange(head, handlers[1:])
