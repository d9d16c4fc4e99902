"""Which requests respx or pytest-httpx answers itself: those that a route of theirs matches, whatever host they go to.

Knows: respx's routes and pytest-httpx's matchers, of requests of httpx alone. Must not know: any LLM. Imports neither.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from llm_intercept.model.wire import WireRequest

_handed: ContextVar[tuple[str, str, str] | None] = ContextVar("llm_intercept_handed", default=None)
"""Method, host and path of the request that the other mock has been given."""


class PassedOn(Exception):  # noqa: N818 - it is none: the other mock's function has returned the request
    """What the other mock was given it does not answer but sends on."""


def mock_in(function: Callable[..., Any]) -> Any:
    """Return pytest-httpx's mock and options, for which a function stands in for a transport's; None for others."""
    found = {type(value).__name__: value for value in _closed_over(function)}
    mock, options = found.get("HTTPXMock"), found.get("_HTTPXMockOptions")
    return None if mock is None or options is None else (mock, options)


def is_theirs(request: Any, transport: Any, httpx_mock: Any) -> bool:
    """Whether a route of respx's that is active, or one of pytest-httpx's mock, matches a request on its way."""
    if httpx_mock is not None:
        mock, options = httpx_mock
        matched = any(matcher.match(transport, request) for matcher, _ in mock._callbacks)  # noqa: SLF001 - it has no other way
        return matched and bool(options.should_mock(request))
    respx = sys.modules.get("respx.mocks")
    if respx is None or type(request).__module__.partition(".")[0] != "httpx":
        return False
    first = [_first(router, request) for router in respx.HTTPCoreMocker.routers]
    found = [route for route in first if route is not None]
    return bool(found) and not any(route.is_pass_through for route in found)


@contextmanager
def handed_over(request: Any) -> Generator[None]:
    """Let the other mock have a request; the network is not what answers it: see `raise_if_passed_on`."""
    token = _handed.set((request.method, request.url.host, request.url.path))
    try:
        yield
    finally:
        _handed.reset(token)


def raise_if_passed_on(head: WireRequest) -> None:
    """Raise `PassedOn` where what is about to be sent is the request that the other mock was given."""
    if (head.method, head.host, head.path) == _handed.get():
        raise PassedOn


def behind(value: Any) -> Any:
    """Return the function for which one of respx's stands in while it is active, or `value` if it is none of these."""
    while getattr(value, "__module__", "") == "respx.mocks" and "spec" in value.__code__.co_freevars:
        value = value.__closure__[value.__code__.co_freevars.index("spec")].cell_contents
    return value


def _first(router: Any, request: Any) -> Any:
    """Find the route that a router would take; None if it has none for the request."""
    return next((route for route in router.routes if _matches(route, request)), None)


def _matches(route: Any, request: Any) -> bool:
    """Whether a route is for a request; what it has to give is not asked for, since that would use it up."""
    try:
        return not route.pattern or bool(route.pattern.match(request))
    except RuntimeError:  # it looks at a body that is not there yet
        return False


def _closed_over(function: Any) -> list[Any]:
    """Return what a function closes over."""
    values: list[Any] = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # it is empty
            continue
    return values
