"""Puts a report together: rows and details, and what the whole is called.

Knows: the document. Must not know: calls, takes, files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llm_intercept.base.version import __version__
from llm_intercept.report.document import PER_CHUNK, VERSION, Head, Report, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.report.document import Detail, Pair, Problem, ReportKind, Row, UsedRule


def whole_report(
    title: str,
    entries: Sequence[tuple[Row, Detail]],
    *,
    kind: ReportKind = "calls",
    sides: Iterable[Side] = (),
    rules: Iterable[UsedRule] = (),
    pairs: Iterable[Pair] = (),
    problems: Iterable[Problem] = (),
) -> Report:
    """Put a report together.

    Args:
        title: What it is of.
        entries: The row and the detail of each call, by number.
        kind: What kind of report it is.
        sides: What it is of: one thing, or two of a difference.
        rules: The rules there were.
        pairs: Of a difference, which call is which.
        problems: What could not be shown.

    """
    rows = tuple(row for row, _ in entries)
    head = Head(
        version=VERSION,
        tool=f"llm-intercept {__version__}",
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        title=title,
        kind=kind,
        sides=tuple(sides) or (Side(name=title),),
        rows=rows,
        per_chunk=PER_CHUNK,
        rules=tuple(rules),
        pairs=tuple(pairs),
        problems=tuple(problems),
    )
    return Report(head=head, details=tuple(detail for _, detail in entries))
