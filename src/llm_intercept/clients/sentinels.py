"""Watches the libraries that cannot be answered for, where they say more than a look-up of a name does.

That is the library's own name for the message, the method and path of a request, the host behind a proxy or an open
connection, or a name that is looked up by no Python (gRPC, curl_cffi, whatever runs on uvloop).

Knows: where each library says what it is about to send. Must not know: what of it matters.
"""

from __future__ import annotations

import inspect
import io
import re
import sys
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from llm_intercept.base.dummy_keys import leaves_with_dummy
from llm_intercept.clients import net
from llm_intercept.clients.activation import is_sent_on
from llm_intercept.clients.answering_socket import AnsweringSocket
from llm_intercept.clients.cassettes_beside import real_class
from llm_intercept.clients.hook import is_mock, member
from llm_intercept.clients.mocks_beside import raise_if_passed_on
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

    Install = Callable[[Any, str, Callable[..., Any]], None]
    Told = tuple[WireRequest, bytes | None]
    Tell = Callable[..., Told | None]

LIBRARIES = {
    "asyncio.streams": "asyncio",
    "curl_cffi.curl": "curl_cffi",
    "curl_cffi.requests.session": "curl_cffi",
    "geventhttpclient.client": "geventhttpclient",
    "grpc": "grpc",
    "http.client": "http.client (urllib)",
    "httpcore": "httpcore",
    "httpcore2": "httpcore2",
    "httplib2": "httplib2",
    "tornado.curl_httpclient": "tornado",
    "tornado.simple_httpclient": "tornado",
    "twisted.web.client": "twisted",
    "urllib3_future": "urllib3-future (niquests)",
    "websocket": "websocket-client",
    "websockets.legacy.client": "websockets",
}
CURL_URL = 10002
"""libcurl's number of the option CURLOPT_URL."""
WHOLE = ("_content", "_stream")
"""Where httpcore's and httpx's streams keep a body that was given whole."""
CURL_SESSION = ("params", "data", "content", "json", "headers")
"""What curl_cffi's sessions are told by position, after method and URL."""
SOCKET_HEADERS = ("header", "extra_headers", "additional_headers")
"""What websocket-client and the older websockets call the headers of a connection."""
GRPC_TARGET = re.compile(
    r"(?:[a-z0-9]+:(?=[a-z/]|\[|\d+\.\d))?(?://[^/]*/)?/*(\[[^]]*\]|[^:/,]+)(?::(\d+))?(?=,|$)", re.IGNORECASE
)
"""A gRPC target: `host`, `host:443`, `dns:host:443`, `dns:///host`, `dns://1.1.1.1/host`, `ipv4:1.2.3.4:443`."""


def loaded() -> tuple[str, ...]:
    """Name the watched libraries that are loaded, as users know them; http.client, which is always there, aside."""
    names = (name for module, name in LIBRARIES.items() if module in sys.modules and _is_a_users_own(module))
    return tuple(dict.fromkeys(names))


def watch(module: ModuleType, install: Install, known: str = "") -> None:
    """Put sentinels on a library's functions that open connections or send requests; a mock there opens none.

    Args:
        module: The library, or the module of it that is watched.
        install: Hooks a function of it.
        known: The name it is known by here, where it takes the place of another.

    """
    library = LIBRARIES[known or module.__name__]
    for holder, name, tell in DOORS[known or module.__name__](module):
        found = member(holder, name)
        if not is_mock(found):
            install(holder, name, _guard(library, tell, is_async=inspect.iscoroutinefunction(found)))


def _is_a_users_own(module: str) -> bool:
    return not module.startswith(("asyncio.", "http.", "httpcore"))


def doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    """Yield the functions of a library to watch, by holder and name, with what reads a request from their arguments."""
    yield from DOORS[module.__name__](module)


def _http_client(
    connection: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **__: Any
) -> Told | None:
    """Read a request; its host is the one behind a proxy, which http.client keeps under a private name.

    One that is written to a socket of ours is answered.
    """
    if isinstance(getattr(connection, "sock", None), AnsweringSocket):
        return None
    host = getattr(connection, "_tunnel_host", None) or connection.host
    port = getattr(connection, "_tunnel_port", None) or connection.port
    return _read(method, _absolute(url, host, port), headers_of(headers)), _body(body)


