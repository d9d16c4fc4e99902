"""Serves one request at a transport: answered by a handler, or sent on.

Knows: handlers and drivers. Must not know: how the request came here.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llm_intercept.clients import net
from llm_intercept.clients.activation import is_sent_on
from llm_intercept.clients.driver import drive, drive_async
from llm_intercept.clients.httpx_door import AsyncHttpxAdapter, HttpxAdapter, disguised_head_of, head_of
from llm_intercept.clients.mocks_beside import PassedOn, handed_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.clients.activation import Handler
    from llm_intercept.model.wire import Exchange


class InProcess:
    """Marks a transport of our own that answers by itself: it is not a leaf to intercept."""


def serve(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Any]) -> Any:
    """Answer a sync client's request, or send it on with `forward`."""
    exchange = _begun(request, handlers)
    return forward() if exchange is None else drive(exchange, HttpxAdapter(request, forward))


async def serve_async(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Awaitable[Any]]) -> Any:
    """Answer an async client's request, or send it on with `forward`."""
    exchange = _begun(request, handlers)
    return await (forward() if exchange is None else drive_async(exchange, AsyncHttpxAdapter(request, forward)))


def beside(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Any]) -> Any:
    """Let another mock, which `forward` leads to, answer a sync client's request; what it passes on is served."""
    exchange = _begun(request, handlers)
    if exchange is None:
        return forward()
    request.read()  # the other mock reads a body that can be read only once
    with suppress(PassedOn), handed_over(request):
        return forward()
    return drive(exchange, HttpxAdapter(request, forward))


async def beside_async(request: Any, handlers: tuple[Handler, ...], forward: Callable[[], Awaitable[Any]]) -> Any:
    """Do as `beside`, for an async client."""
    exchange = _begun(request, handlers)
    if exchange is None:
        return await forward()
    await request.aread()
    with suppress(PassedOn), handed_over(request):
        return await forward()
    return await drive_async(exchange, AsyncHttpxAdapter(request, forward))


def _begun(request: Any, handlers: tuple[Handler, ...]) -> Exchange | None:
    """Begin the exchange for a request; None if it is to go its way."""
    if not handlers or (is_sent_on() and is_sent_on(request.url.host)):
        return None
    head = head_of(request)
    exchange = handlers[0].exchange(head, handlers[1:]) or _disguised(request, handlers)
    if exchange is None:
        net.let_by(head, handlers)
    return exchange


def _disguised(request: Any, handlers: tuple[Handler, ...]) -> Exchange | None:
    """Begin the exchange for a request by the host that it names to TLS, where its URL has another."""
    head = disguised_head_of(request)
    return None if head is None else handlers[0].exchange(head, handlers[1:])
