"""A user's own function as a condition.

Knows: functions. Must not know: what they look at.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from llm_intercept.conditions.base import Condition
from llm_intercept.errors import SettingsError
from llm_intercept.facts import Verdict

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, repr=False)
class FunctionCondition(Condition):
    """A user's function of the request returns something true."""

    function: Callable[[LLMRequest], object]

    def holds(self, request: LLMRequest) -> bool:
        return bool(self.function(request.lent()))

    def is_of_http(self) -> bool:
        """Whether it looks at any request: nobody knows what it looks at."""
        return True

    def verdict(self, request: LLMRequest) -> Verdict:
        try:
            value = self.function(request.lent())
            holds, got = bool(value), repr(value)[:120]
        except Exception as error:  # noqa: BLE001 - it is being explained; its own error was raised before
            holds, got = False, f"{type(error).__name__}: {error}"
        distance = 0.0 if holds else 1.0
        return Verdict(holds, function_name(self.function), "something true", got, distance=distance)

    def __str__(self) -> str:
        return str(getattr(self.function, "__qualname__", None) or repr(self.function)[:60])


def asked_function(name: str, function: F) -> F:
    """Return `function` if it takes the request alone and is no coroutine function; or raise `SettingsError`."""
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        raise SettingsError(name, function, "a plain function: this one would have to be awaited")
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise SettingsError(name, function, f"a function that takes the request alone ({error})") from error
    except ValueError:  # a built-in that does not say its parameters
        return function
    return function


def function_name(function: Callable[..., object]) -> str:
    """Name a user's function so that they find it."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} (line {code.co_firstlineno})" if code is not None else name
