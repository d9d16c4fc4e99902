"""Answers that one simulated model makes at the same time, as servers do that batch: each slows the others.

The model is the one that measurements of continuous batching show: the time of a token grows about linearly with the
answers in the batch (every step of the model does all of them), the time to the first one by what a request waits for a
place in it (Yu et al., "Orca", OSDI 2022; Kwon et al., "vLLM", SOSP 2023; there `max_num_seqs` says how many places).

What is counted is planned: an answer has its place from when it begins until its tokens would be made, whether or not
anybody reads them, so that nobody waits for a client that does not read.

Knows: simulated seconds, tokens. Must not know: clocks, what is sent, who waits.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.timing.pace import Pace, Times

KEPT = 1000
"""Answers that are remembered after their end: in virtual time others may still be at an earlier moment."""


class Batch:
    """The answers of one model that are under way.

    Args:
        load: By what share each further answer slows the tokens of all.
        places: How many there may be; None for any number.

    """

    def __init__(self, load: float, places: int | None) -> None:
        self._load, self._places = load, places
        self._begins: list[float] = []
        self._ends: list[float] = []
        self._lock = threading.Lock()

    @classmethod
    def of(cls, pace: Pace) -> Batch:
        """Make the batch of a pace."""
        return cls(pace.load, pace.max_batch)

    def join(self, now: float, times: Times, tokens: int) -> Place:
        """Take a place, now or when the first of those before has ended.

        Args:
            now: The request's simulated time.
            times: How long its answer takes by itself.
            tokens: How many it has, as far as is known.

        """
        with self._lock:
            self._forget(now)
            busy = len(self._ends) - bisect_right(self._ends, now)
            is_full = self._places is not None and busy >= self._places
            begins = self._ends[len(self._ends) - (self._places or 0)] if is_full else now
            place = Place(self, begins, times, tokens, self._slowed(busy + 1))
            insort(self._begins, begins)
            insort(self._ends, place.ends)
        return place

    def slowed(self, now: float) -> float:
        """How many times as long a token takes at a moment."""
        with self._lock:
            return self._slowed(bisect_right(self._begins, now) - bisect_right(self._ends, now))

    def move(self, ends: float, moved: float) -> None:
        """Let an answer end at another moment."""
        with self._lock:
            at = bisect_left(self._ends, ends)
            if at < len(self._ends) and self._ends[at] == ends:
                del self._ends[at]
                insort(self._ends, moved)

    def is_idle(self, now: float) -> bool:
        """Whether none is under way."""
        return not self._ends or self._ends[-1] <= now

    def _slowed(self, busy: int) -> float:
        most = busy if self._places is None else min(busy, self._places)
        return 1 + self._load * max(0, most - 1)

    def _forget(self, now: float) -> None:
        more = bisect_right(self._ends, now) - KEPT
        if more > KEPT:
            del self._ends[:more], self._begins[:more]


class Place:
    """The place of one answer.

    Attributes:
        begins: When it begins.
        ends: When it will have ended, as it is planned now.

    """

    def __init__(self, batch: Batch, begins: float, times: Times, tokens: int, slowed: float) -> None:
        self._batch, self._times, self._left = batch, times, tokens
        self.begins = begins
        self.ends = begins + times.first + tokens * times.mean * slowed

    def told(self, tokens: int, now: float) -> float:
        """Draw the seconds that the next tokens take, from a moment on."""
        slowed = self._batch.slowed(now)
        seconds = self._times.told(tokens) * slowed
        self._left = max(0, self._left - tokens)
        self._move(now + seconds + self._left * self._times.mean * slowed)
        return seconds

    def leave(self, now: float) -> None:
        """End now, if that is before the end that was planned."""
        if now < self.ends:
            self._move(now)

    def _move(self, ends: float) -> None:
        self._batch.move(self.ends, ends)
        self.ends = ends
