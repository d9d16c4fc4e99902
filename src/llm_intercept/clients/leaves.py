"""Finds the transport that would really send a request, inside the ones that were put around it.

Knows: how transports hold each other, and the transports of libraries by name. Must not know: what is done with what
it finds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.clients.family import loaded
from llm_intercept.clients.serve import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

METHODS = ("handle_request", "handle_async_request")
IN_PROCESS = ("MockTransport", "ASGITransport", "WSGITransport")
# Test clients' own transports, which no base class tells from a real one: module and class name.
TEST_CLIENTS = frozenset(
    {
        ("starlette.testclient", "_TestClientTransport"),
        ("litestar.testing.transport", "TestClientTransport"),
    }
)
# Transports that send by aiohttp, which is answered too, so that a subclass may be left to itself.
ON_AIOHTTP = frozenset(
    {
        ("httpx_aiohttp.transport", "AiohttpTransport"),
        ("httpx_aiohttp.httpx2.transport", "AiohttpTransport"),
        ("openai._vendor.httpx_aiohttp.transport", "AiohttpTransport"),
        ("anthropic._vendor.httpx_aiohttp.transport", "AiohttpTransport"),
    }
)


def leaves(transport: Any) -> Iterator[Any]:
    """Yield the innermost transports of `transport`: itself, if it holds no other."""
    return _leaves(transport, (), set())


def _leaves(transport: Any, around: tuple[Any, ...], seen: set[int]) -> Iterator[Any]:
    """Walk inwards; a reference back to a transport that is `around` this one does not count as holding it."""
    if id(transport) in seen:
        return
    seen.add(id(transport))
    path = (*around, transport)
    inner = [one for one in _held(transport) if not any(one is outer for outer in path)]
    for one in inner:
        yield from _leaves(one, path, seen)
    if not inner and not is_in_process(transport):
        yield transport


def is_mocked(client: Any) -> bool:
    """Whether every transport that a client holds answers by itself, so that nothing of the client's is seen here."""
    held = list(_held(client))
    return bool(held) and not any(True for one in held for _ in leaves(one))


def is_leaf(transport: Any) -> bool:
    """Whether a transport is the innermost one: all it holds, if anything, are transports around it."""
    return not is_in_process(transport) and all(_reaches(one, transport, set()) for one in _held(transport))


def _reaches(outer: Any, transport: Any, seen: set[int]) -> bool:
    """Whether `outer` holds `transport`, at whatever depth."""
    if outer is transport:
        return True
    seen.add(id(outer))
    return any(_reaches(one, transport, seen) for one in _held(outer) if id(one) not in seen)


@lru_cache(maxsize=256)
def is_own_transport(kind: type) -> bool:
    """Whether a class is one of a family's own, which is always a leaf and holds no other transport."""
    return any(kind is module.HTTPTransport or kind is module.AsyncHTTPTransport for module in loaded())


def sending_class(kind: type) -> type | None:
    """Find the class that `kind` inherits its sending from; None if it sends by means of its own.

    What a subclass overrides is its own affair: it hands on, by whatever means, or it sends by itself through a library
    that is answered or watched.
    """
    return next((one for one in kind.__mro__ if is_own_transport(one) or _name(one) in ON_AIOHTTP), None)


def is_in_process(transport: Any) -> bool:
    """Whether a transport answers by itself: somebody's own mock or app, which is never touched."""
    if isinstance(transport, InProcess):
        return True
    kinds = [getattr(module, name) for module in loaded() for name in IN_PROCESS if hasattr(module, name)]
    return isinstance(transport, tuple(kinds)) or any(_name(kind) in TEST_CLIENTS for kind in type(transport).__mro__)


def is_abstract_base(kind: type) -> bool:
    """Whether a class is a family's empty base class."""
    return any(kind in (module.BaseTransport, module.AsyncBaseTransport) for module in loaded())


def _name(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def _held(transport: Any) -> Iterator[Any]:
    """Yield the transports that a transport holds.

    In an attribute, as those of httpx-retries, hishel, pydantic-ai and opentelemetry do, or one of several in a
    container, as routers do. A wrapper that hides its transport deeper is taken for a leaf, and answered itself.
    """
    for value in getattr(transport, "__dict__", {}).values():
        yield from (one for one in _contained(value) if _is_transport(one))


def _contained(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value).values()
    return cast("Iterable[Any]", value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _is_transport(value: Any) -> bool:
    """Whether clients would take `value` for a transport: anything with a transport's method, but a pool."""
    kind: Any = value.__class__
    has_method = any(callable(getattr(kind, method, None)) for method in METHODS)
    return has_method and not any(one.__module__.startswith("httpcore") for one in kind.__mro__)
