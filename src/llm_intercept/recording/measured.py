"""The pace of a tape: how long its answers took to begin, and from one token to the next.

Knows: takes. Must not know: who answers at that pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.errors import SettingsError
from llm_intercept.recording.take import DamagedTakeError, read_take
from llm_intercept.timing.pace import Measured, Pace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.store import Store
    from llm_intercept.recording.take import TakeResponse

FAILED = 400
MOST = 10_000
"""Times that are kept of each kind, from the first takes on."""


def pace_of(store: Store) -> Pace:
    """Measure a tape; raises `SettingsError` where it says nothing."""
    answers = list(_answers(store))
    streams = [one for one in answers if one.events]
    first = [one.after_ms for one in streams or answers if one.after_ms is not None]
    gaps = [event.gap_ms for one in streams for event in (one.events or ())[1:]]
    if not first:
        raise SettingsError("pace", store.location, advice="No whole answer on this tape says how long it took.")
    return Pace(ttft=_measured(first), per_token=_measured(gaps) if gaps else None)


def _answers(store: Store) -> Iterator[TakeResponse]:
    for name in store.names():
        try:
            take = read_take(store.read(name), name)
        except (OSError, DamagedTakeError):
            continue
        if take.partial is None and take.response.status < FAILED:
            yield take.response


def _measured(milliseconds: list[int]) -> Measured:
    return Measured(tuple(one / 1000 for one in milliseconds[:MOST]))
