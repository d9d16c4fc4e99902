"""Shows what `recordings diff` found: of texts the words that changed.

Knows: rich, differences. Must not know: takes.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from llm_intercept.base.fitted import line
from llm_intercept.cli.terminal import styled
from llm_intercept.shown import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from llm_intercept.recording.compare import Difference
    from llm_intercept.tapetools.differing import Change

PIECE = re.compile(r" ?(?:\w+|[^\w\s])|\s")
"""A word with the space before it: two texts have nothing in common because both have spaces."""
AROUND = 12
"""How many pieces of a text stand around what changed."""
COMPARED = 4000
"""How many pieces of a text are compared; of a longer one the rest is one piece."""
PAIRS = 1_000_000
"""How many pairs of equal pieces two texts may have to be compared: each is looked at, a word said often with each."""
ALIKE = 0.3
"""Two texts that have less in common are shown whole, one after the other."""
MOST = 20
"""How many fields of a take are shown."""
INDEX = re.compile(r"\[\d+\]")


def shown(change: Change) -> Iterator[Text]:
    """Write the lines of a change."""
    yield from _heading(change)
    for one in change.fields[:MOST]:
        yield styled("  ").append_text(_field(one))
    if len(change.fields) > MOST:
        yield styled(f"  … and {len(change.fields) - MOST} more fields; --json has all", "dim")
    if change.passing:
        counts = Counter(INDEX.sub("[…]", one.path) for one in change.passing)
        names = (name if count == 1 else f"{name} ({count}x)" for name, count in counts.items())
        yield styled(f"  different each time: {', '.join(names)}", "dim")


def words(was: str, now: str) -> Text | None:
    """Write a text with what went in `[-…-]` and what came in `{+…+}`; None if the texts have little in common."""
    one, other = _pieces(hidden(was)), _pieces(hidden(now))  # of a half of a secret nobody knows that it is one
    if _pairs(one, other) > PAIRS:
        return None
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
        return None
    made = styled("")
    codes = matcher.get_opcodes()
    for number, (kind, begin, end, start, stop) in enumerate(codes):
        if kind == "equal":
            made.append_text(styled(_near(one[begin:end], first=number == 0, last=number == len(codes) - 1)))
        else:
            gone, come = "".join(one[begin:end]), "".join(other[start:stop])
            between = " " if gone[:1] == come[:1] == " " else ""
            made.append(between)
            made.append_text(_marked(gone.removeprefix(between), "[-", "-]", "red"))
            made.append_text(_marked(come.removeprefix(between), "{+", "+}", "green"))
    return made


def _pairs(one: Sequence[str], other: Sequence[str]) -> int:
    """Count how often a piece of the one is a piece of the other."""
    counts = Counter(other)
    return sum(count * counts[piece] for piece, count in Counter(one).items())


def _heading(change: Change) -> Iterator[Text]:
    """Write where the takes are, as `diff -u` does, and what was asked."""
    for mark, name, other, words in (
        ("---", change.was, change.now, "first"),
        ("+++", change.now, change.was, "other"),
    ):
        if name:
            only = "" if other else f" only in the {words}"
            said = f" is damaged: {change.problem}" if change.problem else only
            yield styled(f"{mark} {name}", "bold").append_text(styled(said, "red" if change.problem else "yellow"))
    if change.question:
        yield line(change.question, "dim")


def _field(one: Difference) -> Text:
    if isinstance(one.was, str) and isinstance(one.now, str):
        said = words(one.was, one.now)
        if said is not None:
            return styled(f"{one.path}: ").append_text(said)
    return styled(str(one))


def _pieces(text: str) -> list[str]:
    found = PIECE.findall(text)
    return found if len(found) <= COMPARED else [*found[:COMPARED], "".join(found[COMPARED:])]


def _near(pieces: Sequence[str], *, first: bool, last: bool) -> str:
    """Leave out what is far from a change."""
    begin = 0 if first else AROUND
    end = 0 if last else AROUND
    if len(pieces) <= begin + end:
        return "".join(pieces)
    return f"{''.join(pieces[:begin])}…{''.join(pieces[len(pieces) - end :])}"


def _marked(said: str, begin: str, end: str, style: str) -> Text:
    return styled(f"{begin}{said}{end}", style) if said else styled("")
