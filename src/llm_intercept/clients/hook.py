"""Replaces what a function does without replacing the function.

Only the function's `__code__` is exchanged, so the attribute that holds the function is the same object before,
during and after. Another tool may save it, replace it or put it back at any time, in any order, and neither of the
two undoes the other (docs/architecture.md, "Hooks"). Tracers do the same for the same reason: ddtrace's
`internal/wrapping` exchanges `__code__` and keeps the old code in a function of its own.

Knows: Python functions. Must not know: whose.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "<llm-intercept hook {}>"
PLACEHOLDER = "llm_intercept hook"


class Hook:
    """What stands in for one function while it is installed.

    Args:
        function: The function to stand in for.
        make: Gets a function that does what `function` did, and returns what is to be done instead. Both take
            `function`'s arguments; both return an awaitable if `function` is a coroutine function.

    """

    def __init__(self, function: FunctionType, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        self._function = function
        self._found = function.__code__
        original = FunctionType(
            self._found, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        original.__kwdefaults__ = function.__kwdefaults__
        self._signature: inspect.Signature | None = None
        self._stand_in = _stand_in(self._found, make(original), is_async=inspect.iscoroutinefunction(function))

    def install(self) -> None:
        """Make the function do what the hook does, and show the parameters it had to `inspect`."""
        if "__signature__" not in self._function.__dict__:
            self._function.__dict__["__signature__"] = self._signature = _signature(self._function)
        self._function.__code__ = self._stand_in

    def remove(self) -> None:
        """Give the function its own code back."""
        if self._signature is not None and self._function.__dict__.get("__signature__") is self._signature:
            del self._function.__dict__["__signature__"]
        if self._function.__code__ is self._stand_in:
            self._function.__code__ = self._found


def is_hooked(function: object) -> bool:
    """Whether a hook is installed on `function`."""
    return isinstance(function, FunctionType) and function.__code__.co_filename in _sources


def member(holder: Any, name: str) -> Any:
    """Return what stands under `name` in a module or class; reading an attribute might make another each time."""
    places: tuple[Any, ...] = getattr(holder, "__mro__", (holder,))
    found: list[Any] = [vars(place)[name] for place in places if name in vars(place)]
    return found[0] if found else None


def innermost(value: object) -> FunctionType | None:
    """Follow `__wrapped__` and method objects to the plain Python function that does the work, if there is one."""
    seen: set[int] = set()
    while id(value) not in seen:
        seen.add(id(value))
        value = getattr(value, "__func__", value)
        value = getattr(value, "__wrapped__", value)
    return value if isinstance(value, FunctionType) else None


def is_mock(value: object) -> bool:
    """Whether `value` is a `unittest.mock` object, which answers by itself."""
    # Half imported it has none yet: it imports asyncio, and we look at that.
    return isinstance(value, getattr(sys.modules.get("unittest.mock"), "NonCallableMock", ()))


_signatures: WeakKeyDictionary[FunctionType, inspect.Signature] = WeakKeyDictionary()
_sources: set[str] = set()
"""The file names that the code of hooks has."""


def _signature(function: FunctionType) -> inspect.Signature:
    """Read a function's parameters, which are read once: every block hooks the same functions."""
    if function not in _signatures:
        _signatures[function] = inspect.signature(function)
    return _signatures[function]


def _stand_in(code: CodeType, replacement: Callable[..., Any], *, is_async: bool) -> CodeType:
    """Make code that calls `replacement` and has as many free variables as `code`: Python asks for that."""
    made = _template(len(code.co_freevars), is_async=is_async)
    constants = tuple(replacement if constant == PLACEHOLDER else constant for constant in made.co_consts)
    return made.replace(co_consts=constants, co_name=code.co_name, co_qualname=code.co_qualname)


@lru_cache(maxsize=64)
def _template(free_variables: int, *, is_async: bool) -> CodeType:
    names = [f"free_{number}" for number in range(free_variables)]
    source = (
        f"def make({', '.join(names)}):\n"
        f"    {'async ' if is_async else ''}def stand_in(*args, **kwargs):\n"
        f"        if 0: {', '.join(names) or 'pass'}\n"
        f"        hook = {PLACEHOLDER!r}\n"
        f"        return {'await ' if is_async else ''}hook(*args, **kwargs)\n"
        "    return stand_in\n"
    )
    file = FILE.format(f"{'async ' if is_async else ''}{free_variables}")
    _sources.add(file)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # what tracebacks show
    namespace: dict[str, Any] = {}
    exec(compile(source, file, "exec"), namespace)  # noqa: S102 - the source is the lines above
    code: CodeType = namespace["make"](*names).__code__
    return code
