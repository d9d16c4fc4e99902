"""A hook changes what a function does and nothing else about it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.clients.hook import Hook, innermost, is_hooked
from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable


def no_arguments() -> str:
    return "plain"


def defaults(a: int, b: int = 2, *rest: int, c: int, d: int = 4, **more: int) -> tuple[Any, ...]:
    return a, b, rest, c, d, more


def keyword_only(*, c: int = 3) -> int:
    return c


def closure(factor: int = 3) -> Callable[..., Any]:
    offset = 1

    def inner(value: int, *, extra: int = 0) -> int:
        return value * factor + offset + extra

    return inner


def unset_cell() -> Callable[[], str]:
    def inner() -> str:
        return later

    later = "set"
    return inner


class Base:
    def hello(self, name: str = "you") -> str:
        return f"hello {name}"


class Derived(Base):
    def hello(self, name: str = "you") -> str:
        return super().hello(name) + "!"


def wrapping(log: list[Any]) -> Callable[..., Any]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*args: Any, **kwargs: Any) -> Any:
            log.append((args, kwargs))
            return original(*args, **kwargs)

        return instead

    return make


FUNCTIONS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, int]]] = [
    (no_arguments, (), {}),
    (defaults, (1,), {"c": 3}),
    (defaults, (1, 5, 6, 7), {"c": 8, "d": 9, "e": 10}),
    (keyword_only, (), {}),
    (keyword_only, (), {"c": 9}),
    (closure(), (5,), {}),
    (closure(7), (5,), {"extra": 2}),
    (unset_cell(), (), {}),
    (Derived.hello, (Derived(),), {}),
]


@pytest.mark.parametrize(("function", "args", "kwargs"), FUNCTIONS, ids=lambda f: getattr(f, "__qualname__", None))
def test_the_original_given_to_the_hook_does_what_the_function_did(function, args, kwargs):
    """Arguments, defaults, keyword-only defaults and closures reach the original."""
    log: list[Any] = []
    before = function(*args, **kwargs)
    hook = Hook(function, wrapping(log))
    hook.install()
    try:
        assert function(*args, **kwargs) == before
    finally:
        hook.remove()
    assert log == [(args, kwargs)]
    assert function(*args, **kwargs) == before
    assert len(log) == 1


@pytest.mark.parametrize(("function", "args", "kwargs"), FUNCTIONS[1:], ids=lambda f: getattr(f, "__qualname__", None))
def test_the_hook_decides_what_is_returned(function, args, kwargs):
    """What stands in need not ask the original."""
    hook = Hook(function, lambda _: lambda *_, **__: "instead")
    hook.install()
    try:
        assert function(*args, **kwargs) == "instead"
    finally:
        hook.remove()


def test_nothing_about_the_function_changes_but_its_code():
    """Its names, defaults, closure, signature and attributes stay; removing restores the very code object."""
    function: Any = closure()
    function.mark = "mine"
    attributes, signature = dict(vars(function)), inspect.signature(function)
    before = {name: getattr(function, name) for name in NAMES}
    code = function.__code__
    hook = Hook(function, wrapping([]))
    assert function.__code__ is code
    hook.install()
    assert function.__code__ is not code
    assert {name: getattr(function, name) for name in NAMES} == before
    assert inspect.signature(function) == signature
    assert (function.__code__.co_name, function.__code__.co_qualname) == (code.co_name, code.co_qualname)
    hook.remove()
    assert function.__code__ is code
    assert {name: getattr(function, name) for name in NAMES} == before
    assert vars(function) == attributes


NAMES = (
    "__name__",
    "__qualname__",
    "__module__",
    "__defaults__",
    "__kwdefaults__",
    "__closure__",
    "__doc__",
    "mark",
)


def test_the_attribute_that_holds_the_function_is_never_replaced():
    """`Class.method` is the same object before, during and after, also as others hold it."""
    held = Base.__dict__["hello"]
    bound = Base().hello
    hook = Hook(held, lambda _: lambda *_: "hooked")
    hook.install()
    try:
        assert Base.__dict__["hello"] is held
        assert bound() == Base().hello() == held(Base()) == "hooked"
        assert Derived().hello() == "hooked!"
    finally:
        hook.remove()
    assert Base.__dict__["hello"] is held
    assert bound() == "hello you"


def test_a_coroutine_function_stays_one():
    """An async function is awaited as before, and asyncio still sees what it is."""

    async def function(value: int, *, extra: int = 1) -> int:
        await asyncio.sleep(0)
        return value + extra

    log: list[Any] = []
    hook = Hook(function, wrapping(log))
    hook.install()
    try:
        assert inspect.iscoroutinefunction(function)
        assert asyncio.run(function(2)) == 3
    finally:
        hook.remove()
    assert log == [((2,), {})]
    assert asyncio.run(function(2, extra=5)) == 7


def test_an_exception_passes_through_a_hook():
    """What the original raises is raised."""

    def function() -> None:
        raise LookupError("mine")

    hook = Hook(function, wrapping([]))
    hook.install()
    with pytest.raises(LookupError, match="mine"):
        function()
    hook.remove()
    with pytest.raises(LookupError, match="mine"):
        function()


def test_hooks_may_be_stacked():
    """The second hook's original is what the first one made; removed in reverse, both are gone."""
    function = closure()
    code = function.__code__
    first, second = [], []
    hooks = [Hook(function, wrapping(first))]
    hooks[0].install()
    hooks.append(Hook(function, wrapping(second)))
    hooks[1].install()
    assert function(1) == 4
    assert (len(first), len(second)) == (1, 1)
    hooks[1].remove()
    assert function(1) == 4
    assert (len(first), len(second)) == (2, 1)
    hooks[0].remove()
    assert function.__code__ is code


