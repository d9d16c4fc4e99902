"""Conditions on a request, each giving a verdict with a reason.

Knows: the neutral request. Must not know: replies, HTTP libraries, the order rules are tried in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol, cast

from llm_intercept.errors import ReplyFunctionError, SettingsError, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.content import LLMRequest


class Condition(Protocol):
    """Something a request must fulfil; `why_not` is asked only to explain."""

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether the request fulfils it; it never raises but for a user's own function."""
        ...

    def why_not(self, request: LLMRequest) -> str:
        """Say what was expected and what the request has instead."""
        ...


@dataclass(frozen=True, slots=True)
class TextCondition:
    """A text of the request contains a string (whatever its case) or matches a pattern (searched)."""

    name: str
    wanted: str | re.Pattern[str]
    read: Callable[[LLMRequest], str]

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether the text has it."""
        text = self.read(request)
        if isinstance(self.wanted, str):
            return self.wanted in text or self.wanted.casefold() in text.casefold()
        return self.wanted.search(text) is not None

    def why_not(self, request: LLMRequest) -> str:
        """Quote both."""
        text = self.read(request)
        got = shorten(text) if text else "empty"
        if isinstance(self.wanted, str):
            return f"the {self.name} does not contain {self.wanted!r}; it is {got}"
        return f"the {self.name} does not match the pattern {self.wanted.pattern!r}; it is {got}"


@dataclass(frozen=True, slots=True)
class ModelCondition:
    """The model's name matches a glob."""

    glob: str

    def holds(self, request: LLMRequest) -> bool:
        """Tell whether it does."""
        return request.model == self.glob or fnmatchcase(request.model, self.glob)

    def why_not(self, request: LLMRequest) -> str:
        """Say both names."""
        return f"the model is {request.model!r}, not {self.glob!r}"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A user's function of the request returns something true."""

    function: Callable[[LLMRequest], Any]

    def holds(self, request: LLMRequest) -> bool:
        """Ask it."""
        return bool(self.function(request))

    def why_not(self, request: LLMRequest) -> str:  # noqa: ARG002 - the protocol's argument
        """Name it."""
        return f"{function_name(self.function)} returned something false"


def function_name(function: Callable[..., Any]) -> str:
    """Name a user's function so that they find it."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} (line {code.co_firstlineno})" if code is not None else name


TEXTS: dict[str, tuple[str, Callable[[LLMRequest], str]]] = {
    "user": ("last user message", lambda request: request.last_user),
    "system": ("system message", lambda request: request.system),
}


def text_condition(field: str, wanted: object) -> TextCondition:
    """Make the condition that `on(user=…)` or `on(system=…)` asks for.

    Raises:
        SettingsError: `wanted` is neither a str nor a pattern of str.

    """
    searched: object = getattr(wanted, "pattern", wanted)
    if not isinstance(searched, str):
        raise SettingsError(f"on({field}=…)", wanted, "a str (contained, whatever its case) or a re.compile(…) pattern")
    name, read = TEXTS[field]
    return TextCondition(name, cast("str | re.Pattern[str]", wanted), read)


def positional_condition(wanted: object) -> Condition:
    """Make the condition of `on`'s positional argument: text, pattern or function.

    Raises:
        SettingsError: It is none of these.

    """
    if isinstance(wanted, str | re.Pattern):
        return text_condition("user", cast("object", wanted))
    if callable(wanted):
        return Predicate(wanted)
    raise SettingsError("on(…)", wanted, "a str, a re.compile(…) pattern or a function of the request")


def model_condition(glob: object) -> ModelCondition:
    """Make the condition of `on(model=…)`.

    Raises:
        SettingsError: `glob` is not a str.

    """
    if not isinstance(glob, str):
        raise SettingsError("on(model=…)", glob, "a str, which may hold the wildcards * and ?")
    return ModelCondition(glob)


def judge(condition: Condition, request: LLMRequest, rule: str, where: str) -> bool:
    """Ask a condition, naming the rule if a user's function raises.

    Raises:
        ReplyFunctionError: The user's function raised; that is its cause.

    """
    try:
        return condition.holds(request)
    except Exception as error:
        raise ReplyFunctionError(rule, where, error) from error
