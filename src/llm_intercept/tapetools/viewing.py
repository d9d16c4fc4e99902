"""Makes the report of what a command is given: tapes, takes, pages of runs; or of what differs between two of them.

Knows: tapes, pages, reports. Must not know: HTML, terminals.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llm_intercept.base.words import counted
from llm_intercept.report.compared import pairs_of
from llm_intercept.report.document import Problem, Side
from llm_intercept.report.of_takes import entries_of_takes
from llm_intercept.report.page_read import report_in
from llm_intercept.report.whole import whole_report
from llm_intercept.tapetools.differing import at_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.recording.take import Take
    from llm_intercept.report.document import Detail, Report, Row, UsedRule
    from llm_intercept.tapetools.differing import Place

PAGES = (".html", ".htm")


class Shown(NamedTuple):
    """What is shown of a place."""

    side: Side
    entries: list[tuple[Row, Detail]]
    rules: list[UsedRule]
    problems: list[Problem]


def report_at(places: Sequence[str]) -> Report:
    """Make the report of what is at some places.

    Args:
        places: Each a folder or URL of takes or tapes, a take's file, or the page of a run.

    Raises:
        LookupError: There are no recordings at a place.
        LLMInterceptError: A file is no take, or no page.

    """
    shown: list[Shown] = []
    for place in places:
        shown.append(_shown(place, 0, sum(len(one.entries) for one in shown), is_alone=len(places) == 1))
    entries = [entry for one in shown for entry in one.entries]
    is_of_calls = all(place.endswith(PAGES) for place in places)
    return whole_report(
        ", ".join(one.side.name for one in shown),
        entries,
        kind="calls" if is_of_calls else "takes",
        rules=[rule for one in shown for rule in one.rules],
        problems=[problem for one in shown for problem in one.problems],
    )


def difference_of(one: str, other: str) -> Report:
    """Make the report of what differs between two places; see `report_at`."""
    was = _shown(one, 0, 0, is_alone=True)
    now = _shown(other, 1, len(was.entries), is_alone=True)
    return whole_report(
        f"{was.side.name} and {now.side.name}",
        [*was.entries, *now.entries],
        kind="difference",
        sides=(was.side, now.side),
        rules=[*was.rules, *now.rules],
        pairs=pairs_of(was.entries, now.entries),
        problems=[*was.problems, *now.problems],
    )


def _shown(place: str, side: int, first: int, *, is_alone: bool) -> Shown:
    path = Path(place)
    if place.endswith(PAGES) and path.is_file():
        return _of_page(path, side, first)
    found = at_place(place)
    takes = list(_named(place, found, is_alone=is_alone))
    problems = [Problem(name=name, why=why) for tape in found.tapes.values() for name, why in tape.problems]
    note = counted(len(takes), "take")
    return Shown(Side(name=place, note=note), entries_of_takes(takes, side, first), [], problems)


def _named(place: str, found: Place, *, is_alone: bool) -> Iterable[tuple[str, Take]]:
    """Give takes by their names within a place; with the place, where there are several."""
    if found.take is not None:
        yield Path(found.take[0]).name, found.take[1]
    for tape in found.tapes.values():
        for name, take in tape.takes:
            yield name.removeprefix(place).lstrip("/\\") if is_alone else name, take


def _of_page(path: Path, side: int, first: int) -> Shown:
    """Read a run again, its calls numbered from `first`."""
    report = report_in(path)
    rows = [
        row.model_copy(update={"n": row.n + first, "side": side, "retry_of": _moved(row.retry_of, first)})
        for row in report.head.rows
    ]
    details = [
        one.model_copy(update={"n": one.n + first, "continues": _moved(one.continues, first)}) for one in report.details
    ]
    name = Side(name=report.head.title or path.name, note=f"{path.name}, {report.head.made_at}")
    entries = list(zip(rows, details, strict=True))
    return Shown(name, entries, list(report.head.rules), list(report.head.problems))


def _moved(number: int | None, by: int) -> int | None:
    return None if number is None else number + by
