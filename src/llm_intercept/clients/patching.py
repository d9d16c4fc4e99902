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

from llm_intercept.clients import sentinels
from llm_intercept.clients.activation import ClientTransport, active, attached, inheriting
from llm_intercept.clients.family import FAMILIES
from llm_intercept.clients.hook import Hook, innermost, is_hooked
from llm_intercept.clients.imports import ImportWatcher
from llm_intercept.clients.leaves import METHODS, is_leaf, is_own_transport, leaves, sender
from llm_intercept.clients.tls import creating
from llm_intercept.clients.transport import serve, serve_async

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Make = Callable[[Callable[..., Any]], Callable[..., Any]]
    Installer = Callable[[ModuleType, "HookSet"], None]


SET_COOKIE = "set-cookie"
"""What a library looks for in the headers of a response that may set cookies, if it looks before it copies them."""


class HookSet:
    """Hooks that are there as long as anybody needs them.

    Args:
        installers: For each module, what installs its hooks; a module that is imported later gets them then.

    """

    def __init__(self, installers: Mapping[str, Installer]) -> None:
        self._installers = installers
        self._lock = threading.RLock()
        self._owners = 0
        self._hooks: dict[Any, Hook] = {}
        self._watcher = ImportWatcher(frozenset(installers), self._install)

    def acquire(self) -> None:
        """Need the hooks; the first to do so installs them."""
        with self._lock:
            self._owners += 1
            if self._owners == 1:
                try:
                    self._watcher.install()
                    for name in filter(sys.modules.get, self._installers):
                        self._install(importlib.import_module(name))  # waits for a thread that is importing it
                except BaseException:
                    self._remove()
                    self._owners = 0
                    raise

    def release(self) -> None:
        """Need the hooks no longer; the last to do so removes them."""
        with self._lock:
            self._owners -= 1
            if self._owners == 0:
                self._remove()

    def add(self, value: Any, make: Make) -> None:
        """Install a hook on the function behind `value`, unless it has one."""
        function = innermost(value)
        with self._lock:
            if function is not None and self._owners and not is_hooked(function):
                hook = Hook(function, make)
                hook.install()
                self._hooks[function] = hook

    def _remove(self) -> None:
        self._watcher.remove()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks.clear()

    def _install(self, module: ModuleType) -> None:
        with self._lock:
            if self._owners:
                self._installers[module.__name__](module, self)


def _hook_family(module: ModuleType, hooks: HookSet) -> None:
    """Hook a family's transports, its clients' choice of one, where others are met, their cookies and TLS contexts."""
    hooks.add(module.HTTPTransport.handle_request, _serving)
    hooks.add(module.AsyncHTTPTransport.handle_async_request, _serving)
    hooks.add(module.Client._transport_for_url, _choosing)  # noqa: SLF001 - the one private name
    hooks.add(module.AsyncClient._transport_for_url, _choosing)  # noqa: SLF001
    hooks.add(module.create_ssl_context, creating)
    extract = innermost(module.Cookies.extract_cookies)
    if extract is not None and SET_COOKIE not in extract.__code__.co_consts:
        hooks.add(extract, _extracting)


def _extracting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a client does to find a response's cookies: nothing, if it sets none.

    httpx 0.28 copies all headers for it, which takes longer than all that is done here; httpx2 looks first.
    """

    def extract_cookies(cookies: Any, response: Any) -> None:
        headers = response.headers
        if SET_COOKIE in headers or "set-cookie2" in headers:
            original(cookies, response)

    return extract_cookies


def _serving(original: Callable[..., Any], *, sometimes: bool = False) -> Callable[..., Any]:
    """Make what a leaf transport's method does instead.

    Args:
        original: The method.
        sometimes: Whether another transport of the class may be no leaf, so that each is looked at.

    """

    def handle_request(*args: Any, **kwargs: Any) -> Any:
        forward = functools.partial(original, *args, **kwargs)
        handlers = () if sometimes and not is_leaf(args[0]) else active()
        return serve(args[1] if len(args) > 1 else kwargs["request"], handlers, forward)

    def handle_async_request(*args: Any, **kwargs: Any) -> Any:
        forward = functools.partial(original, *args, **kwargs)
        handlers = () if sometimes and not is_leaf(args[0]) else active()
        return serve_async(args[1] if len(args) > 1 else kwargs["request"], handlers, forward)

    is_async = inspect.iscoroutinefunction(original) or original.__name__ == METHODS[1]
    return handle_async_request if is_async else handle_request


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
    kind: Any = transport.__class__
    own = kind.__dict__
    if (is_hooked(own.get(METHODS[0])) or is_hooked(own.get(METHODS[1]))) and is_own_transport(kind):
        return
    for leaf in leaves(transport):
        for method in METHODS:
            own = is_own_transport(leaf.__class__)
            TRAFFIC.add(sender(leaf.__class__, method), _serving if own else _serving_leaves)


def _watch_library(module: ModuleType, hooks: HookSet) -> None:
    sentinels.watch(module, hooks.add)


def _hook_threads(module: ModuleType, hooks: HookSet) -> None:
    """Let threads inherit the context's activations from whoever starts them or gives them work."""
    if module.__name__ == "threading":
        hooks.add(module.Thread.start, _starting)
    else:
        hooks.add(module.ThreadPoolExecutor.submit, _submitting)


def _starting(original: Callable[..., Any]) -> Callable[..., Any]:
    def start(thread: threading.Thread) -> None:
        thread.run = inheriting(thread.run)  # type: ignore[method-assign]
        original(thread)

    return start


def _submitting(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(executor, inheriting(function), *args, **kwargs)

    return submit


TRAFFIC = HookSet({**dict.fromkeys(FAMILIES, _hook_family), **dict.fromkeys(sentinels.LIBRARIES, _watch_library)})
THREADS = HookSet({"threading": _hook_threads, "concurrent.futures.thread": _hook_threads})
