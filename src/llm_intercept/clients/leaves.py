"""Finds the transport that would really send a request, inside the ones that were put around it.

Knows: how transports hold each other and inherit. Must not know: what is done with what it finds.
"""

from __future__ import annotations

import functools
import inspect
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from llm_intercept.clients.family import loaded
from llm_intercept.clients.hook import innermost
from llm_intercept.clients.transport import InProcess

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


def is_leaf(transport: Any) -> bool:
    """Tell whether a transport is the innermost one: all it holds, if anything, are transports around it."""
    return not is_in_process(transport) and all(_reaches(one, transport, set()) for one in _held(transport))


def _reaches(outer: Any, transport: Any, seen: set[int]) -> bool:
    """Tell whether `outer` holds `transport`, at whatever depth."""
    if outer is transport:
        return True
    seen.add(id(outer))
    return any(_reaches(one, transport, seen) for one in _held(outer) if id(one) not in seen)


def is_own_transport(kind: type) -> bool:
    """Tell whether a class, or the one it inherits its sending from, is a family's own, which is always a leaf."""
    if kind in _own:
        return True
    own = [transport for module in loaded() for transport in (module.HTTPTransport, module.AsyncHTTPTransport)]
    if any(parent is one for parent in kind.__mro__ for one in own):
        _own.add(kind)
        return True
    return False


_own: WeakSet[type] = WeakSet()


def is_in_process(transport: Any) -> bool:
    """Tell whether a transport answers by itself: somebody's own mock or app, which is never touched."""
    if isinstance(transport, InProcess):
        return True
    kinds = [getattr(module, name) for module in loaded() for name in IN_PROCESS if hasattr(module, name)]
    names = {(kind.__module__, kind.__qualname__) for kind in type(transport).__mro__}
    return isinstance(transport, tuple(kinds)) or not names.isdisjoint(TEST_CLIENTS)


def sender(kind: type, method: str) -> FunctionType | None:
    """Find the function of class `kind` that does the sending.

    That is the method itself, or where it hands on to the method it overrides, that one: a retrying subclass of
    `HTTPTransport` keeps retrying. None if the class only inherits a family's empty base method.
    """
    found: FunctionType | None = None
    for parent in kind.__mro__:
        value = parent.__dict__.get(method)
        if value is None or _is_abstract_base(parent):
            continue
        function = innermost(value)
        found = function or found
        if function is None or not _hands_on(parent, method):
            break
    return found


def _held(transport: Any) -> Iterator[Any]:
    for value in _attributes(transport):
        yield from (one for one in _reachable(value) if _is_transport(one))


def _attributes(transport: Any) -> Iterator[Any]:
    yield from getattr(transport, "__dict__", {}).values()
    for kind in type(transport).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            mangled = f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            yield getattr(transport, mangled, None)


def _reachable(value: Any) -> Iterable[Any]:
    """Look through containers and functions, one level deep."""
    match value:
        case dict():
            return [value, *value.values()]
        case list() | tuple() | set() | frozenset():
            return [value, *value]
        case functools.partial():
            return [value.func, getattr(value.func, "__self__", None), *value.args, *value.keywords.values()]
        case MethodType():
            return [value.__self__]
        case FunctionType():
            return [cell.cell_contents for cell in value.__closure__ or () if _is_set(cell)]
        case _:
            return [value]


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading it is the question
    except ValueError:
        return False
    return True


def _is_transport(value: Any) -> bool:
    """Tell whether clients would take `value` for a transport: anything with a transport's method, but a pool."""
    kind: Any = value.__class__
    has_method = any(callable(getattr(kind, method, None)) for method in METHODS)
    return has_method and not kind.__module__.startswith("httpcore")


def _is_abstract_base(kind: type) -> bool:
    return any(kind in (module.BaseTransport, module.AsyncBaseTransport) for module in loaded())


def _hands_on(kind: type, method: str) -> bool:
    """Tell whether a class's own code calls the method it overrides: by `super()` or by a base, whatever its name."""
    functions = (innermost(value) for value in kind.__dict__.values() if not inspect.isclass(value))
    return any(_calls_base(function, kind, method) for function in functions if function is not None)


def _calls_base(function: FunctionType, kind: type, method: str) -> bool:
    used = set(_names(function.__code__))
    named = [function.__globals__.get(name) for name in used]
    named += [cell.cell_contents for cell in function.__closure__ or () if _is_set(cell)]
    bases = kind.__mro__[1:-1]
    by_name = {"super", *(base.__name__ for base in bases)} & used
    return method in used and bool(by_name or any(one is base for one in named for base in bases))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
