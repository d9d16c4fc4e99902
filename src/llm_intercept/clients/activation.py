"""Who answers a request: the handlers that are active here and now, the innermost first.

Knows: processes, contexts (PEP 567) and clients. Must not know: what a handler does with a request.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from llm_intercept.model.wire import Contact, Exchange, SocketForm, WireRequest


class Handler(Protocol):
    """What answers requests, by itself or, when it is one of those around, with its engine."""

    def exchange(self, request: WireRequest, outer: Sequence[Any], /) -> Exchange | None:
        """Begin an exchange, or let the request go its way (None); `outer` are the handlers around it."""
        ...

    def socket(self, request: WireRequest, outer: Sequence[Any], /) -> SocketForm | None:
        """Say how a WebSocket is spoken whose messages make requests with this head; None if it is not answered."""
        ...

    def engine(self) -> Any:
        """Return what an inner handler's exchange asks of this one; not made before somebody needs it."""
        ...

    def unseen(self, contact: Contact, outer: Sequence[Any], /) -> None:
        """Be told of what it cannot answer and is about to reach the network; raise to stop it."""
        ...


@dataclass(eq=False, slots=True)
class Activation:
    """One handler's being active.

    Attributes:
        handler: What answers.
        scope: For whom.
        order: The newest has the highest.
        is_environment: Whether the environment of the process has made it so, and no block.
        is_strict: Whether what the environment says does not hold while it is active.
        live: Ends it everywhere at once, also where a context still holds it.

    """

    handler: Handler
    scope: Literal["process", "context"]
    order: int
    is_environment: bool = False
    is_strict: bool = False
    live: bool = True


@dataclass(slots=True)
class _Way:
    """A request's way to the network, for which an exchange asked: it is not intercepted again.

    Attributes:
        host: Where it leads; what is asked of another host meanwhile is another request.
        is_open: Whether it is still on its way; a task that it began may live longer.

    """

    host: str
    is_open: bool = True


_order = itertools.count()
_lock = threading.Lock()
_process: tuple[Activation, ...] = ()
_handlers: tuple[Handler, ...] = ()
"""Those of the process, ready for each request."""
_context: ContextVar[tuple[Activation, ...]] = ContextVar("llm_intercept_context", default=())
_client: ContextVar[tuple[Handler, ...]] = ContextVar("llm_intercept_client", default=())
_way: ContextVar[_Way | None] = ContextVar("llm_intercept_way", default=None)
_attached: WeakKeyDictionary[Any, tuple[Handler, ...]] = WeakKeyDictionary()


def activate(
    handler: Handler, scope: Literal["process", "context"], *, is_environment: bool = False, is_strict: bool = False
) -> Activation:
    """Make `handler` the innermost one, for the process or for this context and what it starts; see `Activation`."""
    activation = Activation(handler, scope, next(_order), is_environment, is_strict)
    if scope == "context":
        _context.set((activation, *(one for one in _context.get() if one.live)))
    else:
        with _lock:
            _set((activation, *_process))
    return activation


def deactivate(activation: Activation) -> None:
    """End an activation, whichever order and context it is ended in."""
    activation.live = False
    if activation.scope == "context":
        _context.set(tuple(one for one in _context.get() if one is not activation))
    with _lock:
        _set(tuple(one for one in _process if one is not activation))


def _set(process: tuple[Activation, ...]) -> None:
    global _process, _handlers
    _process, _handlers = process, tuple(one.handler for one in _asked(process))


def _asked(activations: Sequence[Activation]) -> Sequence[Activation]:
    """Return those that are asked: without the environment's, where one is strict."""
    if any(one.is_strict for one in activations):
        return [one for one in activations if not one.is_environment]
    return activations


def is_here(activation: Activation) -> bool:
    """Whether it answers for requests made here and now."""
    return activation.live and (activation.scope == "process" or activation in _context.get())


def active() -> tuple[Handler, ...]:
    """The handlers for a request made here and now: those of its client, then the others, the newest first."""
    inherited = _context.get()
    if not inherited:
        return (*_client.get(), *_handlers)
    both = sorted((*inherited, *_process), key=lambda one: one.order, reverse=True)
    return (*_client.get(), *(one.handler for one in _asked([one for one in both if one.live])))


def attach(client: Any, handler: Handler) -> None:
    """Let `handler` answer for one client."""
    with _lock:
        _attached[client] = (handler, *_attached.get(client, ()))


def detach(client: Any, handler: Handler) -> bool:
    """Undo `attach`; whether there was anything to undo."""
    with _lock:
        handlers = _attached.get(client, ())
        left = tuple(one for one in handlers if one is not handler)
        _attached[client] = left
        if not left:
            del _attached[client]
        return len(left) < len(handlers)


def attached(client: Any) -> tuple[Handler, ...]:
    """The handlers that answer for one client alone."""
    return _attached.get(client, ()) if _attached else ()


@contextmanager
def for_client(client: Any) -> Generator[None]:
    """While something is begun for one client: its handlers are asked by what comes of it, too."""
    token = _client.set(() if client is None else attached(client))
    try:
        yield
    finally:
        _client.reset(token)


@contextmanager
def outside_clients() -> Generator[None]:
    """While a user's function is asked: the requests it makes itself are not those of the client it answers for."""
    token = _client.set(())
    try:
        yield
    finally:
        _client.reset(token)


@contextmanager
def on_its_way(host: str) -> Generator[None]:
    """While a request is sent on to a host, because an exchange asked for it."""
    way = _Way(_plain(host))
    token = _way.set(way)
    try:
        yield
    finally:
        way.is_open = False
        _way.reset(token)


def is_sent_on(host: str | None = None) -> bool:
    """Whether what is asked of a host here and now is the request that is sent on; of any host, if None is given."""
    way = _way.get()
    return way is not None and way.is_open and (host is None or way.host == _plain(host))


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")


class ClientTransport:
    """Stands before an attached client's transport and says, while a request passes, whose it is."""

    def __init__(self, transport: Any, handlers: tuple[Handler, ...]) -> None:
        self._transport, self._handlers = transport, handlers

    def handle_request(self, request: Any) -> Any:
        token = _client.set(self._handlers)
        try:
            return self._transport.handle_request(request)
        finally:
            _client.reset(token)

    async def handle_async_request(self, request: Any) -> Any:
        token = _client.set(self._handlers)
        try:
            return await self._transport.handle_async_request(request)
        finally:
            _client.reset(token)


def inheriting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` bound to this context's activations, to be run in a thread that may have had others."""
    inherited = _context.get()

    def run(*args: Any, **kwargs: Any) -> Any:
        token = _context.set(inherited)
        try:
            return function(*args, **kwargs)
        finally:
            _context.reset(token)

    return run


def carrying(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` as `inheriting` does, bound also to whether this context sends a request on.

    The name of the host that a request is sent on to is looked up in a pool's thread, by asyncio.
    """
    run, way = inheriting(function), _way.get()

    def carried(*args: Any, **kwargs: Any) -> Any:
        token = _way.set(way)
        try:
            return run(*args, **kwargs)
        finally:
            _way.reset(token)

    return carried
