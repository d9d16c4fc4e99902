"""The table of `recordings ls`.

Knows: rich, what is told of a take. Must not know: takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.fitted import Column, Fitted, line
from llm_intercept.base.words import counted
from llm_intercept.cli.terminal import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from llm_intercept.tapetools.listing import Entry

COLUMNS = (
    Column("#", is_number=True),
    Column("question", share=1),
    Column("answer", share=1),
    Column("tokens", is_number=True),
    Column("model"),
    Column("status", part=0.25),
    Column("came as", 110),
    Column("recorded", 110, part=1),
    Column("file", 170, part=1),
)
SECOND = 19  # characters of a time


class TakesTable:
    """Tables of tapes that stand under each other.

    Args:
        entries: What all tapes have.
        width: How many characters the screen is wide.

    """

    def __init__(self, entries: Sequence[Entry], width: int) -> None:
        self._fitted = Fitted(COLUMNS, [_row(entry) for entry in entries], width)

    def of(self, entries: Sequence[Entry], *, head: bool) -> Table:
        """Make the table of a tape."""
        return self._fitted.table([_row(entry) for entry in entries], head=head)

    @staticmethod
    def heading(location: str, entries: Sequence[Entry]) -> Text:
        """Write what stands over a tape: where it is, how much is in it, since when."""
        days = sorted({entry.recorded_at[:10] for entry in entries if entry.recorded_at})
        when = f", recorded {' to '.join(dict.fromkeys((days[0], days[-1])))}" if days else ""
        return styled(location, "bold").append_text(styled(f" {counted(len(entries), 'take')}{when}", "dim"))


def _row(entry: Entry) -> tuple[Text, ...]:
    bad = "red" if entry.status >= 400 else "yellow" if entry.partial else ""  # noqa: PLR2004 - HTTP's errors
    return (
        styled(str(entry.number), "dim"),
        line(entry.question),
        line(entry.answer, bad),
        styled("" if entry.input_tokens is None else f"{entry.input_tokens} → {entry.output_tokens}"),
        styled(entry.model),
        line(f"{entry.status}{', partial' if entry.partial else ''}", bad),
        styled("one piece" if entry.events is None else counted(entry.events, "event")),
        styled(entry.recorded_at[:SECOND].replace("T", " "), "dim"),
        styled(entry.name, "dim"),
    )
