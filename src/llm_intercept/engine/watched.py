"""The steps of an answer, watched so that its end is noted, whatever it is, and when each was taken.

Knows: a call's end. Must not know: what the steps hold, who reads them.
"""

from __future__ import annotations

from itertools import islice
from sys import getsizeof
from typing import TYPE_CHECKING, Protocol

from llm_intercept.journal.kept_response import LARGEST
from llm_intercept.model.wire import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from llm_intercept.model.wire import Step
    from llm_intercept.timing.clock import Timeline

    Ended = Callable[[Exception | None, Step | None], None]

MOST = LARGEST // getsizeof(b"")
"""More steps of one answer are not kept."""
AT_ONCE = 64
"""Steps whose size is looked at together, since a look at each would be felt."""


class Counts(Protocol):
    """Whoever wants to know how many steps were given."""

    given: int | None


def _close(steps: Iterable[Step]) -> None:
    close = getattr(steps, "close", None)
    if close is not None:
        close()


class Watched:
    """Gives the steps one by one and says how they ended.

    Args:
        steps: The steps.
        ended: Called once, with the exception they ended with, or None when they were read to their end or closed
            before; and with the step that was given last.
        counts: Is told how many steps were given; None where nobody asks.

    """

    given: int | None = None
    _later: Step | None = None
    _error: Exception | None = None

    def __init__(self, steps: Iterable[Step], ended: Ended, counts: Counts | None = None) -> None:
        self._steps = steps
        self._ended: Ended | None = ended
        self._counts = counts or self

    def __iter__(self) -> Iterator[Step]:
        """Give the steps; once, as they are."""
        counts, steps = self._counts, self._steps
        try:
            for counts.given, step in enumerate(steps, 1):
                self._later = step
                yield step
        except Exception as error:
            self._error = error
            raise
        self._later = b""
        self._end(None)

    def failed(self, error: Exception, /) -> None:
        """End the steps with an error: their own, or one that came up where they are carried out."""
        self._end(error)
        self.close()

    def close(self) -> None:
        """End the steps, also ones that were never begun."""
        _close(self._steps)
        self._end(self._error)

    def __del__(self) -> None:
        self._end(self._error)

    def _end(self, error: Exception | None) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(error, self._last())

    def _last(self) -> Step | None:
        return self._later


class Keeping(Watched):
    """Keeps the steps too, as many as are kept of one answer; a step costs a list's append.

    Args:
        steps: The steps.
        ended: As for `Watched`.
        kept: Gets the steps as they are given.

    """

    def __init__(self, steps: Iterable[Step], ended: Ended, kept: list[Step]) -> None:
        super().__init__(steps, ended)
        self._kept = kept

    def __iter__(self) -> Iterator[Step]:
        """Give the steps; once, as they are."""
        kept, steps = self._kept, iter(self._steps)
        try:
            left = LARGEST
            while left > 0:
                begin = len(kept)
                for step in islice(steps, AT_ONCE):
                    kept.append(step)
                    yield step
                left -= sum(map(getsizeof, kept[begin:])) if len(kept) == begin + AT_ONCE else left
            for step in steps:
                self._later = step
                yield step
        except Exception as error:
            self._error = error
            raise
        self._later = b""
        self._end(None)

    def _last(self) -> Step | None:
        return self._kept[-1] if self._later is None and self._kept else self._later


class Noted:
    """Gives the steps one by one and notes when each is taken.

    Args:
        steps: The steps.
        timeline: The time of their exchange, on a clock on which waits take time.

    """

    def __init__(self, steps: Iterable[Step], timeline: Timeline) -> None:
        self._steps, self._timeline = steps, timeline
        self._moments: list[float] = []

    def __iter__(self) -> Iterator[Step]:
        """Give the steps."""
        moments = self._moments
        for step in self._steps:
            if len(moments) < MOST:
                moments.append(self._timeline.elapsed())
            yield step

    def close(self) -> None:
        """End the steps, also ones that were never begun."""
        _close(self._steps)

    def as_taken(self, steps: Iterable[Step], at: float) -> list[Step]:
        """Say of the first steps, those that are kept, how long it took until each was taken.

        Args:
            steps: The steps as they were planned.
            at: Simulated seconds from the request's arrival to the answer's headers.

        """
        taken: list[Step] = []
        for step, moment in zip(steps, self._moments, strict=False):
            if isinstance(step, bytes):
                taken += (Wait(max(0.0, moment - at)), step)
                at = max(at, moment)
            elif not isinstance(step, Wait):
                taken.append(step)
        return taken
