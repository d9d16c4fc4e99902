"""Reads httprr traces, which Go programs record: each exchange as HTTP/1.1 writes it, after a line with both lengths.

Knows: the format (golang.org/x/oscar/internal/httprr, as langchaingo has it), messages as bytes. Must not know: tapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_intercept.tapetools.documents import ImportFailedError
from llm_intercept.tapetools.kept_elsewhere import Foreign, Pairs, answered, each, header_of

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".httprr"
FIRST_LINE = b"httprr trace v1"
LENGTHS = re.compile(rb"(\d{1,12}) (\d{1,12})\r?\n")
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")


def read(file: Path, content: bytes) -> list[Foreign]:
    """Read a trace.

    Raises:
        ImportFailedError: It is none, holds no exchange, or one that cannot be read.

    """
    first, _, rest = content.partition(b"\n")
    if first.strip() != FIRST_LINE:
        raise ImportFailedError(file, f"it is no httprr trace: its first line is not {FIRST_LINE.decode()!r}")
    exchanges = each(file, _exchange, list(_cut(file, rest)))
    if not exchanges:
        raise ImportFailedError(file, "there are no recorded exchanges in it")
    return exchanges


def _cut(file: Path, rest: bytes) -> list[tuple[bytes, bytes]]:
    """Cut a trace into requests and answers."""
    found: list[tuple[bytes, bytes]] = []
    while rest.strip():
        lengths = LENGTHS.match(rest)
        middle, end = (0, 0) if lengths is None else (int(lengths[1]), int(lengths[1]) + int(lengths[2]))
        if lengths is None or end > len(rest) - lengths.end():
            problem = f"the lengths before exchange {len(found) + 1} do not fit what follows"
            raise ImportFailedError(file, f"{problem}: it was cut off, or its line ends were changed (git's autocrlf)")
        both = rest[lengths.end() : lengths.end() + end]
        found.append((both[:middle], both[middle:]))
        rest = rest[lengths.end() + end :]
    return found


def _exchange(messages: tuple[bytes, bytes]) -> Foreign:
    asked, headers, body = _message(messages[0])
    line, response_headers, kept = _message(messages[1])
    status, response_headers, content = answered(line.partition(" ")[2], response_headers, kept)
    method, target, *_ = asked.split(" ")
    url = f"https://{header_of(headers, 'host')}{target}" if target.startswith("/") else target
    return Foreign(method.upper(), url, headers, body, status, response_headers, content)


def _message(content: bytes) -> tuple[str, Pairs, bytes]:
    """Read a message: its first line, its headers, and all that follows them, whatever length they say."""
    end = END_OF_HEAD.search(content)
    if end is None:
        raise ValueError("a message has no end of its headers")
    first, *lines = content[: end.start()].decode("latin-1").splitlines()
    named = [line.partition(":") for line in lines]
    headers = tuple((name.strip(), value.strip()) for name, _, value in named)
    body = content[end.end() :]
    return first, headers, _joined(body) if "chunked" in header_of(headers, "transfer-encoding").lower() else body


def _joined(body: bytes) -> bytes:
    """Join the chunks of a body; one that is none was joined when it was recorded."""
    pieces, rest = list[bytes](), body
    while chunk := CHUNK.match(rest):
        size = int(chunk[1], 16)
        pieces.append(rest[chunk.end() : chunk.end() + size])
        rest = rest[chunk.end() + size :].removeprefix(b"\r").removeprefix(b"\n")
        if not size:
            return b"".join(pieces)
    return body
