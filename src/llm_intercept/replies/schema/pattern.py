"""A short string that matches a regular expression.

Knows: Python's own parse of a pattern. Must not know: schemas.
"""

from __future__ import annotations

import re
from typing import Any

PRINTABLE = "a0 A_-./:@x"
CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": " ",
    "CATEGORY_NOT_SPACE": "a",
}


def matching(pattern: str, shortest: int = 0) -> str | None:
    """Find a string of at least `shortest` characters in which `pattern` is found; None if none is."""
    compiled = re.compile(pattern)
    parsed: Any = re._parser.parse(pattern)  # type: ignore[attr-defined]  # noqa: SLF001 # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    for more in range(max(1, shortest + 1)):
        found = _join(parsed, more, {})
        for text in (found, found.ljust(shortest, "a"), found.rjust(shortest, "a")):
            if len(text) >= shortest and compiled.search(text):
                return text
    return None


def _join(parsed: Any, more: int, groups: dict[int, str]) -> str:
    return "".join(_one(str(kind), value, more, groups) for kind, value in parsed)


def _one(kind: str, value: Any, more: int, groups: dict[int, str]) -> str:
    """Write one element; a repeat is repeated `more` times more than it must be, as far as it may."""
    match kind:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return next(character for character in PRINTABLE if ord(character) != value)
        case "ANY":
            return "a"
        case "IN":
            return _member(value)
        case "BRANCH":
            return min((_join(branch, more, groups) for branch in value[1]), key=len)
        case "SUBPATTERN":
            number, _, _, inner = value
            groups[number] = _join(inner, more, groups)
            return groups[number]
        case "ATOMIC_GROUP":
            return _join(value, more, groups)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = value
            return "".join(_join(inner, more, groups) for _ in range(min(least + more, int(most))))
        case "GROUPREF":
            return groups.get(value, "")
        case _:
            return ""


def _member(options: Any) -> str:
    """Pick a character of a class."""
    kind, value = options[0]
    name = str(kind)
    if name == "NEGATE":
        source = re.compile("[^" + "".join(_class_text(*option) for option in options[1:]) + "]")
        return next((character for character in PRINTABLE if source.match(character)), "")
    if name == "RANGE":
        return chr(value[0])
    if name == "CATEGORY":
        return CATEGORIES.get(str(value), "a")
    return chr(value)


def _class_text(kind: Any, value: Any) -> str:
    letters = {"DIGIT": r"\d", "WORD": r"\w", "SPACE": r"\s", "NOT_DIGIT": r"\D", "NOT_WORD": r"\W", "NOT_SPACE": r"\S"}
    match str(kind):
        case "RANGE":
            return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        case "CATEGORY":
            return letters[str(value).removeprefix("CATEGORY_")]
        case _:
            return re.escape(chr(value))
