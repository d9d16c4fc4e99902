"""Hands an answer that is all there to uvicorn as bytes, its head too.

uvicorn looks at each header by itself, twice by a pattern: of an answer with OpenAI's 18 headers that is 20 µs, as much
as all else that it does. Ours are known to be sound (`sending.py`). What ends an answer, keeps a connection and begins
the next request is uvicorn's as before. To another server, and where uvicorn has more to say in a head, nothing is
handed over.

Knows: heads in HTTP/1.1, what uvicorn holds of a request that is answered. Must not know: what an answer says.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Send = Callable[[dict[str, Any]], Awaitable[None]]

WHERE = "uvicorn.protocols.http.httptools_impl"
READ = frozenset({"access_log", "access_logger", "default_headers", "keep_alive", "scope"})
SAID = frozenset({"chunked_encoding", "expected_content_length", "response_started", "waiting_for_100_continue"})
"""What is read and said of a cycle of request and answer (uvicorn 0.30 to 0.54)."""
CLOSE = (b"connection", b"close")
_known: dict[type, bool] = {}
"""Whether a class is of such cycles."""


def handed_over(send: Send, status: int, lines: Iterable[bytes], content: bytes) -> Awaitable[None] | None:
    """Send an answer with its length; None where the server does not take it so.

    Args:
        send: The server's.
        status: The status, of an answer that has a body.
        lines: The headers, each with its line's end.
        content: The body.

    """
    cycle: Any = getattr(send, "__self__", None)
    kind = cycle.__class__
    if kind not in _known:
        _known[kind] = kind.__module__ == WHERE and cycle.__dict__.keys() >= READ | SAID
    if not _known[kind] or not _is_plain(cycle):
        return None
    dated = [b"%b: %b\r\n" % one for one in cycle.default_headers]
    answer = b"".join((status_line(status), *dated, *lines, b"\r\n", content))
    cycle.response_started, cycle.waiting_for_100_continue = True, False
    cycle.chunked_encoding, cycle.expected_content_length = False, len(answer)
    return send({"type": "http.response.body", "body": answer, "more_body": False})


def _is_plain(cycle: Any) -> bool:
    """Whether uvicorn would write nothing else: no word of the connection's end, no line of a log, no head alone."""
    if cycle.response_started or not cycle.keep_alive or cycle.scope["method"] == "HEAD" or _closes(cycle):
        return False
    return not (cycle.access_log and cycle.access_logger.isEnabledFor(logging.INFO))


def _closes(cycle: Any) -> bool:
    """Whether the client says that it wants no more: uvicorn 0.30 keeps that to the headers."""
    return CLOSE in cycle.scope["headers"]


@lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """Write the first line of an answer."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()
