"""What stands for a connection's socket while one request is written to it, and its answer read from it.

The answer is asked for when the first byte of it is read, in the reader's own thread.

Knows: what `http.client` does with a socket. Must not know: any library, who answers, what the bytes say.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Pieces = Generator[bytes, None, None]


class AnsweringSocket:
    """A socket for one request.

    Args:
        answer: Is called when the answer is read, and returns its bytes piece by piece.
        detached: Is called when the answer is about to be read: the connection needs this socket no longer.
        closed: Is called when the connection is closed before that.

    """

    def __init__(
        self, answer: Callable[[], Pieces], detached: Callable[[], object], closed: Callable[[], object]
    ) -> None:
        self._answer, self._detached, self._closed = answer, detached, closed
        self.sent = bytearray()
        """What was written to it."""
        self.timeout: float | None = None
        """How many seconds its owner waits for bytes; None if for ever."""
        self.real: Any = None
        """The socket by which the request was sent on."""

    def sendall(self, data: Any, *_: Any) -> None:
        self.sent += data  # raises TypeError for what is no bytes, by which http.client knows it

    def settimeout(self, timeout: Any) -> None:
        self.timeout = timeout if isinstance(timeout, int | float) else None  # what stands for Python's default is none

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        self._detached()
        return io.BufferedReader(_Arriving(self._answer))

    def shutdown(self, how: int) -> None:
        """Let whoever waits for bytes of the network wait no longer; nobody can be woken who waits here."""
        if self.real is not None:
            self.real.shutdown(how)

    def close(self) -> None:
        self._closed()


class _Arriving(io.RawIOBase):
    """The bytes of an answer, as they come."""

    def __init__(self, answer: Callable[[], Pieces]) -> None:
        self._answer = answer
        self._pieces: Pieces | None = None
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._pieces is None:
            self._pieces = self._answer()
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = memoryview(piece)
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def close(self) -> None:
        if self._pieces is not None:
            self._pieces.close()
        super().close()
