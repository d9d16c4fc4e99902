"""Puts a report together: rows and details, sums, and what the whole is called.

Knows: the document. Must not know: calls, takes, files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llm_intercept.base.version import __version__
from llm_intercept.report.document import PER_CHUNK, VERSION, Head, Report, Side, Totals

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
        totals=_totals(rows),
    )
    return Report(head=head, details=tuple(detail for _, detail in entries))


def _totals(rows: Sequence[Row]) -> Totals:
    costs = [row.cost for row in rows if row.cost is not None]
    return Totals(
        calls=len(rows),
        failed=sum(row.failed for row in rows),
        unmatched=sum(row.source == "unmatched" for row in rows),
        input_tokens=sum(row.input_tokens or 0 for row in rows),
        output_tokens=sum(row.output_tokens or 0 for row in rows),
        cost=round(sum(costs), 9) if costs else None,
    )
