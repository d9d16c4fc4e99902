"""Writes each call of this process down as it ends, for the report of a command that starts several processes.

Knows: calls, engines, parts of a report. Must not know: who starts the processes, who joins the parts.
"""

from __future__ import annotations

import atexit
import itertools
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from llm_intercept.journal.journal import HEARING
from llm_intercept.report.of_calls import REDACTION, CallReader, used_rules
from llm_intercept.report.of_interceptors import redaction_of
from llm_intercept.report.run_parts import Part

if TYPE_CHECKING:
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.journal.journal import Call


class Gathered:
    """Hears calls; one that cannot be read or written is missing in the report, and breaks no program.

    Args:
        folder: Where the parts of the report are.
        engine: What answers in this process, whose rules are told at the end; None where there are several.

    """

    def __init__(self, folder: str, engine: Engine | None = None) -> None:
        self._folder, self._engine = folder, engine
        self._redaction = REDACTION if engine is None else redaction_of(engine)
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

    def hear(self, call: Call) -> None:
        """Write a call down."""
        with suppress(Exception):
            Part(self._folder).add([self._reader.entry(next(self._numbers), call, self._redaction)])

    def end(self) -> None:
        """Write down how often each rule was used."""
        if self._engine is not None:
            name = str(os.getpid())
            with suppress(Exception):
                Part(self._folder).add([], [(name, rule) for rule in used_rules(self._engine.book.all())])
