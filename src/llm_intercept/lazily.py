"""Modules and functions that are loaded when they are first used.

Knows: imports. Must not know: which modules are worth it.

Where a module is lazy, type checkers and import-linter are shown the plain import under `TYPE_CHECKING`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class LazyModule(ModuleType):
    """Stands for a module until something of it is asked for, and keeps what was."""

    def __getattr__(self, name: str) -> Any:
        """Load the module and give what it has under `name`."""
        if name.startswith("__"):  # asked by tools that look through a namespace
            raise AttributeError(f"module {self.__name__!r} is not loaded, so its {name} is not known")
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


def lazy_module(name: str) -> Any:
    """Return what stands for the module `name`."""
    return LazyModule(name)


def lazy_function(module: str, name: str) -> Callable[..., Any]:
    """Return a function that calls the function or class `name` of the module `module`."""
    home = LazyModule(module)

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(home, name)(*args, **kwargs)

    return call