def test_a_hook_may_be_installed_again():
    """Installing twice, and again after removing, does what installing once does."""
    function = closure()
    code = function.__code__
    log: list[Any] = []
    hook = Hook(function, wrapping(log))
    for _ in range(2):
        hook.install()
        hook.install()
        assert function(1) == 4
        hook.remove()
        hook.remove()
        assert function.__code__ is code
    assert len(log) == 2


def test_removing_leaves_the_code_another_tool_gave_the_function():
    """A hook takes back only its own code."""

    def function() -> str:
        return "own"

    hook = Hook(function, wrapping([]))
    hook.install()
    other = (lambda: "another tool's").__code__
    function.__code__ = other
    hook.remove()
    assert function.__code__ is other


def test_the_hooks_of_two_functions_of_one_shape_do_not_mix():
    """Functions with as many free variables each keep what stands in for them."""
    one, two = closure(1), closure(2)
    hooks = [Hook(one, lambda _: lambda *_: "one"), Hook(two, lambda _: lambda *_: "two")]
    for hook in hooks:
        hook.install()
    assert (one(1), two(1)) == ("one", "two")
    hooks[0].remove()
    assert (one(1), two(1)) == (2, "two")
    hooks[1].remove()


@pytest.mark.parametrize("is_async", [True, False])
def test_what_stands_in_can_be_read(is_async):
    """`inspect.getsource` and tracebacks show the lines that run."""

    async def coroutine() -> None:
        raise LookupError("mine")

    def function() -> None:
        raise LookupError("mine")

    hooked: Any = coroutine if is_async else function
    hook = Hook(hooked, wrapping([]))
    hook.install()
    try:
        assert f"return {'await ' if is_async else ''}hook(*args, **kwargs)" in inspect.getsource(hooked)
        with pytest.raises(LookupError) as caught:
            asyncio.run(hooked()) if is_async else hooked()
    finally:
        hook.remove()
    lines = [frame.line for frame in traceback.extract_tb(caught.tb) if "llm-intercept" in frame.filename]
    assert lines == [f"return {'await ' if is_async else ''}hook(*args, **kwargs)"]


def test_a_call_that_is_running_ends_as_it_began():
    """Removing a hook does not disturb a call that is inside it."""
    entered, leave = threading.Event(), threading.Event()

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*args: Any) -> Any:
            entered.set()
            assert leave.wait(PATIENCE)
            return "slow", original(*args)

        return slow

    function = closure()
    hook = Hook(function, make)
    hook.install()
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function(1)))
    thread.start()
    assert entered.wait(PATIENCE)
    hook.remove()
    assert function(1) == 4
    leave.set()
    thread.join()
    assert results == [("slow", 4)]


def test_is_hooked_tells():
    """It is true of a hooked function, and of nothing else."""
    function = closure()
    assert not is_hooked(function)
    hook = Hook(function, wrapping([]))
    hook.install()
    assert is_hooked(function)
    hook.remove()
    assert not is_hooked(function)
    assert not any(map(is_hooked, (None, len, Base, Base().hello)))


def test_innermost_finds_the_function_that_does_the_work():
    """It looks through methods, class methods and `functools.wraps`, and survives a circle."""

    @functools.wraps(no_arguments)
    def once() -> str:
        return no_arguments()

    @functools.wraps(once)
    def twice() -> str:
        return once()

    class Holder:
        made = classmethod(lambda cls: cls)
        plain = staticmethod(no_arguments)

    assert innermost(no_arguments) is no_arguments
    assert innermost(twice) is no_arguments
    assert innermost(Base().hello) is Base.hello
    assert inspect.isfunction(innermost(Holder.made))
    assert innermost(Holder.__dict__["plain"]) is no_arguments
    circle: Any = closure()
    circle.__wrapped__ = circle
    assert innermost(circle) is circle


@pytest.mark.parametrize("value", [None, len, 3, Base, functools.partial(no_arguments), object()])
def test_innermost_of_what_is_no_python_function_is_nothing(value):
    """Builtins, classes and other objects cannot be hooked."""
    assert innermost(value) is None
