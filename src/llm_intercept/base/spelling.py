"""Refuses a keyword that a function does not have, and says which was meant: Python itself does so from 3.13 on.

Knows: functions. Must not know: what they are for.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from llm_intercept.base.words import unknown_keyword

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=type)
CO_VARKEYWORDS = 0x08
"""As `inspect` has it, which is slow to import."""


def spelt(function: Callable[P, R], /, name: str = "") -> Callable[P, R]:
    """Make a function say which keyword was meant where it has none of a name.

    Args:
        function: The function; one that takes any keyword is nothing to be wrapped.
        name: What a message calls it; by default its own name.

    """
    code = cast("Any", function).__code__
    named = code.co_varnames[code.co_posonlyargcount : code.co_argcount + code.co_kwonlyargcount]
    known = tuple(one for one in named if one != "self" and not one.startswith("_"))
    hidden = frozenset(named)

    @wraps(function)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        if given and not hidden.issuperset(given):
            wrong = next(one for one in given if one not in hidden)
            raise unknown_keyword(name or function.__name__, wrong, given[wrong], known)
        return function(*args, **given)

    return checked


def spelt_class(cls: T, /, name: str = "") -> T:
    """Do as `spelt` for what makes an instance of a class."""
    cast("Any", cls).__init__ = spelt(cast("Any", cls).__init__, name or cls.__name__)
    return cls


def spelt_methods(cls: T) -> T:
    """Do as `spelt` for the methods of a class that have arguments by name alone."""
    for name, method in list(vars(cls).items()):
        code = getattr(method, "__code__", None)
        if (
            not name.startswith("_")
            and code is not None
            and code.co_kwonlyargcount
            and not code.co_flags & CO_VARKEYWORDS
        ):
            setattr(cls, name, spelt(method))
    return cls
