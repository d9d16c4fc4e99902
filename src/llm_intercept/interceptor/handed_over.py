"""What a decorated function is given: its block's `Interceptor`, as `llm`; and which methods of a class are decorated.

Knows: signatures, classes. Must not know: blocks.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.interceptor.interceptor import Interceptor

NAME = "llm"
TESTS = "test"
"""How the names of the methods begin that are decorated with their class, as unittest and unittest.mock have it."""
WHOLE = "__llm_intercept_signature__"
"""Where a decorated function keeps its signature with `llm`, for pytest's plugin, which names it too: see there."""
Given = tuple[tuple[Any, ...], dict[str, Any]]


class HandOver:
    """Gives a function its argument `llm`, which its callers do not see.

    Args:
        function: What is decorated; nothing is given to one that takes no `llm`.

    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._without, self._place = _without_llm(function)

    def hide(self, decorated: Any) -> Any:
        """Leave `llm` out of what others see of the decorated function: pytest would look for a fixture."""
        if self._without is not None:
            setattr(decorated, WHOLE, inspect.signature(decorated))
            decorated.__signature__ = self._without
        return decorated

    def arguments(self, llm: Interceptor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Given:
        """Return a call's arguments, with `llm` unless the caller gives one by name."""
        if self._without is None or NAME in kwargs:
            return args, dict(kwargs)
        if len(args) >= self._place:
            return (*args[: self._place], llm, *args[self._place :]), dict(kwargs)
        return args, {**kwargs, NAME: llm}


def _without_llm(function: Callable[..., Any]) -> tuple[inspect.Signature | None, int]:
    """Return the signature without `llm`, and how many arguments come before it by place; None if it takes none."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a builtin
        return None, 0
    parameters = list(signature.parameters.values())
    taken = signature.parameters.get(NAME)
    if taken is None or taken.kind not in {taken.POSITIONAL_OR_KEYWORD, taken.KEYWORD_ONLY}:
        return None, 0
    others = [one for one in parameters if one is not taken]
    place = parameters.index(taken) if taken.kind is taken.POSITIONAL_OR_KEYWORD else len(parameters)
    if any(one.kind is one.VAR_POSITIONAL for one in parameters[:place]):
        place = 1 << 30  # whatever comes by place is the function's `*args`
    return signature.replace(parameters=others), place


def check_decorable(function: object) -> None:
    """Raise `SettingsError` at what is no function: pytest no longer knows a fixture around which there is another."""
    if type(function).__name__ == "FixtureFunctionDefinition" or hasattr(function, "_pytestfixturefunction"):
        raise SettingsError("@intercept(…)", function, "it below @pytest.fixture, which is to be above all others")
    if not callable(function):
        raise SettingsError("@intercept(…)", function, "it on functions, or on a class with tests")


def decorate_tests(cls: type, decorate: Callable[[Any], Any]) -> None:
    """Decorate the test methods of a class, those it inherits too; raises `SettingsError` if it has none."""
    found = {name: inspect.getattr_static(cls, name) for name in dir(cls) if name.startswith(TESTS)}
    methods = {name: one for name, one in found.items() if _is_method(one)}
    if not methods:
        wanted = f"it on a class with methods named {TESTS}…, or on functions, one by one"
        raise SettingsError("@intercept(…)", cls, wanted)
    for name, one in methods.items():
        setattr(cls, name, decorate(one))


def _is_method(found: object) -> bool:
    return isinstance(found, staticmethod | classmethod) or inspect.isroutine(found)
