"""How far our answers are from the recorded ones: `make fidelity`, which prints the tables of docs/fidelity.md.

Each recorded answer is given as a reply to its own request, and what comes out is held against it: byte by byte, as an
SDK shows it, and by classifiers that are trained to tell the two apart. With `-v` the differences are printed one by
one instead; `-k WORD` only asks the APIs that have the word in their name.

Knows: pairs and what is measured of them. Must not know: how answers are written.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from fidelity.pairs import Pair, masked, pairs
from fidelity.telling_apart import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD = (
    "| API | shape | answers | byte for byte, masked | the same through the SDK "
    "| told apart, by file: by fields, by characters | by day | by file, masked |"
)
FEW = 20
"""So few pairs teach no classifier."""
WHOLE = 15
"""A recording with fewer headers was made by a recorder that drops some."""


def main() -> None:
    """Print the tables."""
    word = sys.argv[sys.argv.index("-k") + 1] if "-k" in sys.argv else ""
    asked = [one for one in pairs() if word in one.oracle.api]
    if not asked:
        sys.exit("No recorded answers: the shared recordings are not beside this checkout, or -k fits no API.")
    if "-v" in sys.argv:
        _differences(asked)
        return
    print(HEAD, "|---|---|---|---|---|---|---|---|", sep=os.linesep)
    key = lambda one: (one.oracle.api, one.form)  # noqa: E731 - groupby's and sorted's
    for (api, form), group in groupby(sorted(asked, key=key), key=key):
        print(f"| {api} | {form} | {_row(list(group))} |", flush=True)
    print()
    for line in _headers(asked):
        print(line)


def _row(group: Sequence[Pair]) -> str:
    same = [one for one in group if one.is_of_today]
    equal = sum(masked(one.theirs) == masked(one.ours) for one in same)
    seen = sum(first == second for first, second in map(Pair.seen, group))
    cells = [str(len(group)), _share(equal, len(same)), _share(seen, len(group))]
    if len(group) < FEW:
        return " | ".join([*cells, *["too few"] * 3])
    theirs, ours = zip(*map(Pair.comparable, group), strict=True)
    files, days = [one.exchange.name for one in group], [one.day for one in group]
    hidden = told_apart([*map(masked, theirs)], [*map(masked, ours)], files)
    found = (told_apart(theirs, ours, files), told_apart(theirs, ours, days), hidden)
    return " | ".join([*cells, *(f"{one.boosting:.3f}, {one.characters:.3f}" for one in found)])


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


def _headers(asked: Sequence[Pair]) -> Iterator[str]:
    """Say how often each header stands in theirs and in ours, where the two differ."""
    yield "| API | header | in theirs | in ours |"
    yield "|---|---|---|---|"
    by_api: defaultdict[str, list[Pair]] = defaultdict(list)
    for one in asked:
        if len(one.exchange.headers) > WHOLE:
            by_api[one.oracle.api].append(one)
    for api, several in by_api.items():
        theirs = [{name.lower() for name, _ in one.exchange.headers} for one in several]
        ours = [{name.lower() for name, _ in one.headers} for one in several]
        for name in sorted(set().union(*theirs, *ours)):
            there, here = (sum(name in some for some in side) / len(side) for side in (theirs, ours))
            if abs(there - here) > 0.05:  # noqa: PLR2004 - a twentieth
                yield f"| {api} | `{name}` | {there:.0%} | {here:.0%} |"


def _differences(asked: Sequence[Pair]) -> None:
    for one in asked:
        name = f"{one.exchange.name} ({one.oracle.api}, {one.form})"
        theirs, ours = (masked(text).replace(",", ",\n").splitlines() for text in one.comparable())
        lines = [line for line in difflib.unified_diff(theirs, ours, lineterm="", n=0) if line[:2] not in {"--", "++", "@@"}]  # fmt: skip  # noqa: E501
        first, second = one.seen()
        if lines or first != second:
            print(f"\n{name}{'' if first == second else ' SEEN'}")
            print(*lines[:12], sep=os.linesep)
            print(*_where(first, second), sep=os.linesep)


def _where(one: Any, two: Any, path: str = "") -> Iterator[str]:
    """Say where what the SDK shows of two answers differs."""
    if one == two:
        return
    if isinstance(one, dict) and isinstance(two, dict):
        mine, other = cast("dict[str, Any]", one), cast("dict[str, Any]", two)
        for name in sorted(mine.keys() | other.keys()):
            yield from _where(mine.get(name), other.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(two, list) and len(cast("list[Any]", one)) == len(cast("list[Any]", two)):
        for at, (first, second) in enumerate(zip(cast("list[Any]", one), cast("list[Any]", two), strict=True)):
            yield from _where(first, second, f"{path}[{at}]")
    else:
        yield f"  SDK {path}: {str(one)[:60]!r}, ours {str(two)[:60]!r}"


main()
