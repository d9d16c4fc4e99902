"""Deltas that a user's async generator makes while they are streamed.

A stream is written by plain generators, whoever reads it. So before each delta comes a step that the door awaits, in
the client's own loop; after it the delta is there.

Knows: deltas. Must not know: any API, who awaits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from llm_intercept.model.wire import Delta

MOST = 1_000_000
"""Deltas that are collected where they cannot be streamed; a stream has no limit."""


class Computed(Iterator[Any]):
    """The deltas of an async iterator, each after a step to be awaited; they can be read once.

    Args:
        source: Gives the deltas.
        where: The rule and place they are from, for messages.

    """

    def __init__(self, source: AsyncIterator[Any], where: str = "") -> None:
        self._source, self._where = source, where
        self._delta: str | None = None
        self._is_asked = self._is_over = False
        self._number = 0

    def __next__(self) -> Delta:
        if self._delta is not None:
            delta, self._delta = self._delta, None
            return delta
        if self._is_over:
            raise StopIteration
        if self._is_asked:
            raise ReplyError("A computed stream was read where nobody can wait for it", "Give the whole text.")
        self._is_asked = True
        return Awaited(self._fetch, self._close)

    async def collected(self) -> list[str]:
        """Read all deltas.

        Raises:
            ReplyError: One is no str, or there are too many.

        """
        found: list[str] = []
        while True:
            await self._fetch()
            if self._delta is None:
                return found
            found.append(self._delta)
            self._delta = None
            if len(found) > MOST:
                await self._close()
                raise _endless(self._where)

    async def _fetch(self) -> None:
        self._is_asked = False
        try:
            delta = await anext(self._source)
        except StopAsyncIteration:
            self._is_over = True
            return
        if not isinstance(delta, str):
            problem = f"Delta {self._number} of a reply is {delta!r}, not a str"
            raise ReplyError(problem, "Each delta is a str.", self._where)
        self._delta = delta
        self._number += 1

    async def _close(self) -> None:
        self._is_over = True
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


def collected(deltas: Iterable[str]) -> list[str]:
    """Read deltas that need not be awaited; raises `ReplyError` if they are too many, or one is no str."""
    found = list(islice(deltas, MOST + 1))
    if len(found) > MOST:
        raise _endless()
    return found


def _endless(where: str = "") -> ReplyError:
    problem = f"A computed stream has more than {MOST:,} deltas, and the request asks for the whole answer"
    return ReplyError(problem, "A stream without an end can answer only requests for a stream.", where)


class Kept:
    """Deltas that can be read only once, kept as they come for everybody who reads them."""

    def __init__(self, deltas: Iterator[Delta]) -> None:
        self._deltas = deltas
        self._said: list[str] = []

    def __iter__(self) -> Iterator[Delta]:
        read = 0
        while True:
            if read < len(self._said):
                yield self._said[read]
                read += 1
                continue
            following = next(self._deltas, None)
            if following is None:
                return
            if isinstance(following, str):
                self._said.append(following)
            else:
                yield following


def whole(deltas: Iterable[Delta]) -> str:
    """Join deltas; raises `ReplyError` where they have to be awaited."""
    return "".join(delta for delta in deltas if isinstance(delta, str))
