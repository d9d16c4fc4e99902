"""Doors whose libraries are watched: they show the method, the path and more before they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.trap.doors import HOSTS_ALONE, PATIENCE, attempt, door
from tests.trap.targets import KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.trap.targets import Target


def _ws(one: Target) -> str:
    return one.url.replace("http", "ws", 1)


@door("urllib")
def urllib(targets: Sequence[Target]) -> None:
    from urllib.request import Request, urlopen

    for one in targets:
        with attempt(one):
            data = one.body() if one.method == "POST" else None
            request = Request(one.url, data, one.all_headers, method=one.method)  # type: ignore[arg-type]
            urlopen(request, timeout=PATIENCE).read()


@door("http.client")
def http_client(targets: Sequence[Target]) -> None:
    import http.client

    for one in targets:
        with attempt(one):
            kind = http.client.HTTPSConnection if one.scheme == "https" else http.client.HTTPConnection
            connection = kind(one.host, timeout=PATIENCE)
            connection.request(one.method, one.path, one.body(), one.all_headers)  # type: ignore[arg-type]
            connection.getresponse().read()


@door("http.client connect, send", needs="http.client")
def http_client_send(targets: Sequence[Target]) -> None:
    """As who writes a request by hand over it."""
    import http.client

    for one in targets:
        with attempt(one):
            kind = http.client.HTTPSConnection if one.scheme == "https" else http.client.HTTPConnection
            connection = kind(one.host, timeout=PATIENCE)
            connection.connect()
            connection.send(raw(one))
            connection.sock.recv(100)


def raw(one: Target) -> bytes:
    """Write a request as HTTP/1.1 has it."""
    names = {"Host": one.host, "Content-Length": str(len(one.content)), "Connection": "close", **one.all_headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in names.items())
    return f"{one.method} {one.path} HTTP/1.1\r\n{head}\r\n".encode() + one.content


@door("aiohttp websocket", needs="aiohttp", groups=HOSTS_ALONE)
async def aiohttp_websocket(targets: Sequence[Target]) -> None:
    import aiohttp

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        for one in targets:
            with attempt(one):
                await session.ws_connect(_ws(one), headers=one.all_headers)


async def _pieces(one: Target) -> Any:
    for piece in one.body():
        yield piece


@door("niquests")
def niquests_sync(targets: Sequence[Target]) -> None:
    import niquests

    with niquests.Session() as session:
        for one in targets:
            with attempt(one):
                session.request(one.method, one.url, headers=one.all_headers, data=one.body(), timeout=PATIENCE)


@door("niquests async", needs="niquests")
async def niquests_async(targets: Sequence[Target]) -> None:
    import niquests

    async with niquests.AsyncSession() as session:
        for one in targets:
            with attempt(one):
                data = _pieces(one) if one.is_chunked else one.content
                await session.request(one.method, one.url, headers=one.all_headers, data=data, timeout=PATIENCE)


@door("httpcore")
def httpcore_pool(targets: Sequence[Target]) -> None:
    import httpcore

    with httpcore.ConnectionPool() as pool:
        for one in targets:
            with attempt(one):
                headers = {"Host": one.host, **one.all_headers}
                pool.request(one.method, one.url, headers=headers, content=one.body(), extensions=TIMEOUT)


TIMEOUT: Any = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), PATIENCE)}


@door("httpcore connection", needs="httpcore")
def httpcore_connection(targets: Sequence[Target]) -> None:
    import httpcore

    for one in targets:
        with attempt(one):
            origin = httpcore.Origin(one.scheme.encode(), one.host.encode(), one.port)
            with httpcore.HTTPConnection(origin) as connection:
                headers = {"Host": one.host, **one.all_headers}
                connection.request(one.method, one.url, headers=headers, content=one.body(), extensions=TIMEOUT)


@door("httplib2")
def httplib2(targets: Sequence[Target]) -> None:
    import httplib2

    client = httplib2.Http(timeout=PATIENCE)
    for one in targets:
        with attempt(one):
            client.request(one.url, one.method, one.content, one.all_headers)


@door("websockets", groups=HOSTS_ALONE)
async def websockets_asyncio(targets: Sequence[Target]) -> None:
    from websockets.asyncio.client import connect

    for one in targets:
        with attempt(one):
            async with connect(_ws(one), additional_headers=one.all_headers, open_timeout=PATIENCE):
                pass


@door("websockets sync", needs="websockets", groups=HOSTS_ALONE)
def websockets_sync(targets: Sequence[Target]) -> None:
    from websockets.sync.client import connect

    for one in targets:
        with attempt(one), connect(_ws(one), additional_headers=one.all_headers, open_timeout=PATIENCE):
            pass


@door("websockets legacy", needs="websockets", groups=HOSTS_ALONE)
async def websockets_legacy(targets: Sequence[Target]) -> None:
    from websockets.legacy.client import connect

    for one in targets:
        with attempt(one):
            async with connect(_ws(one), extra_headers=one.all_headers, open_timeout=PATIENCE):
                pass


@door("websocket-client", needs="websocket", groups=HOSTS_ALONE)
def websocket_client(targets: Sequence[Target]) -> None:
    import websocket

    for one in targets:
        with attempt(one):
            websocket.create_connection(_ws(one), header=one.all_headers, timeout=PATIENCE).close()


@door("openai realtime", needs="openai", groups=HOSTS_ALONE)
async def openai_realtime(targets: Sequence[Target]) -> None:
    import openai

    for one in targets:
        with attempt(one):
            client = openai.AsyncOpenAI(api_key=KEY, base_url=one.base)
            async with client.realtime.connect(model="gpt-realtime"):
                pass


@door("google-genai live", needs="google.genai", groups=HOSTS_ALONE)
async def google_genai_live(targets: Sequence[Target]) -> None:
    from google import genai

    for one in targets:
        with attempt(one):
            client = genai.Client(api_key=KEY, http_options={"base_url": one.base})  # type: ignore[arg-type]
            async with client.aio.live.connect(model="gemini-2.0-flash-live"):
                pass


@door("grpc", groups=HOSTS_ALONE)
def grpc(targets: Sequence[Target]) -> None:
    import grpc

    for one in targets:
        with attempt(one), grpc.secure_channel(f"{one.host}:443", grpc.ssl_channel_credentials()) as channel:
            ask = channel.unary_unary("/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent")
            ask(b"", timeout=PATIENCE, metadata=[("authorization", f"Bearer {KEY}")])


@door("grpc aio", needs="grpc", groups=HOSTS_ALONE)
async def grpc_aio(targets: Sequence[Target]) -> None:
    import grpc

    for one in targets:
        with attempt(one):
            async with grpc.aio.secure_channel(f"{one.host}:443", grpc.ssl_channel_credentials()) as channel:
                ask = channel.unary_unary("/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent")
                await ask(b"", timeout=PATIENCE, metadata=[("authorization", f"Bearer {KEY}")])


@door("curl_cffi")
def curl_cffi(targets: Sequence[Target]) -> None:
    from curl_cffi import requests

    with requests.Session() as session:
        for one in targets:
            with attempt(one):
                headers, data = one.all_headers, one.content
                session.request(one.method, one.url, headers=headers, data=data, timeout=PATIENCE)  # type: ignore[arg-type]


@door("curl_cffi async", needs="curl_cffi")
async def curl_cffi_async(targets: Sequence[Target]) -> None:
    from curl_cffi import requests

    async with requests.AsyncSession() as session:
        for one in targets:
            with attempt(one):
                headers, data = one.all_headers, one.content
                await session.request(one.method, one.url, headers=headers, data=data, timeout=PATIENCE)  # type: ignore[arg-type]
