"""An interceptor's rules and settings for somebody else, who shares nothing else of it: calls, scripts, what is kept.

Knows: what of an engine is a setting, and what is its state. Must not know: who wants it, HTTP.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from llm_intercept.engine.exchange import Engine
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.journal.journal import Journal
from llm_intercept.simulation.service import Service

if TYPE_CHECKING:
    from llm_intercept.interceptor.interceptor import Interceptor

STATE = ("book", "journal", "service", "stored", "recorder", "identities")
"""What of an engine is not what it was told, but what has happened to it."""


def sandbox(llm: Interceptor) -> Interceptor:
    """Make an interceptor of the same rules, none of which was used, and of the same settings.

    The log is the same, and the tape's folder, which is played from its beginning. Limits and chaos are not taken over.
    """
    made = copy.copy(llm)
    made._engine, made._state = _fresh(engine_of(llm)), None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - not for users
    return made


def reset(llm: Interceptor) -> None:
    """Let nothing have happened to an interceptor: its rules were never used, its calls, limits and chaos are gone."""
    engine = engine_of(llm)
    made = _fresh(engine)
    problem = None if engine.recorder is None else engine.recorder.settle()
    if problem is not None:  # what was recorded is on the disk all the same
        made.journal.failures.append(problem)
    for name in STATE:
        setattr(engine, name, getattr(made, name))


def _fresh(engine: Engine) -> Engine:
    """Make an engine of the same settings and rules, to which nothing has happened yet."""
    journal, service = engine.journal, engine.service
    made = Engine(
        book=engine.book.fresh(),
        journal=Journal(keep=journal.keep, most=journal.most, log=journal.log),
        service=Service(service.clock.afresh(), service.own_pace),
        recorder=None if engine.recorder is None else engine.recorder.fresh(),
    )
    return replace(engine, **{name: getattr(made, name) for name in STATE})
