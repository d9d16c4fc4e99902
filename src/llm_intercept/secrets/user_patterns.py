"""Regular expressions that users give: checked when they are given, and used so that no text keeps them going for ever.

Knows: Python's regular expressions, and how they run away. Must not know: what is looked for.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING

from llm_intercept.errors import SettingsError
from llm_intercept.secrets.looks import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKS = re.compile(re.escape(MARK))
PASSES = 100
"""How often a text is looked through: each time some of it is marked, and what stands beside a mark may match anew."""
PROBED = (*range(1, 8), *range(8, 25, 2))
"""Characters: a pattern that runs away takes many times longer with each two more, some for ever with eight."""
SLOW = 0.005  # seconds that a text of so few characters takes no other pattern, by a factor of a thousand
WORD = re.compile(r"[A-Za-z]{2,}[=: _/-]?")
BEGINNINGS = 4  # words of a pattern that its text may have to begin with
UNITS = ("a", "A", "0", " ", "-", ".", ",", "/", "a1", "a ", "a,", "a.", "0 ", "ab")


def compiled(setting: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    """Compile a pattern; raises `SettingsError` if it is none, or takes for ever on some short text."""
    try:
        made = re.compile(pattern)
        made.search("")
    except (re.error, TypeError) as error:
        raise SettingsError(setting, pattern, f"regular expressions for text ({error})") from error
    text = runaway(made)
    if text:
        raise SettingsError(setting, made.pattern, advice=why_runaway(text))
    return made


def why_runaway(text: str) -> str:
    """Say why a pattern takes for ever on a text, and how to mend it."""
    return (
        f"It takes for ever on texts such as {text!r}…: they can be cut in many ways. Let no two repetitions that "
        "follow or hold each other match the same characters, as in (a+)+ or \\w*\\w*."
    )


def redacted(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """Put the mark where a pattern finds something that is not marked; the result stays as it is."""
    every = tuple(patterns)
    for _ in range(PASSES):
        before = text
        for pattern in every:
            text = _marked(pattern, text)
        if text == before:
            return text
    return MARK  # nobody can tell where the secret ends


def _marked(pattern: re.Pattern[str], text: str) -> str:
    """Mark what one pattern finds; what it finds within a mark stays, and what reaches into one takes it in.

    So each change leaves fewer characters outside of marks, and there is an end to it.
    """
    marks = [found.span() for found in MARKS.finditer(text)]
    known = frozenset(marks)
    pieces: list[str] = []
    done = 0
    for found in pattern.finditer(text):
        begin, end = _around(found.span(), marks)
        if begin == end or begin < done or (begin, end) in known:
            continue
        pieces += [text[done:begin], MARK]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _around(span: tuple[int, int], marks: list[tuple[int, int]]) -> tuple[int, int]:
    """Widen a span to the marks that it reaches into; they are in order, and none within another."""
    begin, end = span
    first = bisect_right(marks, begin, key=itemgetter(1))
    last = bisect_left(marks, end, key=itemgetter(0))
    if begin == end or first >= last:
        return span
    return min(begin, marks[first][0]), max(end, marks[last - 1][1])


@lru_cache(maxsize=1024)
def runaway(pattern: re.Pattern[str]) -> str:
    """Find a short text on which a pattern takes far too long; empty if there is none among many likely ones."""
    words: list[str] = list(dict.fromkeys(WORD.findall(pattern.pattern)))[:BEGINNINGS]
    units = dict.fromkeys((*UNITS, *filter(str.isalnum, pattern.pattern)))
    for begin, unit in product(("", *words), units):
        if any(_is_slow(pattern, f"{begin}{(unit * length)[:length]}\0") for length in PROBED):
            return begin + unit * 12
    return ""


def _is_slow(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a pattern takes long on a text each time: once, anything may, on a machine that does much else."""
    return all(_seconds(pattern, text) > SLOW for _ in range(3))


def _seconds(pattern: re.Pattern[str], text: str) -> float:
    begin = time.thread_time()
    pattern.search(text)
    return time.thread_time() - begin
