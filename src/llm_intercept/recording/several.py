"""The takes of one key, by their numbers: which were played, which are of which request, which comes next.

Knows: numbers (from 1, without gaps) and likenesses. Must not know: files.
"""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.recording.likeness import Likeness


class Several:
    """The takes that have one key.

    Attributes:
        next: The lowest number that was not played.
        seen: How many are known by their requests, from the first on.

    """

    def __init__(self) -> None:
        self.next = 1
        self._beyond: set[int] = set()
        self.forget()

    def forget(self) -> None:
        """Forget which take is of which request, since that has changed; what was played is not forgotten."""
        self.seen = 0
        self._waiting: defaultdict[bytes, deque[int]] = defaultdict(deque)
        self._latest: dict[bytes, int] = {}

    @property
    def count(self) -> int:
        """How many were played."""
        return self.next - 1 + len(self._beyond)

    def learn(self, likeness: Likeness) -> None:
        """Take the request of the next one that is not known."""
        self.seen += 1
        self._latest[likeness.alike] = self.seen
        for each in set(likeness):
            self._waiting[each].append(self.seen)

    def play(self, number: int) -> None:
        """Note that one was played."""
        self._beyond.add(number)
        while self.next in self._beyond:
            self._beyond.remove(self.next)
            self.next += 1

    def equal(self, wanted: Likeness) -> int | None:
        """Return the first of an equal request that was not played; None if there is none, or none left."""
        return self._first(wanted.exact) or self._first(wanted.alike)

    def has_had(self, wanted: Likeness) -> bool:
        """Whether there are takes of an equal request, played or not."""
        return wanted.alike in self._latest

    def last(self, wanted: Likeness) -> int:
        """Return the last of an equal request, or of all that were played."""
        return self._latest.get(wanted.alike, self.next - 1)

    def _first(self, likeness: bytes) -> int | None:
        waiting = self._waiting.get(likeness, ())
        while waiting and (waiting[0] < self.next or waiting[0] in self._beyond):
            waiting.popleft()
        return waiting[0] if waiting else None


class Numbers:
    """The takes of one request that were recorded here, by number, in the order in which their requests began."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._began: list[int] = []

    @property
    def last(self) -> int:
        """The last number, 0 if there is none."""
        return self._numbers[-1] if self._numbers else 0

    def insert(self, number: int, began: int) -> list[int]:
        """Add one whose number is the last; return the numbers from that which is its by right up to that."""
        place = bisect(self._began, began)
        self._numbers.append(number)
        self._began.insert(place, began)
        return self._numbers[place:]
