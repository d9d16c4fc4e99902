"""Regular expressions in bounded time: whether one is found in a text, and a short text in which one is.

Python's own matcher is asked where it is sure to be quick. Where a pattern could make it try for ever (a repeat within
a repeat, several in a row on a long text), all the places where each part can end are followed at once instead, which
takes time in proportion to text and pattern.

Knows: Python's own parse of a pattern. Must not know: schemas.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema.steps import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.replies.schema.steps import Steps

PRINTABLE = "a0 A_-./:@x"
CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": " ",
    "CATEGORY_NOT_SPACE": "a",
}
PLACES = {
    "AT_BEGINNING": "^",
    "AT_BEGINNING_STRING": r"\A",
    "AT_END": "$",
    "AT_END_STRING": r"\Z",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}
REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
QUICK = 1_000_000
"""Steps that Python's matcher may take at the worst, some 20 ms."""
ONE_BY_ONE = 64
"""How many repeats more are tried one after the other; beyond, each is double the one before."""

PARSER: Any = import_module("re._parser")  # re's own, which has no types

Starts = frozenset[int]
Node = tuple[str, Any]


class PatternError(Exception):
    """A pattern cannot be used; `str()` says why."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> tuple[re.Pattern[str], Any]:
    """Compile and parse a pattern; raises `PatternError` if it is none."""
    try:
        return re.compile(pattern), PARSER.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternError(f"{pattern!r} is not a regular expression ({error})") from error


def found(pattern: str, text: str, steps: Steps) -> bool:
    """Whether a pattern is found in a text; raises `SchemaError` where that cannot be told in bounded time."""
    quick, parsed = compiled(pattern)
    repeats, nested = _repeats(parsed, within=False)
    if not nested and (len(text) + 1) ** (repeats + 1) <= QUICK:
        return quick.search(text) is not None
    try:
        return bool(_Follow(text, steps).ends(parsed, frozenset(range(len(text) + 1)), parsed.state.flags))
    except NotImplementedError as error:
        problem = f"{pattern!r} cannot be tried on a text of {len(text)} characters in bounded time"
        raise SchemaError(steps.at, problem) from error


def _repeats(parsed: Any, *, within: bool) -> tuple[int, bool]:
    """Count the repeats whose number is open, and tell whether one is within a repeat."""
    count, nested = 0, False
    for kind, value in parsed:
        is_repeat = str(kind) in REPEATS
        is_open = is_repeat and value[0] != value[1]
        count += is_open
        nested = nested or (is_open and within)
        for inner in _inner(str(kind), value):
            more, deeper = _repeats(inner, within=within or (is_repeat and value[1] > 1))
            count, nested = count + more, nested or deeper
    return count, nested


def _inner(kind: str, value: Any) -> Iterator[Any]:
    """Give the patterns within an element."""
    if kind in REPEATS:
        yield value[2]
    elif kind == "SUBPATTERN":
        yield value[3]
    elif kind == "BRANCH":
        yield from value[1]
    elif kind in {"ASSERT", "ASSERT_NOT"}:
        yield value[1]
    elif kind == "ATOMIC_GROUP":
        yield value
    elif kind == "GROUPREF_EXISTS":
        yield from (one for one in value[1:] if one is not None)


class _Follow:
    """Follows a pattern through a text from many places at once."""

    def __init__(self, text: str, steps: Steps) -> None:
        self._text, self._steps = text, steps

    def ends(self, parsed: Any, starts: Starts, flags: int) -> Starts:
        """Find where a pattern can end that begins at one of some places.

        Raises:
            NotImplementedError: It refers back to what was matched.

        """
        for kind, value in parsed:
            starts = self._end(str(kind), value, starts, flags)
        return starts

    def _end(self, kind: str, value: Any, starts: Starts, flags: int) -> Starts:
        self._steps.take(1 + len(starts))
        match kind:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                fits = _character(kind, value, flags)
                return frozenset(at + 1 for at in starts if at < len(self._text) and fits(self._text[at]))
            case "AT" if str(value) in PLACES:
                place = re.compile(PLACES[str(value)], flags & ~re.DEBUG)
                return frozenset(at for at in starts if place.match(self._text, at))
            case "SUBPATTERN":
                _, more, fewer, inner = value
                return self.ends(inner, starts, (flags | more) & ~fewer)
            case "BRANCH":
                return frozenset[int]().union(*(self.ends(branch, starts, flags) for branch in value[1]))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeated(value, starts, flags)
            case "ASSERT" | "ASSERT_NOT":
                return frozenset(at for at in starts if self._stands(value, at, flags) == (kind == "ASSERT"))
            case _:
                raise NotImplementedError(kind)

    def _repeated(self, value: Any, starts: Starts, flags: int) -> Starts:
        least, most, inner = value
        for _ in range(least):
            following = self.ends(inner, starts, flags)
            if following == starts:
                break
            starts = following
            if not starts:
                return starts
        seen, new = set(starts), starts
        for _ in range(min(int(most) - least, len(self._text) + 1)):
            new = self.ends(inner, new, flags) - seen
            if not new:
                break
            seen |= new
        return frozenset(seen)

    def _stands(self, value: Any, at: int, flags: int) -> bool:
        """Whether what an assertion asks for stands after a place, or before it."""
        direction, inner = value
        begin = at if direction > 0 else at - inner.getwidth()[0]
        ends = self.ends(inner, frozenset({begin}), flags) if begin >= 0 else frozenset[int]()
        return bool(ends) if direction > 0 else at in ends


def _character(kind: str, value: Any, flags: int) -> Callable[[str], object]:
    """Make the test of one character."""
    if kind == "ANY":
        source = "."
    elif kind == "IN":
        source = "[" + "".join(_class_text(*option) for option in value) + "]"
    else:
        source = f"[{'^' if kind == 'NOT_LITERAL' else ''}{re.escape(chr(value))}]"
    return re.compile(source, flags & ~re.DEBUG).match


def matching(pattern: str, shortest: int, steps: Steps) -> str | None:
    """Find a string of at least `shortest` characters in which `pattern` is found; None if none is."""
    _, parsed = compiled(pattern)
    for more in _lengths(shortest):
        made = _join(parsed, more, {})
        if made is None:
            return None
        for text in dict.fromkeys((made, made.ljust(shortest, "a"), made.rjust(shortest, "a"))):
            steps.take()
            if len(text) >= shortest and found(pattern, text, steps):
                return text
    return None


def _lengths(shortest: int) -> Iterator[int]:
    """Give how often repeats are repeated beyond what they must be, up to what makes the text long enough."""
    yield from range(min(shortest, ONE_BY_ONE) + 1)
    more = 2 * ONE_BY_ONE
    while more < 2 * shortest:
        yield more
        more *= 2


def _join(parsed: Any, more: int, groups: dict[int, str]) -> str | None:
    """Write a pattern's elements one after the other; None where that is too long."""
    written: list[str] = []
    length = 0
    for kind, value in parsed:
        one = _one(str(kind), value, more, groups)
        if one is None or (length := length + len(one)) > LARGEST:
            return None
        written.append(one)
    return "".join(written)


def _one(kind: str, value: Any, more: int, groups: dict[int, str]) -> str | None:
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
            branches = (_join(branch, more, groups) for branch in value[1])
            return min((one for one in branches if one is not None), key=len, default=None)
        case "SUBPATTERN":
            number, _, _, inner = value
            made = _join(inner, more, groups)
            groups[number] = made or ""
            return made
        case "ATOMIC_GROUP":
            return _join(value, more, groups)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return _repeated(value, more, groups)
        case "GROUPREF":
            return groups.get(value, "")
        case _:
            return ""


def _repeated(value: Any, more: int, groups: dict[int, str]) -> str | None:
    least, most, inner = value
    times = min(least + more, int(most))
    made = _join(inner, more, groups) if times else ""
    return None if made is None or times * len(made) > LARGEST else made * times


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
        case "NEGATE":
            return "^"
        case "RANGE":
            return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        case "CATEGORY":
            return letters[str(value).removeprefix("CATEGORY_")]
        case _:
            return re.escape(chr(value))
