"""A report of one interceptor: its calls, its rules, what of it is no longer kept.

Knows: engines. Must not know: files, tests.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.report.document import Problem
from llm_intercept.report.of_calls import REDACTION, CallReader, used_rules
from llm_intercept.report.whole import whole_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.report.document import Report


def report_of(engine: Engine) -> Report:
    """Make the report of an interceptor's calls so far, by the name of the program."""
    reader, redaction = CallReader(), redaction_of(engine)
    entries = [reader.entry(n, call, redaction) for n, call in enumerate([*engine.journal.calls])]
    return whole_report(
        Path(sys.argv[0]).name or "Python", entries, rules=used_rules(engine.book.all()), problems=lost(engine)
    )


def redaction_of(engine: Engine) -> Redaction:
    """Give what is kept out of an interceptor's tape, which is kept out of its report too."""
    return REDACTION if engine.recorder is None else engine.recorder.recordings.redacting


def lost(engine: Engine) -> Iterator[Problem]:
    """Say what of an interceptor's calls is no longer there."""
    journal = engine.journal
    gone = journal.noted - len(journal.calls)
    if gone > 0:
        yield Problem(name=f"{gone:,} calls", why="they are no longer kept, or never were")
    forgotten = sum(bool(one.status) and one.answered is None and one.is_finished for one in journal.calls)
    if forgotten > 0:
        yield Problem(name=f"The answers of {forgotten:,} calls", why="they are not, or no longer, kept")
