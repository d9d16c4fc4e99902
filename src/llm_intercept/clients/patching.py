"""The one place that patches: which functions of which libraries, when, and how they come back.

Knows: httpx's and httpx2's classes, with the one private name `Client._transport_for_url`, and what threads start
with. Must not know: any LLM.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any

from llm_intercept.clients import aiohttp_door, cassettes_beside, net, sentinels, urllib3_door, websockets_door
from llm_intercept.clients.activation import ClientTransport, active, attached, carrying, inheriting
from llm_intercept.clients.family import FAMILIES
from llm_intercept.clients.hook import Hook, innermost, is_hooked, is_mock, member
from llm_intercept.clients.imports import ImportWatcher
from llm_intercept.clients.leaves import METHODS, is_abstract_base, is_leaf, is_own_transport, leaves, sending_class
from llm_intercept.clients.mocks_beside import behind, is_theirs, mock_in
from llm_intercept.clients.serve import beside, beside_async, serve, serve_async
from llm_intercept.clients.tls import creating
from llm_intercept.errors import HookError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Make = Callable[[Callable[..., Any]], Callable[..., Any]]
    Installer = Callable[[ModuleType, "HookSet"], None]


class HookSet:
    """Hooks that are there as long as anybody needs them; modules that are imported later get theirs then."""

    def __init__(self, installers: Mapping[str, Installer]) -> None:
        self._installers = installers
        self._lock = threading.RLock()
        self._owners = 0
        self._complete = False
        self._hooks: dict[Any, Hook] = {}
        self._watcher = ImportWatcher(frozenset(installers), self._install)

    def acquire(self) -> None:
        """Need the hooks, and install what is missing; after a `HookError` nothing is needed."""
        with self._lock:
            self._owners += 1
            if self._owners == 1:
                self._watcher.install()
        try:
            if not self._complete:
                self._install_loaded()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Need the hooks no longer; the last to do so removes them."""
        with self._lock:
            self._owners -= 1
            if self._owners == 0:
                self._remove()

    def add(self, holder: Any, name: str, make: Make) -> None:
        """Install a hook on the function that `holder` has under `name`, unless it has one; or raise `HookError`."""
        found = member(holder, name)
        function = innermost(behind(found))
        if function is None:
            raise HookError(f"{holder.__module__}.{holder.__qualname__}.{name}", found)
        with self._lock:
            if self._owners and not is_hooked(function):
                hook = Hook(function, make)
                hook.install()
                self._hooks[function] = hook

    def _install_loaded(self) -> None:
        """Install the hooks of what is imported, waiting for threads that are importing it.

        Without the lock, which such a thread waits for when it has done so.
        """
        for name in filter(sys.modules.get, self._installers):
            self._install(importlib.import_module(name))
        with self._lock:
            self._complete = self._owners > 0

    def _install(self, module: ModuleType) -> None:
        with self._lock:
            if self._owners:
                self._installers[module.__name__](module, self)

    def _remove(self) -> None:
        self._watcher.remove()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks.clear()
        self._complete = False


def _hook_family(module: ModuleType, hooks: HookSet) -> None:
    """Hook a family's transports, its clients' choice of one, where others are met, and its TLS contexts."""
    hooks.add(module.HTTPTransport, METHODS[0], _serving)
    hooks.add(module.AsyncHTTPTransport, METHODS[1], _serving)
    hooks.add(module.Client, "_transport_for_url", _choosing)
    hooks.add(module.AsyncClient, "_transport_for_url", _choosing)
    if innermost(module.create_ssl_context) is not None:  # for speed alone, so anybody's own may stay
        hooks.add(module, "create_ssl_context", creating)


def _serving(original: Callable[..., Any], *, sometimes: bool = False) -> Callable[..., Any]:
    """Make what a leaf transport's method does instead; `sometimes` another transport of its class may be no leaf."""
    is_async = inspect.iscoroutinefunction(original) or original.__name__ == METHODS[1]
    answer, hand_over = (serve_async, beside_async) if is_async else (serve, beside)
    httpx_mock = mock_in(original)

    def handle_request(*args: Any, **kwargs: Any) -> Any:
        forward = functools.partial(original, *args, **kwargs)
        transport, request = args[0], args[1] if len(args) > 1 else kwargs["request"]
        handlers = () if sometimes and not is_leaf(transport) else active()
        if handlers and is_theirs(request, transport, httpx_mock):
            return hand_over(request, handlers, forward)
        return answer(request, handlers, forward)

    return handle_request


