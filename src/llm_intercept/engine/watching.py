"""The chunks of a streamed answer, watched so that its end is noted, whatever it is.

Knows: a call's end. Must not know: what the chunks hold, who reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Watched:
    """Gives the chunks one by one and says how the stream ended.

    Args:
        chunks: The chunks.
        ended: Called once: with None when the stream was read to its end or closed before, else with its exception.

    """

    def __init__(self, chunks: Iterable[bytes], ended: Callable[[Exception | None], None]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._ended: Callable[[Exception | None], None] | None = ended

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """Give the next chunk."""
        try:
            return next(self._chunks)
        except StopIteration:
            self._end(None)
            raise
        except Exception as error:
            self._end(error)
            raise

    def close(self) -> None:
        """End the stream, also one that was never begun."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
        self._end(None)

    def __del__(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(error)
