"""The steps of an answer, watched so that its end is noted, whatever it is.

Knows: a call's end. Must not know: what the steps hold, who reads them.
"""

from __future__ import annotations

from itertools import islice
from sys import getsizeof
from typing import TYPE_CHECKING, Protocol

from llm_intercept.journal.kept_response import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from llm_intercept.model.wire import Step

    Ended = Callable[[Exception | None, Step | None], None]

AT_ONCE = 64
"""Steps whose size is looked at together, since a look at each would be felt."""


class Counts(Protocol):
    """Whoever wants to know how many steps were given."""

    given: int | None


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
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()
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
