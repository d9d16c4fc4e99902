"""Shows a real response to an observer while it passes to the client: each chunk goes on as it arrives.

Knows: a response's head and its stream. Must not know: who observes, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from llm_intercept.clients.family import Family
    from llm_intercept.model.wire import Observer


def observed(family: Family, response: Any, observer: Observer | None) -> Any:
    """Put a tee before a response's stream; return the response."""
    if observer is None:
        return response
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
    if response.is_stream_consumed:  # the transport has read it, and decoded it
        observer.began(response.status_code, [one for one in headers if one[0].lower() != "content-encoding"])
        observer.passed(response.content)
        observer.ended(None, whole=True)
        return response
    observer.began(response.status_code, headers)
    response.stream = family.tee(response.stream, observer)
    return response


class Tee:
    """A stream that gives what another gives, chunk by chunk, and tells the observer."""

    def __init__(self, stream: Any, observer: Observer) -> None:
        self._stream = stream
        self._observer: Observer | None = observer

    def __iter__(self) -> Iterator[bytes]:
        """Give the chunks one by one."""
        try:
            for chunk in self._stream:
                self._pass(chunk)
                yield chunk
        except Exception as error:
            self._end(error)
            raise
        self._end(None, whole=True)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks one by one."""
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
        """Close the stream; what was not read by now never is."""
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
