"""Says what was meant by an attribute that an object does not have: one of its own, or a word of another mock.

Knows: classes. Must not know: what they are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from llm_intercept.base.words import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T", bound=type)


def says_what_was_meant(words: Mapping[str, str]) -> Callable[[T], T]:
    """Make a class's instances say what to write for a name that they lack.

    Type checkers do not see it, and so go on finding such names. Until Python 3.13 each look at an attribute of such a
    class takes some 50 ns more: it is for what an answer does not pass.

    Args:
        words: What to write instead, by names that other mocks have.

    """

    def decorated(cls: T) -> T:
        def getattr_(self: object, name: str) -> NoReturn:
            if hasattr(cls, name):  # a property raised this error: let it say why
                object.__getattribute__(self, name)
            advice = "" if name.startswith("_") else advice_on(cls, name, words)
            said = f"{cls.__name__!r} object has no attribute {name!r}"
            raise AttributeError(f"{said}. {advice}" if advice else said, name=name, obj=None)

        setattr(cls, "__getattr__", getattr_)  # noqa: B010 - as above
        return cls

    return decorated


def advice_on(cls: type, name: str, words: Mapping[str, str]) -> str:
    """Say what to write for a name that a class lacks; empty where nothing is near."""
    if name in words:
        return f"Here it is {words[name]}."
    meant = nearest(name, [one for one in dir(cls) if not one.startswith("_")])
    return f"Did you mean {meant!r}?" if meant is not None else ""
