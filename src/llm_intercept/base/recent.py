"""Counts for each of many keys, of which only the latest are kept.

Knows: keys and counts. Must not know: what is counted. It has no lock of its own: whoever counts holds one.
"""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")


class RecentCounts(dict[K, int]):
    """A dict of counts that are 0 where nothing was counted, and that forgets keys that did not come again for long.

    Looking a key up that is not there makes room for it. When there are `most` keys, these become the older half and
    a new one begins; what is looked up again moves into it. So the last `most` keys are always there, twice as many
    never, and both a look-up and forgetting cost the same however many there are, which popping the oldest key of a
    dict does not: it looks past all that were popped before.

    Args:
        most: How many keys are kept at least.

    """

    __slots__ = ("_older", "most")

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self._older: dict[K, int] = {}

    def __missing__(self, key: K) -> int:
        if len(self) >= self.most:
            self._older = dict(self)
            self.clear()
        count = self._older.pop(key, 0)
        if count:
            self[key] = count
        return count

    def forget(self, key: K) -> None:
        """Let the count of a key be 0."""
        self.pop(key, None)
        self._older.pop(key, None)

    def kept(self) -> dict[K, int]:
        """Return all counts that are kept."""
        return {**self._older, **self}
