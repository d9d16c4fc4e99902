"""Writes texts of others for people to read: short, without secrets, and so that a terminal obeys nothing in them.

Knows: characters, and who knows secrets. Must not know: whose text it is. It is below all else, since every message is
made with it.
"""

from __future__ import annotations

import re

SHOWN_CHARACTERS = 120
SHORTEST_SECRET = 8
STEERING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
"""What a terminal obeys or does not show: controls, overrides of the direction, invisible letters, surrogates."""


def hidden(text: str) -> str:
    """Put a mark where a text has what looks like a secret: what is printed may stand in a log that others read."""
    if len(text) < SHORTEST_SECRET:
        return text
    from llm_intercept.secrets.replace import replace_secrets  # noqa: PLC0415 - it takes 40 ms to load, for printing alone

    return replace_secrets(text)


def cut(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Cut `text` to `limit` characters, for one line of a message; half a secret would not look like one."""
    safe = hidden(text)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def shorten(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Quote `text`, cut to `limit` characters."""
    return repr(cut(text, limit))


def visible(text: str, *, lines: bool = False) -> str:
    """Write a text without secrets, so that a terminal shows it and obeys nothing in it: what steers becomes an escape.

    Args:
        text: A text that somebody else wrote: a model, a server, a file's name.
        lines: Whether it may have line ends and tabs; a name may not.

    """
    safe = hidden(text)
    return safe if safe.isprintable() else STEERING.sub(_escaped_but_lines if lines else _escaped, safe)


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def _escaped_but_lines(found: re.Match[str]) -> str:
    return found.group() if found.group() in "\n\t" else _escaped(found)


def indented(text: str, width: int) -> list[str]:
    """Return the lines of a text, each moved to the right by `width` blanks."""
    return [" " * width + line for line in text.split("\n")]


def brief(value: object) -> str:
    """Say a value in a few words: a text shortened, else its name or its `repr`."""
    if isinstance(value, str):
        return shorten(value, 40)
    return cut(getattr(value, "__qualname__", None) or repr(value), 60)
