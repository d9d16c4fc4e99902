"""HTTP/1.1 as bytes, without I/O: reads what one side sends, writes the head and the chunks of an answer.

Knows: the framing of messages (RFC 9112). Must not know: sockets, any library, what a body says.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from llm_intercept.clients.httpx_door import latin

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

LAST_CHUNK = b"0\r\n\r\n"
CONTINUES = range(100, 200)
"""The statuses after which the answer itself is still to come."""
WITHOUT_BODY = (204, 304)
PHRASES = {one.value: one.phrase for one in HTTPStatus}


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Write the head of an answer."""
    lines = [f"HTTP/1.1 {status} {PHRASES.get(status, '')}".encode()]
    lines += [latin(f"{name}: {value}").translate(None, b"\r\n") for name, value in headers]
    return b"\r\n".join([*lines, b"", b""])


def chunk(piece: bytes) -> bytes:
    """Write a piece of a body as a chunk; an empty one would be the last."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Message:
    """One message, read as its bytes come: a request, or the answer to one.

    Args:
        answers: The method that is answered; empty if it is a request.

    """

    def __init__(self, answers: str = "") -> None:
        self._answers = answers
        self._buffer = bytearray()
        self._body = bytearray()
        self.headers: list[tuple[str, str]] | None = None
        """The headers, when the head is there."""
        self.status = 0
        self.is_whole = False
        """Whether it has ended."""
        self.is_broken = False
        """Whether it is no message, from where it was read last on."""
        self.ends_with_connection = False
        """Whether it ends where the connection does."""
        self._reading = self._read()
        next(self._reading)

    def feed(self, data: bytes | bytearray) -> bytes:
        """Take some bytes; return what of them is the body's, of a message that is broken nothing."""
        if self.is_whole or self.is_broken:
            return b""
        self._buffer += data
        try:
            next(self._reading, None)
        except ValueError:
            self.is_broken = True
        body = bytes(self._body)
        self._body.clear()
        return body

    def _read(self) -> Generator[None]:
        """Read on as far as there are bytes; each `yield` waits for more."""
        yield
        while True:
            start = yield from self._line()
            self.status = int(start.partition(" ")[2][:3]) if self._answers else 0
            headers = yield from self._lines()
            if self.status not in CONTINUES:
                break
        self.headers = headers
        yield from self._read_body({name.lower(): value.lower() for name, value in headers})
        self.is_whole = True

    def _read_body(self, headers: dict[str, str]) -> Generator[None]:
        if self._answers == "HEAD" or self.status in WITHOUT_BODY:
            return
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int((yield from self._line()).partition(";")[0], 16):
                yield from self._take(size)
                yield from self._line()
            yield from self._lines()
        elif "content-length" in headers:
            yield from self._take(int(headers["content-length"]))
        elif self._answers:
            self.ends_with_connection = True
            while True:
                yield from self._take(len(self._buffer))
                yield

    def _lines(self) -> Generator[None, None, list[tuple[str, str]]]:
        """Read header lines up to the empty one."""
        found: list[tuple[str, str]] = []
        while line := (yield from self._line()):
            name, _, value = line.partition(":")
            found.append((name, value.strip()))
        return found

    def _line(self) -> Generator[None, None, str]:
        while (end := self._buffer.find(b"\n")) < 0:
            yield
        line = self._buffer[:end].decode("latin-1").rstrip("\r")
        del self._buffer[: end + 1]
        return line

    def _take(self, count: int) -> Generator[None]:
        """Take the next bytes as the body's."""
        while count:
            if not self._buffer:
                yield
            piece = self._buffer[:count]
            del self._buffer[:count]
            self._body += piece
            count -= len(piece)
