"""Tables with a line for each row, at any width: what is long is cut; what matters least, or says nothing, is left out.

Knows: rich, and how wide a character is. Must not know: what stands in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from llm_intercept.shown import cut, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

GAP = 2
FAIR = 0.18
"""The part of the screen that a column which shares gets, before those grow that are as wide as their texts."""
LONGEST = 400
"""How many characters of a text are looked at: no screen is as wide."""


class Column(NamedTuple):
    """A column.

    Attributes:
        head: Its name.
        least: The narrowest screen that it stands on, in characters.
        share: How much of what the others leave it takes; 0 of one that is as wide as its texts.
        part: The part of the screen that it takes at the most, where it is as wide as its texts.
        is_number: Whether it stands to the right.

    """

    head: str
    least: int = 0
    share: int = 0
    part: float = 0.2
    is_number: bool = False


class Fitted:
    """The columns that a screen has place for, as wide as rows need.

    Args:
        columns: All columns.
        rows: All rows, a cell for each column; of several tables those of all, so that they stand under each other.
        width: How many characters the screen is wide.

    """

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> None:
        self._shown = [
            number
            for number, column in enumerate(columns)
            if width >= column.least and any(row[number].plain for row in rows)
        ]
        self._columns = columns
        wanted = {number: _widest(columns[number], [row[number] for row in rows], width) for number in self._shown}
        self._widths = _shared(columns, wanted, width)

    def table(self, rows: Sequence[Sequence[Text]], *, head: bool = True) -> Table:
        """Make a table of rows, each a line."""
        from rich.table import Table  # noqa: PLC0415 - only printing needs it

        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_header=head, header_style="dim")
        for number in self._shown:
            column = self._columns[number]
            justify: Literal["left", "right"] = "right" if column.is_number else "left"
            width = self._widths[number]
            table.add_column(column.head, width=width, no_wrap=True, overflow="ellipsis", justify=justify)
        for row in rows:
            table.add_row(*(row[number] for number in self._shown))
        return table


def line(text: str, style: str = "") -> Text:
    """Write what somebody else said on one line, as a cell."""
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(visible(" ".join(cut(text, LONGEST).split())), style)


def _widest(column: Column, cells: Sequence[Text], width: int) -> int:
    """Say how wide a column is to be: as its widest cell, or its part of the screen."""
    widest = max([len(column.head), *(cell.cell_len for cell in cells)])
    return widest if column.share else min(widest, max(len(column.head), int(column.part * width)))


def _shared(columns: Sequence[Column], wanted: dict[int, int], width: int) -> dict[int, int]:
    """Give each column its width; those that share take what is left, the one that needs less first."""
    sharing = sorted((number for number in wanted if columns[number].share), key=wanted.__getitem__)
    widths = {number: wide for number, wide in wanted.items() if number not in sharing}
    place, fair = width - GAP * (len(wanted) - 1), int(FAIR * width)
    while widths and place - sum(widths.values()) < sum(min(fair, wanted[number]) for number in sharing):
        widest = max(widths, key=widths.__getitem__)
        if widths[widest] <= len(columns[widest].head):
            break
        widths[widest] -= 1
    left, shares = place - sum(widths.values()), sum(columns[number].share for number in sharing)
    for number in sharing:
        share = columns[number].share
        widths[number] = max(1, min(wanted[number], left * share // shares))
        left, shares = left - widths[number], shares - share
    return widths