_serving_leaves = functools.partial(_serving, sometimes=True)


def _choosing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a client's choice of a transport does instead: it sees to it that the leaves are hooked."""

    def transport_for_url(client: Any, *args: Any, **kwargs: Any) -> Any:
        transport = original(client, *args, **kwargs)
        _hook_leaves(transport)
        handlers = attached(client)
        return ClientTransport(transport, handlers) if handlers else transport

    return transport_for_url


def _hook_leaves(transport: Any) -> None:
    """Hook the classes of a transport's leaves: another tool's undoing may have brought back functions without one."""
    kind: type = transport.__class__
    own = vars(kind)
    if (is_hooked(own.get(METHODS[0])) or is_hooked(own.get(METHODS[1]))) and is_own_transport(kind):
        return
    for leaf in leaves(transport):
        _hook_methods(leaf.__class__, sending_class(leaf.__class__))


def _hook_methods(kind: type, sending: type | None) -> None:
    """Hook what sends for the transports of a class: the methods of the class that it inherits its sending from."""
    for method in METHODS:
        holder = next((one for one in (sending or kind).__mro__ if method in vars(one)), None)
        found = None if holder is None else vars(holder)[method]
        if holder is None or is_hooked(found) or is_abstract_base(holder) or is_mock(found):
            continue
        TRAFFIC.add(holder, method, _serving_leaves if sending is None else _serving)


def _watch_library(module: ModuleType, hooks: HookSet) -> None:
    sentinels.watch(module, hooks.add)


def _hook_by(door: Any) -> Installer:
    """Hook a module as its door says."""
    return lambda module, hooks: door.hook(module, hooks.add)


def _cast_net(_: ModuleType, __: HookSet) -> None:
    """See to it that the net is there, at once: `os` always is."""
    net.install()


def _hook_look_ups(module: ModuleType, hooks: HookSet) -> None:
    """Note which addresses a name has; where somebody has look-ups of their own in place, these may stay unnoted."""
    if innermost(module.getaddrinfo) is not None:
        hooks.add(module, "getaddrinfo", net.remembering)


def _hook_pools(module: ModuleType, hooks: HookSet) -> None:
    """Let work that is given to a pool's threads carry its giver's activations."""
    hooks.add(module.ThreadPoolExecutor, "submit", _submitting)


def _hook_threads(module: ModuleType, hooks: HookSet) -> None:
    """Let threads inherit the context's activations from whoever starts them or gives them work."""
    if module.__name__ == "threading":
        hooks.add(module.Thread, "start", _starting)
    else:
        for name in POOL_METHODS:
            hooks.add(module.Pool, name, functools.partial(_giving, module.ThreadPool))


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(thread: threading.Thread) -> None:
        thread.run = inheriting(thread.run)  # type: ignore[method-assign]
        original(thread)

    return start


def _submitting(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(executor, carrying(function), *args, **kwargs)

    return submit


def _giving(threads: type, original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a pool of multiprocessing does with work instead: one of `threads` keeps whose work it is."""

    def give(pool: Any, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return original(pool, inheriting(func) if isinstance(pool, threads) else func, *args, **kwargs)

    return give


POOL_METHODS = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")
"""The ways to give work to a pool; `apply` is one of these inside."""
DOORS = (aiohttp_door, cassettes_beside, urllib3_door, websockets_door)
"""The doors of libraries that have none of httpx's class names."""
TRAFFIC = HookSet(
    {
        **dict.fromkeys(FAMILIES, _hook_family),
        **dict.fromkeys(sentinels.LIBRARIES, _watch_library),
        **{name: _hook_by(door) for door in DOORS for name in door.MODULES},
        "os": _cast_net,
        "socket": _hook_look_ups,
        "concurrent.futures.thread": _hook_pools,
    }
)
THREADS = HookSet(dict.fromkeys(("threading", "multiprocessing.pool"), _hook_threads))
