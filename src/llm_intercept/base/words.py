"""Words of messages that several places say alike.

Knows: English. Must not know: what is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.errors import UnknownArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

NEAR = 0.6
"""From this similarity on, one name may be meant where another is written."""


def nearest(name: str, known: Iterable[str], near: float = NEAR) -> str | None:
    """Return the known name that `name` was probably meant to be; None if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - it is wanted for messages alone

    return next(iter(get_close_matches(name, list(known), 1, near)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Write what to do about a name that is not known: the nearest one, or all there are."""
    names = list(known)
    near = nearest(name, names)
    return f"Did you mean {near!r}?" if near is not None else f"Use one of {', '.join(map(repr, names))}."


def counted(number: int, what: str) -> str:
    """Say how many there are: `1 take`, `2,000 takes`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def unknown_keyword(
    call: str, name: str, value: object, known: Iterable[str], advice: str = ""
) -> UnknownArgumentError:
    """Make the error of a call that was given a keyword it does not have."""
    return UnknownArgumentError(f"{call}({name}=…)", value, advice=advice or did_you_mean(name, known))
