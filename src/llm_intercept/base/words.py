"""Words of messages that several places say alike.

Knows: English. Must not know: what is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` was probably meant to be; None if none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - it is wanted for messages alone

    return next(iter(get_close_matches(name, list(known), 1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Write what to do about a name that is not known: the nearest one, or all there are."""
    names = list(known)
    near = nearest(name, names)
    return f"Did you mean {near!r}?" if near is not None else f"Use one of {', '.join(map(repr, names))}."
