"""What is asked of the takes that a block plays: how old they may be, and whether all are to be played.

Knows: takes, tapes. Must not know: requests, how a take is found.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from llm_intercept.base.words import counted
from llm_intercept.errors import OldRecordingWarning, RecordingError
from llm_intercept.recording.take import is_older
from llm_intercept.recording.tape import is_partial

if TYPE_CHECKING:
    from llm_intercept.recording.tape import Tape, TapeHit

SHOWN = 10


@dataclass(slots=True)
class WantedTakes:
    """What the settings of the same names ask, and what came of it."""

    max_age: float | None = None
    old_takes: Literal["warn", "error"] = "warn"
    all_played: bool = False
    _old: set[str] = field(default_factory=set[str])

    def fresh(self) -> WantedTakes:
        """Make one that asks the same, of which nothing has been played."""
        return WantedTakes(self.max_age, self.old_takes, self.all_played)

    def note(self, found: TapeHit) -> None:
        """Hear of a take that was played."""
        if self.max_age is not None and is_older(found.take.recorded_at, self.max_age):
            self._old.add(found.name)

    def old_error(self, tape: Tape) -> RecordingError | None:
        """Tell of takes that were played and are too old, as an error or, unless that is wanted, a warning."""
        old, self._old = sorted(self._old), set()
        if not old:
            return None
        told = OldRecordingWarning(tape.store.location, self.max_age, old)
        if self.old_takes == "error":
            return RecordingError(str(told))
        warnings.warn(told, stacklevel=5)
        return None

    def unplayed_error(self, tape: Tape) -> RecordingError | None:
        """Say which takes were not played, whether or not all are wanted."""
        played = set(tape.played)
        left = [name for name in tape.names() if name not in played and not is_partial(name)]
        if not left:
            return None
        place, shown = tape.store.location, "".join(f"\n  {name}" for name in left[:SHOWN])
        more = f"\n  … and {len(left) - SHOWN:,} more" if len(left) > SHOWN else ""
        advice = "Delete them if nothing asks for them any more, or leave out all_played=True."
        return RecordingError(f"{counted(len(left), 'take')} in {place} not played:{shown}{more}\n{advice}")
