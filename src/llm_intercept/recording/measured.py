"""What a tape says of the time its answers took, and of their lengths.

Knows: takes, where APIs say how many tokens there were. Must not know: who answers at that pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.tokens import EstimatingTokenizer, total
from llm_intercept.dialects import dialect_of
from llm_intercept.errors import SettingsError
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.config import recordings_of
from llm_intercept.recording.take import DamagedTakeError, read_take
from llm_intercept.timing.pace import Taken

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from llm_intercept.recording.config import Recordings
    from llm_intercept.recording.store import Store
    from llm_intercept.recording.take import Take

FAILED = 400
MOST = 10_000
"""Takes that are measured, the first ones."""
MOST_GAPS = 1_000
"""Gaps that are kept of a take."""


def takes_of(tape: str | os.PathLike[str] | Recordings) -> tuple[Taken, ...]:
    """Measure a tape; see `Pace.from_tape`. Raises `SettingsError` where it says nothing."""
    store = recordings_of(tape).store()
    found = [one for one in _whole(store) if one.response.after_ms is not None]
    streams = [one for one in found if one.response.events]
    if not found:
        raise SettingsError("pace", store.location, advice="No whole answer on this tape says how long it took.")
    return tuple(map(_measured, (streams or found)[:MOST]))


def _whole(store: Store) -> Iterator[Take]:
    for name in store.names():
        try:
            take = read_take(store.read(name), name)
        except (OSError, DamagedTakeError):
            continue
        if take.partial is None and take.response.status < FAILED:
            yield take


def _measured(take: Take) -> Taken:
    """Measure a take: a token takes its share of the whole time, however many came in an event."""
    response = take.response
    tokens = _tokens(take)
    gaps = [event.gap_ms / 1000 for event in (response.events or ())[1:]]
    share = len(gaps) / tokens if tokens else 1.0
    return Taken((response.after_ms or 0) / 1000, tuple(gap * share for gap in gaps[:MOST_GAPS]), tokens)


def _tokens(take: Take) -> int | None:
    """Read how many tokens were told, or estimate them; thoughts that were only counted were not told."""
    parts = urlsplit(take.request.url)
    head = WireRequest(take.request.method, take.request.url, parts.hostname or "", parts.path, take.request.headers)
    recorded, values = dialect_of(head).recorded, answer_values(take.response)
    try:
        usage = recorded.usage(values)
        said = () if usage is not None else recorded.replies(values)
    except Exception:  # noqa: BLE001 - a server may say anything
        return None
    if usage is not None:
        return max(0, usage.output_tokens - usage.reasoning_tokens) or None
    return total(EstimatingTokenizer(), [reply.text for reply in said], "") or None
