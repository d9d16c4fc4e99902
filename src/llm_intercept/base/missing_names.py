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

    Type checkers do not see it, and so go on finding such names.

    Args:
        words: What to write instead, by names that other mocks have.

    """

    def decorated(cls: T) -> T:
        def getattr_(self: object, name: str) -> NoReturn:
            if hasattr(cls, name):  # a property raised this error: let it say why
                object.__getattribute__(self, name)
            raise no_attribute(cls.__name__, name, "" if name.startswith("_") else _advice(cls, name, words))

        setattr(cls, "__getattr__", getattr_)  # noqa: B010 - as above
        return cls

    return decorated


def no_attribute(owner: str, name: str, advice: str) -> AttributeError:
    """Make the error of an attribute that is not there, to which Python adds no guess of its own."""
    said = f"{owner!r} object has no attribute {name!r}"
    return AttributeError(f"{said}. {advice}" if advice else said, name=name, obj=None)


def _advice(cls: type, name: str, words: Mapping[str, str]) -> str:
    if name in words:
        return f"Here it is {words[name]}."
    meant = nearest(name, [one for one in dir(cls) if not one.startswith("_")])
    return f"Did you mean {meant!r}?" if meant is not None else ""