def _urllib3(pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **__: Any) -> Told:
    return _read(method, _absolute(url, pool.host, pool.port), headers_of(headers or pool.headers)), _body(body)


def _httpcore(_pool: Any, request: Any) -> Told:
    url = request.url
    target, host = url.target.decode("latin-1"), url.host.decode("latin-1")
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
    held = (getattr(request.stream, name, None) for name in WHOLE)
    body = next((one for one in held if isinstance(one, bytes)), request.stream)
    return _read(request.method.decode("latin-1"), _absolute(target, host, url.port), names), _body(body)


def _httplib2(
    _: Any, uri: str, method: str = "GET", body: Any = None, headers: Any = None, *__: Any, **___: Any
) -> Told:
    """Read a request before a connection is made for it, which is http.client's and begins with none."""
    return _read(method, uri, headers_of(headers)), _body(body)


def _tornado(_: Any, request: Any, *__: Any) -> Told:
    body = request.body_producer or request.body
    return _read(request.method, request.url, headers_of(request.headers)), _body(body)


def _twisted(_: Any, method: bytes, uri: bytes, headers: Any = None, body: Any = None, *__: Any, **___: Any) -> Told:
    names = {} if headers is None else {name: values[0] for name, values in headers.getAllRawHeaders()}
    file = getattr(body, "_inputFile", None)  # of a `FileBodyProducer`, as treq makes one of bytes
    content = file.getvalue() if isinstance(file, io.BytesIO) else body
    return _read(_text(method), _text(uri), headers_of(names)), _body(content)


def _stream(host: Any = None, port: Any = None, *_: Any, **__: Any) -> Told | None:
    """Read where a stream goes; a loop that is not asyncio's own looks names up by no Python."""
    if not isinstance(host, str):
        return None
    return WireRequest("", f"tcp://{bracketed(host)}:{port or ''}", host.lower(), "", {}), b""


def _http_client_header(connection: Any, name: Any, *values: Any) -> Told | None:
    """Read a header that is told by itself, if it is one that may not be sent."""
    host = getattr(connection, "_tunnel_host", None) or connection.host
    head = WireRequest("", f"//{bracketed(host)}/", host.lower(), "", headers_of({name: " ".join(map(_text, values))}))
    return (head, b"") if leaves_with_dummy(head.host, head.url, head.headers) else None


def _own_url(_: Any, uri: str, *__: Any, **given: Any) -> Told:
    return _read("GET", uri, _pairs(next(filter(None, map(given.get, SOCKET_HEADERS)), None))), b""


def _curl(_: Any, option: int, value: Any = None, *__: Any) -> Told | None:
    """Read where a request goes when curl is told so; its method comes by another option."""
    return (_read("POST", _text(value), {}), b"") if option == CURL_URL else None


