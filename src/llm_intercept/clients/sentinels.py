"""Watches the libraries that cannot be answered for, where they say more than a look-up of a name does.

That is the library's own name for the message, the method and path of a request, the host behind a proxy or an open
connection, or a name that is looked up by no Python (gRPC, curl_cffi, whatever runs on uvloop).

Knows: where each library says what it is about to send. Must not know: what of it matters.
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from llm_intercept.clients import net
from llm_intercept.clients.activation import forwarding
from llm_intercept.clients.hook import is_mock, member
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import ModuleType

    Install = Callable[[Any, str, Callable[..., Any]], None]
    Tell = Callable[..., tuple[WireRequest, bytes] | None]

LIBRARIES = {
    "aiohttp": "aiohttp",
    "curl_cffi.curl": "curl_cffi",
    "grpc": "grpc",
    "http.client": "http.client (urllib)",
    "httpcore": "httpcore",
    "httpcore2": "httpcore2",
    "urllib3": "urllib3 (requests)",
    "websocket": "websocket-client",
}
CURL_URL = 10002
"""libcurl's number of the option CURLOPT_URL."""
GRPC_TARGET = re.compile(
    r"(?:[a-z0-9]+:(?=[a-z/]|\[|\d+\.\d))?(?://[^/]*/)?/*(\[[^]]*\]|[^:/,]+)(?::(\d+))?(?=,|$)", re.IGNORECASE
)
"""A gRPC target: `host`, `host:443`, `dns:host:443`, `dns:///host`, `dns://1.1.1.1/host`, `ipv4:1.2.3.4:443`."""


def loaded() -> tuple[str, ...]:
    """Name the watched libraries that are loaded, as users know them; http.client, which is always there, aside."""
    names = (name for module, name in LIBRARIES.items() if module in sys.modules and _is_a_users_own(module))
    return tuple(dict.fromkeys(names))


def watch(module: ModuleType, install: Install) -> None:
    """Put sentinels on a library's functions that open connections or send requests; a mock there opens none."""
    library = LIBRARIES[module.__name__]
    for holder, name, tell in doors(module):
        found = member(holder, name)
        if not is_mock(found):
            install(holder, name, _guard(library, tell, is_async=inspect.iscoroutinefunction(found)))


def _is_a_users_own(module: str) -> bool:
    return not module.startswith(("http.", "httpcore"))


def doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    """Yield the functions of a library to watch, by holder and name, with what reads a request from their arguments."""
    yield from DOORS[module.__name__](module)


def _aiohttp(_: Any, request: Any, *__: Any, **___: Any) -> tuple[WireRequest, bytes]:
    url = request.url
    value = getattr(request.body, "_value", b"")  # of a payload, which a JSON body is
    return _read(request.method, str(url), dict(request.headers)), value if isinstance(value, bytes) else b""


def _http_client(
    connection: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **__: Any
) -> tuple[WireRequest, bytes]:
    """Read a request; its host is the one behind a proxy, which http.client keeps under a private name."""
    host = getattr(connection, "_tunnel_host", None) or connection.host
    port = getattr(connection, "_tunnel_port", None) or connection.port
    return _read(method, _absolute(url, host, port), _headers(headers)), _body(body)


def _urllib3(
    pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *_: Any, **__: Any
) -> tuple[WireRequest, bytes]:
    return _read(method, _absolute(url, pool.host, pool.port), _headers(headers or pool.headers)), _body(body)


def _httpcore(_pool: Any, request: Any) -> tuple[WireRequest, bytes]:
    url = request.url
    target, host = url.target.decode("latin-1"), url.host.decode("latin-1")
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
    return _read(request.method.decode("latin-1"), _absolute(target, host, url.port), names), b""


def _own_url(_: Any, uri: str, *__: Any, **___: Any) -> tuple[WireRequest, bytes]:
    return _read("GET", uri, {}), b""


def _curl(_: Any, option: int, value: Any = None, *__: Any) -> tuple[WireRequest, bytes] | None:
    """Read where a request goes when curl is told so; its method comes by another option."""
    return (_read("POST", _text(value), {}), b"") if option == CURL_URL else None


def _grpc(target: str, *_: Any, **__: Any) -> tuple[WireRequest, bytes]:
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
    shown = f"[{host}]" if ":" in host else host
    return f"//{shown}{'' if port is None else f':{port}'}/{url.lstrip('/')}"


def _headers(headers: Any) -> dict[str, str]:
    items = cast("Mapping[Any, Any]", headers or {}).items()
    return {_text(name).lower(): _text(value) for name, value in items}


def _body(body: Any) -> bytes:
    return body.encode("utf-8", "replace") if isinstance(body, str) else body if isinstance(body, bytes) else b""


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _grpc_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    for place in (module, getattr(module, "aio", None)):
        if place is not None:
            yield place, "secure_channel", _grpc
            yield place, "insecure_channel", _grpc


def _httpcore_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    yield module.ConnectionPool, "handle_request", _httpcore
    yield module.AsyncConnectionPool, "handle_async_request", _httpcore


def _http_client_doors(module: ModuleType) -> Iterator[tuple[Any, str, Tell]]:
    yield module.HTTPConnection, "request", _http_client
    yield module.HTTPConnection, "putrequest", _http_client


DOORS: dict[str, Callable[[Any], Iterable[tuple[Any, str, Tell]]]] = {
    "aiohttp": lambda module: [(module.BaseConnector, "connect", _aiohttp)],
    "curl_cffi.curl": lambda module: [(module.Curl, "setopt", _curl)],
    "grpc": _grpc_doors,
    "http.client": _http_client_doors,
    "httpcore": _httpcore_doors,
    "httpcore2": _httpcore_doors,
    "urllib3": lambda _: [(sys.modules["urllib3.connectionpool"].HTTPConnectionPool, "urlopen", _urllib3)],
    "websocket": lambda module: [(module.WebSocket, "connect", _own_url)],
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
    if forwarding.get() or not net.is_anybody_active():
        return
    told = tell(*args, **kwargs)
    if told is not None:
        head, content = told
        net.ask(Contact(library, head, urlsplit(head.url).port, content=content))
