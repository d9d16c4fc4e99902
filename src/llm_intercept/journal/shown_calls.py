"""Calls as people read them: two lines of text each, or a row of a table that fits the screen.

Knows: calls. Must not know: how calls come about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.fitted import Column, Fitted, line
from llm_intercept.model.parts import told
from llm_intercept.shown import cut, shorten, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table
    from rich.text import Text

    from llm_intercept.journal.journal import Call

COLUMNS = (
    Column("#", is_number=True),
    Column("question", share=1),
    Column("status"),
    Column("try", is_number=True),
    Column("answer", share=1),
    Column("from", part=0.2),
    Column("where", 150, part=0.3),
    Column("model", part=0.15),
    Column("tokens", 95, is_number=True),
    Column("came as", 110),
    Column("ms", 110, is_number=True),
    Column("turn", 100, is_number=True),
)
WIDTH = 80
"""So wide is a screen at the least; a text that is no table is made for it."""
SHORTEST = 14
"""How much of a rule and of an answer is told at the least."""
SHOWN = 10
"""How many calls a message lists."""
FAILS = frozenset({"unmatched", "refused"})
"""Sources of what was not answered."""
BROKEN = "✗"


def in_lines(calls: Sequence[Call], most: int | None = None) -> list[str]:
    """Tell calls, two lines each: what was asked, and how it ended; of many the first, and how many more there are."""
    told_of = calls if most is None else calls[:most]
    lines = [line for number, call in enumerate(told_of, 1) for line in _lines(number, call)]
    more = [f"  … and {len(calls) - len(told_of)} more"] if len(calls) > len(told_of) else []
    return [*map(visible, lines), *more]


def as_table(calls: Sequence[Call], width: int) -> Table:
    """Make a table for a screen that is so many characters wide."""
    rows = [_row(number, call) for number, call in enumerate(calls, 1)]
    return Fitted(COLUMNS, rows, width).table(rows)


def _lines(number: int, call: Call) -> Iterator[str]:
    begin = f"{number:>3} {_model(call)} {'stream' if call.request.stream else 'JSON'}"
    yield f"{begin} {shorten(call.request.last_user, WIDTH - len(begin) - 3)}" if call.request.last_user else begin
    yield f"    {_end(call, WIDTH - 4)}"


def _end(call: Call, width: int) -> str:
    """Say how a call ended, and who answered; the texts of both are cut, so that it fits."""
    where = "" if call.rule is None else f" ({call.rule.where})"
    again = f", attempt {call.attempt}" if call.attempt > 1 else ""
    ended = ", ".join([call.outcome, *map(repr, call.faults)])
    answer, by = _answer(call), _by(call)
    left = width - len(f"{ended}  from {where}{again}")
    by = cut(by, max(SHORTEST, left - min(len(answer), left // 2)))
    answer = _quoted(call, cut(answer, left - len(by) - 2)) if left - len(by) >= SHORTEST else ""
    return f"{' '.join(filter(None, (ended, answer)))} from {by}{where}{again}"


def _row(number: int, call: Call) -> tuple[Text, ...]:
    request, usage = call.request, call.usage
    bad = "red" if call.failed or call.source in FAILS else ""
    ended = call.outcome.removeprefix(f"{call.status} and ") if call.error is not None else ""
    broken = ended if call.source not in FAILS else ""
    return (
        line(str(number), "dim"),
        line(request.last_user or ("" if request.model else _model(call))),
        line(_status(call), bad),
        line("" if call.attempt == 1 else str(call.attempt), "yellow"),
        line(", ".join(filter(None, (*map(repr, call.faults), broken, _answer(call)))), bad),
        line(_by(call), bad if call.source in FAILS else ""),
        line("" if call.rule is None else "/".join(call.rule.where.split("/")[-2:]), "dim"),
        line(request.model),
        line("" if usage is None else f"{usage.input_tokens} → {usage.output_tokens}"),
        line("stream" if request.stream else "JSON"),
        line(f"{call.duration * 1000:.1f}", "dim"),
        line("" if request.turn == 1 else str(request.turn)),
    )


def _status(call: Call) -> str:
    """Say the status, and whether the exchange broke."""
    is_broken = call.error is not None and call.source not in FAILS
    return " ".join(filter(None, (str(call.status or ""), BROKEN if is_broken else ""))) or "…"


def _answer(call: Call) -> str:
    """Say what was answered: the parts of a reply, another reply in its own words, why the API refuses."""
    if call.source == "refused":
        return str(call.error).partition("\n")[0]
    parts = getattr(call.reply, "parts", None)
    if parts is not None:
        return told(parts)
    return "" if call.reply is None or call.faults else repr(call.reply)


def _quoted(call: Call, answer: str) -> str:
    """Quote what is a text, and neither a call nor a reply in its own words."""
    return repr(answer) if answer and getattr(call.reply, "text", "") else answer


def _by(call: Call) -> str:
    """Say who answered: a rule, or else where the answer came from; a limit and chaos are no rules."""
    if call.rule is not None:
        return str(call.rule)
    return "no rule" if call.source == "rule" else call.source


def _model(call: Call) -> str:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - only printing needs it

    return call.request.model or shown_url(call.request.url)
