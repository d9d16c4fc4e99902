"""Writes texts of others for people to read: short, and so that a terminal obeys nothing in them.

Knows: characters. Must not know: whose text it is. It is below all else, since every message is made with it.
"""

from __future__ import annotations

import re

SHOWN_CHARACTERS = 120
STEERING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
"""What a terminal obeys or does not show: controls, overrides of the direction, invisible letters, surrogates."""


def cut(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Cut `text` to `limit` characters, for one line of a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shorten(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Quote `text`, cut to `limit` characters."""
    return repr(cut(text, limit))


def visible(text: str, *, lines: bool = False) -> str:
    """Write a text so that a terminal shows it and obeys nothing in it: what steers one becomes an escape.

    Args:
        text: A text that somebody else wrote: a model, a server, a file's name.
        lines: Whether it may have line ends and tabs; a name may not.

    """
    return text if text.isprintable() else STEERING.sub(_escaped_but_lines if lines else _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def _escaped_but_lines(found: re.Match[str]) -> str:
    return found.group() if found.group() in "\n\t" else _escaped(found)


def brief(value: object) -> str:
    """Say a value in a few words: a text shortened, else its name or its `repr`."""
    if isinstance(value, str):
        return shorten(value, 40)
    return cut(getattr(value, "__qualname__", None) or repr(value), 60)
