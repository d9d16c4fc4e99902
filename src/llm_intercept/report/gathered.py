"""Writes each call of this process down as it ends, for the report of a command, or of tests, that starts processes.

Knows: calls, engines, parts of a report. Must not know: who starts the processes, who joins the parts.
"""

from __future__ import annotations

import atexit
import itertools
import os
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from llm_intercept.journal.journal import HEARING
from llm_intercept.report.of_calls import REDACTION, CallReader, used_rules
from llm_intercept.report.of_interceptors import redaction_of
from llm_intercept.report.run_parts import Part

if TYPE_CHECKING:
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.journal.journal import Call


WRITTEN: set[str] = set()
"""The folders into which somebody else writes the calls of this process: its pytest, test by test."""
TEST = "PYTEST_CURRENT_TEST"
"""Where pytest says which test runs, and in which phase."""


class Gathered:
    """Hears calls; one that cannot be read or written is missing in the report, and breaks no program.

    Args:
        folder: Where the parts of the report are.

    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._engines: list[Engine] = []
        self._reader, self._numbers = CallReader(), itertools.count()

    def begin(self) -> Gathered:
        """Hear from now on, to the end of the process."""
        HEARING.append(self.hear)
        atexit.register(self.end)
        return self

    def stop(self) -> None:
        """Hear no more."""
        HEARING.remove(self.hear)
        atexit.unregister(self.end)

    def know(self, engine: Engine) -> None:
        """Learn of an engine that answers in this process, whose rules are told at the end."""
        self._engines.append(engine)

    def hear(self, call: Call) -> None:
        """Write a call down."""
        if self._folder in WRITTEN:
            return
        redactions = (redaction_of(one) for one in self._engines if call.began_in(one.journal))
        with suppress(Exception):
            test = os.environ.get(TEST, "").rpartition(" ")[0]
            entry = self._reader.entry(next(self._numbers), call, next(redactions, REDACTION), test=test)
            Part(self._folder).add([entry])

    def end(self) -> None:
        """Write down how often each rule was used."""
        if self._folder in WRITTEN:
            return
        for number, engine in enumerate(self._engines):
            name = f"{os.getpid()} {number}"
            with suppress(Exception):
                Part(self._folder).add([], [(name, rule) for rule in used_rules(engine.book.all())])


@cache
def gathered(folder: str) -> Gathered:
    """Begin to write the calls of this process into a folder, or give who does: a forked copy goes on doing it."""
    return Gathered(folder).begin()
