"""The takes of a tape by something else than what their names say.

Knows: takes, their times. Must not know: what they are found by, files.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from llm_intercept.recording.take import Take

if TYPE_CHECKING:
    from collections.abc import Iterable

Loosened = Callable[[Take], str | None]
Placed = tuple[str, str, str]
"""A take's time, name and fingerprint."""


def index(
    takes: Iterable[tuple[str, Take]], loosened: Loosened, read: Callable[[str], Take | None]
) -> dict[str, list[str]]:
    """Find the takes of each key in the order of their requests: of one request by number, of several by time.

    Args:
        takes: All takes, with their names.
        loosened: Makes a take's key. Those of which it cannot be told yet (None) are asked about again when all others
            were seen, in the order of their requests; those of which it never can, are found by their fingerprints.
        read: Reads a take again.

    """
    found: defaultdict[str, list[Placed]] = defaultdict(list)
    later: list[Placed] = []
    for name, take in takes:
        if take.partial is None:
            key = loosened(take)
            (later if key is None else found[key]).append((take.recorded_at, name, take.fingerprint))
    for placed in sorted(later):
        again = read(placed[1])
        key = None if again is None else loosened(again)
        found[key or placed[2]].append(placed)
    return {key: _in_order(listed) for key, listed in found.items()}


def _in_order(found: list[Placed]) -> list[str]:
    """Sort takes by time, but those of one fingerprint by name: clocks may go back."""
    by_name: defaultdict[str, deque[str]] = defaultdict(deque)
    for _, name, fingerprint in sorted(found, key=lambda one: one[1]):
        by_name[fingerprint].append(name)
    return [by_name[fingerprint].popleft() for _, _, fingerprint in sorted(found)]
