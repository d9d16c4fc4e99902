"""The byte stream of a response: one class, iterated by sync and async clients alike.

Knows: chunks. Must not know: who makes them, which family reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator


class ByteChunks:
    """A lazy sequence of byte chunks; each is made when it is read, and closing it ends the making."""

    def __init__(self, chunks: Iterable[bytes], raise_own: Callable[[BaseException], NoReturn]) -> None:
        self._chunks = iter(chunks)
        self._raise_own = raise_own

    def __iter__(self) -> Iterator[bytes]:
        """Give the chunks one by one."""
        try:
            yield from self._chunks
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._raise_own(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks one by one."""
        try:
            for chunk in self._chunks:
                yield chunk
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
            self._raise_own(error)

    def close(self) -> None:
        """End the making of chunks."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    async def aclose(self) -> None:
        """End the making of chunks."""
        self.close()
