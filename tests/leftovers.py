"""What a test may leave to the next one in its process, and must not: a test passes in every order of tests, or in none.

Knows: what a process has once. Must not know: what is tested.
"""

from __future__ import annotations

import asyncio
import gc
import locale
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import thread as pools
from types import ModuleType
from typing import Any

from tests.amounts import PATIENCE

SIGNALS = [one for one in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGCHLD") if hasattr(signal, one)]
CURRENT = os.environ.encodekey("PYTEST_CURRENT_TEST")  # type: ignore[attr-defined]
"""What pytest itself says, of each test another."""
WATCHED = (
    "http", "httpcore", "httpx", "httpx2", "llm_intercept", "os", "random", "signal", "socket", "ssl", "subprocess",
    "threading", "time", "uuid",
)  # fmt: skip
"""The packages that tests patch: what their modules and classes hold is the same when all tests are over.

Not those that put late what they need in the place of what they had, as urllib3 does.
"""
STAYS = {"llm_intercept._startup._started", "llm_intercept._startup._joined", "llm_intercept.clients.net._installed"}
"""What of ours is done once in a process and stays."""


def process() -> dict[str, Any]:
    """Look at what the process has once and anybody may change; cheap enough for every test."""
    return {
        "environment": {**os.environ._data, CURRENT: None},  # type: ignore[attr-defined]
        "folder": os.getcwd(),  # noqa: PTH109 - it is asked before and after every test
        "paths": [list(sys.path), list(sys.meta_path), list(sys.path_hooks)],
        "signals": {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS},
        "hooks": [sys.excepthook, sys.displayhook, sys.gettrace()],  # some of the others are pytest's own
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), socket.getdefaulttimeout(), gc.isenabled()],
        "locale": locale.setlocale(locale.LC_ALL),
        "loop": asyncio._get_running_loop(),
    }


def left(before: dict[str, Any]) -> list[str]:
    """Say what is other than it was; of the environment, which may hold secrets, the names."""
    after = process()
    was, now = before.pop("environment"), after.pop("environment")
    names = [name for name in {*was, *now} if was.get(name) != now.get(name)]
    others = [f"{name}: {after[name]}, and was {value}" for name, value in before.items() if after[name] != value]
    return [*(f"environment: {name!r}" for name in names), *others]


def threads() -> set[threading.Thread]:
    """List the threads that a process waits for at its end, but a pool's: those end when nobody has the pool any more."""
    return {one for one in threading.enumerate() if not one.daemon} - set(pools._threads_queues)  # type: ignore[attr-defined]


def new_threads(before: set[threading.Thread]) -> set[threading.Thread]:
    """List the threads that were not there before and do not end; one that is about to may take its time."""
    end = time.monotonic() + PATIENCE
    for one in threads() - before:
        one.join(max(0.0, end - time.monotonic()))
    return threads() - before


class Modules:
    """What the watched modules, and the classes that they define, held when they were first seen."""

    def __init__(self) -> None:
        self._loaded: dict[str, ModuleType] = {}
        self._held: dict[str, tuple[Any, dict[str, Any]]] = {}

    def see(self) -> None:
        """Look at what was imported since the last time."""
        for name, module in list(sys.modules.items()):
            if name not in self._loaded:
                self._loaded[name] = module
                if name.partition(".")[0] in WATCHED:
                    self._note(name, module)

    def _note(self, name: str, module: ModuleType) -> None:
        self._held[name] = (module, dict(vars(module)))
        for one in list(vars(module).values()):
            if isinstance(one, type) and one.__module__ == name:
                self._held[f"{name}.{one.__qualname__}"] = (one, dict(vars(one)))

    def replaced(self) -> list[str]:
        """Name the modules that are others now, or gone: who has the first cannot catch errors of the second."""
        return [name for name, module in self._loaded.items() if sys.modules.get(name) is not module]

    def changed(self) -> list[str]:
        """Name what holds another function, class or module than it did, and of ours any other value.

        What is new is not looked at: libraries load and remember some things late.
        """
        return [
            f"{name}.{key}"
            for name, (holder, values) in self._held.items()
            for key, value in values.items()
            if vars(holder).get(key) is not value and _is_patched(f"{name}.{key}", value)
        ]


def _is_patched(name: str, value: object) -> bool:
    return name not in STAYS and (name.startswith("llm_intercept.") or callable(value) or isinstance(value, ModuleType))
