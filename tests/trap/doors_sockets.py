"""Doors that show a name or an address, and no request: sockets, streams, and clients that are made of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any

from tests.trap.doors import PATIENCE, attempt, door
from tests.trap.doors_watched import raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.trap.targets import Target


@door("socket")
def sockets(targets: Sequence[Target]) -> None:
    context = ssl.create_default_context()
    for one in targets:
        with attempt(one), socket.create_connection((one.host, one.port), PATIENCE) as made:
            _speak(made, context, one)


@door("socket connect", needs="socket")
def socket_connect(targets: Sequence[Target]) -> None:
    """The look-up is the connection's own, in C."""
    context = ssl.create_default_context()
    for one in targets:
        with attempt(one), socket.socket() as made:
            made.settimeout(PATIENCE)
            made.connect((one.host, one.port))
            _speak(made, context, one)


@door("socket by address", needs="socket")
def socket_by_address(targets: Sequence[Target]) -> None:
    """Who has looked the name up, whatever came of it, connects to the address."""
    context = ssl.create_default_context()
    for one in targets:
        with attempt(one), socket.socket() as made:
            made.settimeout(PATIENCE)
            made.connect((socket.gethostbyname(one.host), one.port))
            _speak(made, context, one)


def _speak(made: socket.socket, context: ssl.SSLContext, one: Target) -> None:
    if one.scheme == "http":
        made.sendall(raw(one))
        made.recv(100)
        return
    with context.wrap_socket(made, server_hostname=one.host) as secure:
        secure.sendall(raw(one))
        secure.recv(100)


@door("asyncio streams", needs="asyncio")
async def asyncio_streams(targets: Sequence[Target]) -> None:
    await _by_streams(targets)


async def _by_streams(targets: Sequence[Target]) -> None:
    context = ssl.create_default_context()
    for one in targets:
        with attempt(one):
            secure = {"ssl": context} if one.scheme == "https" else {}
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(one.host, one.port, **secure)
                writer.write(raw(one))
                await reader.read(100)
                writer.close()


@door("asyncio streams on uvloop", needs="uvloop")
def uvloop_streams(targets: Sequence[Target]) -> None:
    """Its look-ups are libuv's."""
    import uvloop

    uvloop.run(_by_streams(targets))


@door("uvloop connections", needs="uvloop")
def uvloop_connections(targets: Sequence[Target]) -> None:
    """By the loop's own method, which is C."""
    import uvloop

    class Ask(asyncio.Protocol):
        def __init__(self, one: Target) -> None:
            self.one, self.heard = one, asyncio.get_running_loop().create_future()

        def connection_made(self, transport: Any) -> None:
            transport.write(raw(self.one))

        def data_received(self, data: bytes) -> None:
            del data
            if not self.heard.done():
                self.heard.set_result(None)

    async def ask() -> None:
        context = ssl.create_default_context()
        for one in targets:
            with attempt(one):
                secure = {"ssl": context} if one.scheme == "https" else {}
                async with asyncio.timeout(PATIENCE):
                    loop = asyncio.get_running_loop()
                    made, said = await loop.create_connection(lambda one=one: Ask(one), one.host, one.port, **secure)  # type: ignore[misc]
                    await said.heard
                    made.close()

    uvloop.run(ask())


@door("trio streams", needs="trio")
def trio_streams(targets: Sequence[Target]) -> None:
    import trio

    async def ask() -> None:
        for one in targets:
            with attempt(one), trio.fail_after(PATIENCE):
                open_stream: Any = trio.open_ssl_over_tcp_stream if one.scheme == "https" else trio.open_tcp_stream
                async with await open_stream(one.host, one.port) as stream:
                    await stream.send_all(raw(one))
                    await stream.receive_some(100)

    trio.run(ask)


@door("tornado")
async def tornado_simple(targets: Sequence[Target]) -> None:
    from tornado.simple_httpclient import SimpleAsyncHTTPClient

    await _by_tornado(SimpleAsyncHTTPClient(force_instance=True), targets)


async def _by_tornado(client: Any, targets: Sequence[Target]) -> None:
    for one in targets:
        with attempt(one):
            body = one.content if one.method == "POST" else None
            options = {"connect_timeout": PATIENCE, "request_timeout": PATIENCE}
            await client.fetch(one.url, method=one.method, headers=one.all_headers, body=body, **options)


@door("tornado on curl", needs="pycurl")
async def tornado_curl(targets: Sequence[Target]) -> None:
    """Its look-ups are curl's."""
    from tornado.curl_httpclient import CurlAsyncHTTPClient

    await _by_tornado(CurlAsyncHTTPClient(force_instance=True), targets)


@door("treq")
def treq(targets: Sequence[Target]) -> None:
    """On Twisted, whose look-ups are a thread pool's."""
    import treq
    from twisted.internet.defer import ensureDeferred
    from twisted.internet.task import react

    async def ask(_: Any) -> None:
        for one in targets:
            with attempt(one):
                await treq.request(one.method, one.url, headers=one.all_headers, data=one.content, timeout=PATIENCE)

    with contextlib.suppress(SystemExit):
        react(lambda reactor: ensureDeferred(ask(reactor)))


@door("geventhttpclient")
def geventhttpclient(targets: Sequence[Target]) -> None:
    from geventhttpclient import HTTPClient

    for one in targets:
        with attempt(one):
            options: Any = {"connection_timeout": PATIENCE, "network_timeout": PATIENCE}
            client = HTTPClient.from_url(f"{one.scheme}://{one.host}", **options)
            client.request(one.method, one.path, one.content, one.all_headers)
            client.close()
