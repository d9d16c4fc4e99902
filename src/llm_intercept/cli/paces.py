"""`--pace`: a pace as a command line says it.

Knows: `Pace`, tapes by name. Must not know: click, who answers.
"""

from __future__ import annotations

from dataclasses import fields

from llm_intercept.errors import SettingsError
from llm_intercept.recording.config import Recordings
from llm_intercept.timing.pace import Pace

NAMES = tuple(one.name for one in fields(Pace))
EXPECTED = "numbers by name, ttft=0.3,tokens_per_second=60,jitter=0.2, or a tape, tape:FOLDER"
TAPE = "tape:"


def pace_of(text: str) -> Pace:
    """Read a pace; raises `SettingsError` at what is none."""
    if text.startswith(TAPE):
        return Recordings(text.removeprefix(TAPE)).pace()
    given: dict[str, float] = {}
    for one in text.split(","):
        name, _, value = one.partition("=")
        if name.strip() not in NAMES:
            raise SettingsError("--pace", text, f"{EXPECTED}; the names are {', '.join(NAMES)}")
        try:
            given[name.strip()] = float(value)
        except ValueError:
            raise SettingsError("--pace", text, EXPECTED) from None
    return Pace(**given)
