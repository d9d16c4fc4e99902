"""Says how a function is called that was called as it cannot be: by a keyword that it does not have, or by a count.

Python itself says which keyword was meant from 3.13 on, but not what others call it.

Knows: functions. Must not know: what they are for.
"""

from __future__ import annotations

from functools import wraps
from inspect import Parameter, Signature, isfunction, signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from llm_intercept.base.words import unknown_keyword
from llm_intercept.errors import UnknownArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=type)
NO_WORDS: Mapping[str, str] = {}


def spelt(function: Callable[P, R], /, name: str = "", words: Mapping[str, str] = NO_WORDS) -> Callable[P, R]:
    """Make a function say how it is called where it is called as it cannot be.

    Args:
        function: The function; one that takes any keyword refuses none.
        name: What a message calls it; by default its own name.
        words: What to do instead, by keywords that others have; of all others by `*`, of a wrong count by "".

    """

    @wraps(function)
    def checked(*args: P.args, **given: P.kwargs) -> R:
        try:
            return function(*args, **given)
        except TypeError:
            mistake = _mistake(function, name or function.__name__, args, given, words)
            if mistake is None:
                raise
            raise mistake from None

    return checked


def spelt_with(words: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Do as `spelt`, with words of others."""
    return lambda function: spelt(function, words=words)


def spelt_class(cls: T, /, name: str = "", words: Mapping[str, str] = NO_WORDS) -> T:
    """Do as `spelt` for what makes an instance of a class."""
    setattr(cls, "__init__", spelt(getattr(cls, "__init__"), name or cls.__name__, words))  # noqa: B009, B010 - a type's is no attribute to mypy
    return cls


def spelt_methods(cls: T) -> T:
    """Do as `spelt` for the methods of a class."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and isfunction(method) and not _takes_all(method):
            setattr(cls, name, spelt(method))
    return cls


def _takes_all(method: Callable[..., object]) -> bool:
    kinds = {one.kind for one in signature(method).parameters.values()}
    return {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD} <= kinds


def _mistake(
    function: Callable[..., object],
    called: str,
    args: Sequence[object],
    given: Mapping[str, object],
    words: Mapping[str, str],
) -> UnknownArgumentError | None:
    """Say what is wrong with a call; nothing, if it can be made so and the error is from within."""
    shape = signature(function)
    by_place = [one for one in shape.parameters.values() if one.kind is Parameter.POSITIONAL_ONLY][len(args) :]
    unnamed = next((one.name for one in by_place if one.name in given and one.default is one.empty), None)
    try:
        shape.bind(*args, **given)
    except TypeError as error:
        problem = str(error)
    else:
        if unnamed is None:  # which Python 3.13.0 lets pass where any name may be given
            return None
        problem = ""
    known, form = _keywords(shape), f"{called}{_form(shape)}"
    wrong = unnamed or next((one for one in given if one not in known and not _takes_any(shape)), None)
    if wrong is None:
        own = args[next(iter(shape.parameters), "") == "self" :]
        advice = words.get("") or f"{problem[0].upper()}{problem[1:]}: write {form}."
        return UnknownArgumentError(f"{called}(…)", own, advice=advice)
    advice = words.get(wrong) or words.get("*", "")
    if wrong == unnamed:
        advice = advice or f"Give it without its name: {form}."
    elif not known:
        advice = advice or f"Write {form}."
    return unknown_keyword(called, wrong, given[wrong], known, advice)


def _form(shape: Signature) -> str:
    """Write how a function is called: the names, what they are by default, and a star before what goes by name."""
    named = [one for one in shape.parameters.values() if one.name != "self" and not one.name.startswith("_")]
    plain = [one.replace(annotation=one.empty, kind=_shown_kind(one)) for one in named]
    return str(Signature(plain))


def _shown_kind(one: Parameter) -> Any:
    return Parameter.POSITIONAL_OR_KEYWORD if one.kind is Parameter.POSITIONAL_ONLY else one.kind


def _takes_any(shape: Signature) -> bool:
    return any(one.kind is Parameter.VAR_KEYWORD for one in shape.parameters.values())


def _keywords(shape: Signature) -> tuple[str, ...]:
    """Return the keywords that a function has; what begins with `_` is nobody's to give."""
    by_name = (
        one.name for one in shape.parameters.values() if one.kind in {one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD}
    )
    return tuple(one for one in by_name if one != "self" and not one.startswith("_"))
