"""Shows a real response to an observer while it passes to the client: each chunk goes on as it arrives.

Knows: a response's stream. Must not know: who observes, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llm_intercept.model.wire import Observer


class Tee:
    """A stream that gives what another gives, chunk by chunk, and tells the observer."""

    def __init__(self, stream: Any, observer: Observer) -> None:
        self._stream = stream
        self._observer: Observer | None = observer

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._stream:
                self._pass(chunk)
                yield chunk
        except Exception as error:
            self._end(error)
            raise
        self._end(None, whole=True)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._pass(chunk)
                yield chunk
        except Exception as error:
            self._end(error)
            raise
        self._end(None, whole=True)

    def close(self) -> None:
        """Close the stream; what was not read by now never is."""
        try:
            self._stream.close()
        finally:
            self._end(None)

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._end(None)

    def __del__(self) -> None:
        self._end(None)

    def _pass(self, chunk: bytes) -> None:
        if self._observer is not None:
            self._observer.passed(chunk)

    def _end(self, error: Exception | None, *, whole: bool = False) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.ended(error, whole=whole)
