"""A door of another kind than a client's transport: an ASGI application that answers what a server hands to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept.clients.driver import drive_async
from llm_intercept.clients.family import network_fault
from llm_intercept.clients.stream import ByteChunks
from llm_intercept.model.wire import WireRequest, WireResponse, without_connection_headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept import Interceptor
    from llm_intercept.model.wire import NetworkFaultError, Observer
    from llm_intercept.timing.clock import Timeline

NOWHERE = b"This server has nowhere to send a request: give it a rule, or do not let it pass."
PLAIN = (("content-type", "text/plain"), ("x-should-retry", "false"))


class Request:
    """One request at the door; what is read of it, and how its answer's errors read to a server."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive

    async def read(self) -> bytes:
        content, more = b"", True
        while more:
            message = await self._receive()
            content, more = content + message.get("body", b""), message.get("more_body", False)
        return content

    async def forward(self, _: Observer | None, /) -> tuple[int, WireResponse]:
        return 501, WireResponse(501, PLAIN, (NOWHERE,))

    def respond(self, response: WireResponse, /) -> WireResponse:
        return response

    def read_limit(self, _: Timeline, /) -> None:
        """A server's client has its own clock, which the server does not see."""

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        return network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        """Where the network is to fail, the server closes the connection, as for any exception of an application."""
        return error if network_fault(error) is None else ConnectionAbortedError(str(error))


def asgi_app(llm: Interceptor) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Make an ASGI application that an interceptor answers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = httpx.Headers(scope["headers"])  # any mapping does that is looked up without regard to case
        host = headers.get("host", "").partition(":")[0]
        path = scope["path"]
        request = Request(receive)
        head = WireRequest(scope["method"], f"http://{headers.get('host')}{path}", host, path, headers)
        exchange = llm._engine.exchange(head)
        missing = WireResponse(404, PLAIN, (b"No API is answered here.",))
        response = missing if exchange is None else await drive_async(exchange, request)
        sent = [(name.encode(), value.encode()) for name, value in without_connection_headers(response.headers)]
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        async for chunk in ByteChunks(response, request):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app
