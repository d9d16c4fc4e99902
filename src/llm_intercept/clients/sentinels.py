"""Watches the HTTP libraries that cannot be answered for, so that none of them reaches a known LLM host unnoticed.

Knows: where each library names the host it is about to reach. Must not know: which hosts matter.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.clients.activation import active
from llm_intercept.clients.driver import forwarding
from llm_intercept.clients.hook import is_mock, member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    Install = Callable[[Any, str, Callable[..., Any]], None]
    HostOf = Callable[..., str]

LIBRARIES = {
    "aiohttp": "aiohttp",
    "grpc": "grpc",
    "http.client": "http.client (urllib)",
    "httpcore": "httpcore",
    "httpcore2": "httpcore2",
    "urllib3": "urllib3 (requests)",
    "websockets.asyncio.client": "websockets",
    "websockets.sync.client": "websockets",
}


def loaded() -> tuple[str, ...]:
    """Name the watched libraries that are loaded, as users know them; http.client, which is always there, aside."""
    names = (name for module, name in LIBRARIES.items() if module in sys.modules and _is_a_users_own(module))
    return tuple(dict.fromkeys(names))


def watch(module: ModuleType, install: Install) -> None:
    """Put sentinels on a library's functions that open connections or send requests; a mock there opens none."""
    library = LIBRARIES[module.__name__]
    for holder, name, host_of in doors(module):
        found = member(holder, name)
        if not is_mock(found):
            install(holder, name, _guard(library, host_of, is_async=inspect.iscoroutinefunction(found)))


def _is_a_users_own(module: str) -> bool:
    return not module.startswith(("http.", "httpcore"))


def doors(module: ModuleType) -> Iterator[tuple[Any, str, HostOf]]:
    """Yield the functions of a library to watch, by holder and name, with what tells the host from their arguments."""
    match module.__name__:
        case "aiohttp":
            yield module.BaseConnector, "connect", _aiohttp_host
        case "grpc":
            for place in (module, getattr(module, "aio", None)):
                if place is not None:
                    yield place, "secure_channel", _grpc_host
                    yield place, "insecure_channel", _grpc_host
        case "http.client":
            yield module.HTTPConnection, "putrequest", _own_host
        case "urllib3":
            pool = sys.modules["urllib3.connectionpool"].HTTPConnectionPool
            yield pool, "urlopen", _own_host
        case "websockets.asyncio.client":
            yield module.connect, "__init__", _websocket_host
        case "websockets.sync.client":
            yield module, "connect", _websocket_url_host
        case _:
            yield module.ConnectionPool, "handle_request", _httpcore_host
            yield module.AsyncConnectionPool, "handle_async_request", _httpcore_host


def _aiohttp_host(_connector: Any, request: Any, *_: Any, **__: Any) -> str:
    host: str | None = request.url.host
    return host or ""


def _own_host(connection: Any, *_: Any, **__: Any) -> str:
    """The host behind a proxy, which http.client keeps under a private name, or the connection's own."""
    host: str = getattr(connection, "_tunnel_host", None) or connection.host
    return host


def _websocket_host(_: Any, uri: str, *__: Any, **___: Any) -> str:
    return urlsplit(uri).hostname or ""


def _websocket_url_host(uri: str, *_: Any, **__: Any) -> str:
    return urlsplit(uri).hostname or ""


def _grpc_host(target: str, *_: Any, **__: Any) -> str:
    return target.rpartition("/")[2].partition(":")[0]


def _httpcore_host(_pool: Any, request: Any) -> str:
    host: bytes = request.url.host
    return host.decode("ascii", "replace")


def _guard(library: str, host_of: HostOf, *, is_async: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _tell(library, host_of, args, kwargs)
            return original(*args, **kwargs)

        async def guarded_async(*args: Any, **kwargs: Any) -> Any:
            _tell(library, host_of, args, kwargs)
            return await original(*args, **kwargs)

        return guarded_async if is_async else guarded

    return make


def _tell(library: str, host_of: HostOf, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    handlers = () if forwarding.get() else active()
    if handlers:
        handlers[0].unseen(library, host_of(*args, **kwargs))