def _curl_session(_: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Told:
    """Read a request that a session makes of what curl is told one by one."""
    told = dict(zip(CURL_SESSION, args, strict=False)) | kwargs
    bodies = (told.get(name) for name in ("data", "content", "json"))
    body: Any = next((one for one in bodies if one is not None), None)  # a mapping is JSON or a form, not looked at
    return _read(method, url, _pairs(told.get("headers"))), _body(body)


def _grpc(target: str, *_: Any, **__: Any) -> Told:
    found = GRPC_TARGET.match(target)
    host, port = ("", None) if found is None else (found[1].strip("[]"), found[2])
    return WireRequest("", f"grpc://{host}:{port or 443}", host, "", {}), b""


def _read(method: str, url: str, headers: Mapping[str, str]) -> WireRequest:
    parts = urlsplit(url)
    return WireRequest(method, url, (parts.hostname or "").lower(), unquote(parts.path), headers)


def _absolute(url: str, host: str, port: int | None) -> str:
    """Make a request's target a URL, if it is not one: what goes through a proxy has its host in its target."""
    if url.startswith(("http://", "https://")):
        return url
    return f"//{bracketed(host)}{'' if port is None else f':{port}'}/{url.lstrip('/')}"


def bracketed(host: str) -> str:
    """Write a host as a URL has it."""
    return f"[{host}]" if ":" in host else host


def headers_of(headers: Any) -> dict[str, str]:
    """Read headers that are a mapping, by their names in small letters."""
    items = cast("Mapping[Any, Any]", headers or {}).items()
    return {_text(name).lower(): _text(value) for name, value in items}


def _pairs(headers: Any) -> dict[str, str]:
    """Read headers that are a mapping, or lines, or pairs."""
    if isinstance(headers, list | tuple):
        lines = cast("list[Any]", headers)
        pairs: list[Any] = [one.partition(":")[::2] if isinstance(one, str) else one for one in lines]
        return headers_of(dict(pairs))
    return headers_of(headers)


def _body(body: Any) -> bytes | None:
    """Return a body that is there as a whole; None of one that is made while it is sent (a file, an iterator)."""
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(cast("bytes", body))
    return b"" if body is None else None


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _grpc_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    for place in (module, getattr(module, "aio", None)):
        if place is not None:
            yield place, "secure_channel", _grpc
            yield place, "insecure_channel", _grpc


def _httpcore_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    for kind in ("ConnectionPool", "HTTPConnection"):  # a connection is also used without a pool
        yield getattr(module, kind), "handle_request", _httpcore
        yield getattr(module, f"Async{kind}"), "handle_async_request", _httpcore


def _urllib3_future_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    """Yield pools, and connections, by which some send without one; async ones too."""
    for prefix, place in (("", "connection"), ("Async", "_async.connection")):
        yield getattr(module, f"{prefix}HTTPConnectionPool"), "urlopen", _urllib3
        connections = sys.modules[f"{module.__name__}.{place}"]
        yield getattr(connections, f"{prefix}HTTPConnection"), "request", _http_client


def _http_client_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    connection = real_class(module.HTTPConnection)
    yield connection, "request", _http_client
    yield connection, "putrequest", _http_client
    yield connection, "putheader", _http_client_header


DOORS: dict[str, Callable[[Any], Iterable[tuple[Any, str, Tell]]]] = {
    "asyncio.streams": lambda module: [(module, "open_connection", _stream)],
    "curl_cffi.curl": lambda module: [(module.Curl, "setopt", _curl)],
    "curl_cffi.requests.session": lambda module: [
        (module.Session, "request", _curl_session),
        (module.AsyncSession, "request", _curl_session),
    ],
    "geventhttpclient.client": lambda module: [(module.HTTPClient, "request", _http_client)],
    "grpc": _grpc_doors,
    "http.client": _http_client_doors,
    "httpcore": _httpcore_doors,
    "httpcore2": _httpcore_doors,
    "httplib2": lambda module: [(module.Http, "request", _httplib2)],
    "tornado.curl_httpclient": lambda module: [(module.CurlAsyncHTTPClient, "fetch_impl", _tornado)],
    "tornado.simple_httpclient": lambda module: [(module.SimpleAsyncHTTPClient, "fetch_impl", _tornado)],
    "twisted.web.client": lambda module: [(module.Agent, "request", _twisted)],
    "urllib3_future": _urllib3_future_doors,
    "websocket": lambda module: [(module.WebSocket, "connect", _own_url)],
    "websockets.legacy.client": lambda module: [(module.Connect, "__init__", _own_url)],
}
"""What of each library is watched."""


def _guard(library: str, tell: Tell, *, is_async: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _ask(library, tell, args, kwargs)
            return original(*args, **kwargs)

        async def guarded_async(*args: Any, **kwargs: Any) -> Any:
            _ask(library, tell, args, kwargs)
            return await original(*args, **kwargs)

        return guarded_async if is_async else guarded

    return make


def _ask(library: str, tell: Tell, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Ask whether a request may be sent, unless its library will say itself that it cannot be."""
    if not net.is_anybody_active():
        return
    told = tell(*args, **kwargs)
    if told is not None and not is_sent_on(told[0].host):
        head, content = told
        raise_if_passed_on(head)
        net.ask(Contact(library, head, urlsplit(head.url).port, content=content))
