"""Writes texts of others for people to read: short, without secrets, and so that a terminal obeys nothing in them.

Knows: characters, and who knows secrets. Must not know: whose text it is. It is below all else, since every message is
made with it.
"""

from __future__ import annotations

import re

HIDDEN = "[redacted]"
"""What `hidden` puts where a secret was."""
SHOWN_CHARACTERS = 120
SHORTEST_SECRET = 8
QUOTED = re.compile(r"""(["']).*\1""", re.DOTALL)
WORD = re.compile(r"[^\s'\",;:(){}]+")
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


def may_be_alike(wanted: str, there: str) -> bool:
    """Whether a text would have what is wanted in it if the right thing stood where one of both has the mark.

    Args:
        wanted: What is asked for, as it is shown: in quotes, with words around them that say how.
        there: The text, as it is shown.

    """
    parts, words = _words(wanted), _words(there)
    if HIDDEN in wanted and "…" in wanted + there:  # and nobody sees the rest
        return True
    starts = range(len(words) - len(parts) + 1)
    return any(_are_alike(parts, words[start : start + len(parts)]) for start in starts)


def _words(text: str) -> list[str]:
    quoted = QUOTED.search(text)
    return WORD.findall((quoted.group() if quoted else text).casefold())


def _are_alike(parts: list[str], words: list[str]) -> bool:
    """Whether words are the same but for the marks, and a mark stands beside one that is or for what has one too."""
    same = [HIDDEN in part or HIDDEN in word or part in word for part, word in zip(parts, words, strict=True)]
    is_beside = any(part in word for part, word in zip(parts, words, strict=True))
    return all(same) and (is_beside or any(HIDDEN in part for part in parts))


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
