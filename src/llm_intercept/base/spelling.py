"""Refuses a keyword that a function does not have, and says which was meant: Python itself does so from 3.13 on.

Knows: functions. Must not know: what they are for.
"""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, isfunction, signature
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from llm_intercept.base.words import unknown_keyword

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=type)
NO_WORDS: Mapping[str, str] = {}


def spelt(function: Callable[P, R], /, name: str = "", words: Mapping[str, str] = NO_WORDS) -> Callable[P, R]:
    """Make a function say which keyword was meant where it has none of a name.

    Args:
        function: The function; one that takes any keyword refuses none.
        name: What a message calls it; by default its own name.
        words: What to do instead, by keywords that others have.

    """

    @wraps(function)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        try:
            return function(*args, **given)
        except TypeError:
            known = _keywords(function)
            wrong = next((one for one in given if one not in known), None)
            if wrong is None or not known:
                raise
            called = name or function.__name__
            raise unknown_keyword(called, wrong, given[wrong], known, words.get(wrong, "")) from None

    return checked


def spelt_class(cls: T, /, name: str = "", words: Mapping[str, str] = NO_WORDS) -> T:
    """Do as `spelt` for what makes an instance of a class."""
    setattr(cls, "__init__", spelt(vars(cls)["__init__"], name or cls.__name__, words))  # noqa: B010 - a type's is no attribute to mypy
    return cls


def spelt_methods(cls: T) -> T:
    """Do as `spelt` for the methods of a class that have arguments by name alone."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and isfunction(method) and _has_named(method):
            setattr(cls, name, spelt(method))
    return cls


def _has_named(method: Callable[..., object]) -> bool:
    kinds = {one.kind for one in signature(method).parameters.values()}
    return Parameter.KEYWORD_ONLY in kinds and Parameter.VAR_KEYWORD not in kinds


def _keywords(function: Callable[..., object]) -> tuple[str, ...]:
    """Return the keywords that a function has, none of one that takes any; what begins with `_` is nobody's to give."""
    parameters = signature(function).parameters.values()
    if any(one.kind is Parameter.VAR_KEYWORD for one in parameters):
        return ()
    by_name = (one.name for one in parameters if one.kind in {one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD})
    return tuple(one for one in by_name if one != "self" and not one.startswith("_"))
