"""The report of a run of several processes: each adds what it has to a file of its own, and one joins them all.

A part is lines of JSON, so that a process that is killed loses no more than its last line.

Knows: rows, details, rules. Must not know: tests, calls, what starts the processes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from llm_intercept.report.document import Detail, Plain, Problem, Row, UsedRule
from llm_intercept.report.whole import whole_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llm_intercept.report.document import Report

SUFFIX = ".part"


class Line(Plain):
    """A line of a part: a call, or a rule as it is now; a later line of the same rule is true instead of it."""

    row: Row | None = None
    detail: Detail | None = None
    rule: UsedRule | None = None
    of: str = ""


class Part:
    """What one process adds to a run's report.

    Args:
        folder: Where the parts of the run are.

    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path = Path(folder, f"{os.getpid()}{SUFFIX}")

    def add(self, entries: Iterable[tuple[Row, Detail]], rules: Iterable[tuple[str, UsedRule]] = ()) -> None:
        """Add calls, and rules with what each is known by; raises `OSError` if they cannot be written."""
        lines = [Line(row=row, detail=detail) for row, detail in entries]
        lines += [Line(rule=rule, of=of) for of, rule in rules]
        if lines:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{line.as_json()}\n" for line in lines))


class _Read(NamedTuple):
    entries: list[tuple[Row, Detail]]
    rules: dict[str, UsedRule]
    problems: list[Problem]


def joined(folder: str | os.PathLike[str], title: str) -> Report:
    """Make the report of a run of all parts there are, the calls in the order in which they came.

    Args:
        folder: Where the parts are.
        title: What the run is called.

    """
    found = [_read(path) for path in sorted(Path(folder).glob(f"*{SUFFIX}"))]
    rules = [rule for one in found for rule in one.rules.values()]
    return whole_report(
        title,
        _numbered([one.entries for one in found]),
        rules=[rule.model_copy(update={"number": number}) for number, rule in enumerate(rules, 1)],
        problems=[problem for one in found for problem in one.problems],
    )


def _read(path: Path) -> _Read:
    found = _Read([], {}, [])
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            line = Line.model_validate_json(text)
        except ValidationError:
            found.problems.append(Problem(name=f"A call of process {path.stem}", why=f"line {number} is not whole"))
            continue
        if line.row is not None and line.detail is not None:
            found.entries.append((line.row, line.detail))
        elif line.rule is not None:
            found.rules[f"{line.of} {line.rule.number}"] = line.rule
    return found


def _numbered(parts: Sequence[Sequence[tuple[Row, Detail]]]) -> list[tuple[Row, Detail]]:
    """Number the calls of all processes by when they came, and what they say of each other with them."""
    every = [(part, entry) for part, entries in enumerate(parts) for entry in entries]
    every.sort(key=lambda one: one[1][0].real_started or 0.0)
    numbers = {(part, row.n): n for n, (part, (row, _)) in enumerate(every)}
    return list(_renumbered(every, numbers))


def _renumbered(
    every: Sequence[tuple[int, tuple[Row, Detail]]], numbers: dict[tuple[int, int], int]
) -> Iterator[tuple[Row, Detail]]:
    for n, (part, (row, detail)) in enumerate(every):
        again = None if row.retry_of is None else numbers.get((part, row.retry_of))
        continues = None if detail.continues is None else numbers.get((part, detail.continues))
        yield (
            row.model_copy(update={"n": n, "retry_of": again}),
            detail.model_copy(update={"n": n, "continues": continues}),
        )
