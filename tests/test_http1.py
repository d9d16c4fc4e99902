"""Messages of HTTP/1.1, read in whatever pieces they come, and written."""

from __future__ import annotations

import http.client
import io
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.clients import http1
from tests.amounts import examples

HEAD = b"POST /v1/x HTTP/1.1\r\nHost: h.test\r\nX-Two: a\r\nx-two:  b \r\n"
CHUNKS = b"4;note=1\r\nWiki\r\n6\r\npedia \r\n0\r\nTrailer: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS
OK = b"HTTP/1.1 200 OK\r\n"
REQUESTS = {
    "none": (HEAD + b"\r\n", b""),
    "length": (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "chunked": (HEAD + CHUNKED, b"Wikipedia "),
}
ANSWERS = {
    "length": ("GET", OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    "chunked": ("GET", OK + CHUNKED, b"Wikipedia ", True),
    "without a phrase": ("GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", True),
    "to the end": ("GET", b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end", False),
    "after others": ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + CHUNKED, b"Wikipedia ", True),
    "of HEAD": ("HEAD", OK + b"Content-Length: 5\r\n\r\n", b"", True),
    "without one": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "cut off": ("GET", OK + b"Content-Length: 9\r\n\r\nhello", b"hello", False),
}  # fmt: skip


def fed(message: http1.Message, data: bytes, sizes: list[int]) -> bytes:
    """Feed a message in pieces of some sizes, over and over; return its body."""
    body, place, turn = b"", 0, 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        body += message.feed(data[place : place + size])
        place, turn = place + size, turn + 1
    return body


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=4)


@pytest.mark.parametrize("kind", REQUESTS)
@settings(max_examples=examples(45))
@given(sizes=SIZES)
def test_a_request_is_read_in_whatever_pieces_it_comes(kind, sizes):
    """Its headers in their order and its body; what follows is no part of it."""
    data, body = REQUESTS[kind]
    message = http1.Message()
    assert fed(message, data, sizes) == body
    assert message.is_whole
    assert message.headers[:3] == [("Host", "h.test"), ("X-Two", "a"), ("x-two", "b")]
    assert message.feed(b"more") == b""


@pytest.mark.parametrize("kind", ANSWERS)
@settings(max_examples=examples(45))
@given(sizes=SIZES)
def test_an_answer_is_read_in_whatever_pieces_it_comes(kind, sizes):
    """And says whether it has ended, or ends where the connection does."""
    method, data, body, is_whole = ANSWERS[kind]
    message = http1.Message(method)
    assert fed(message, data, sizes) == body
    assert message.is_whole is is_whole
    assert message.ends_with_connection is (kind == "to the end")
    assert message.status in {200, 204}
    assert not message.is_broken


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-OpenSSH_9.0\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", OK + b"Content-Length: x\r\n\r\n"]
)  # fmt: skip
def test_what_is_no_message_is_broken_and_nothing_else(data):
    """Whoever reads it finds that out for itself."""
    message = http1.Message("GET")
    assert message.feed(data) == b""
    assert message.is_broken
    assert not message.is_whole
    assert message.feed(b"more") == b""


@settings(max_examples=examples(90))
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_to_an_end(data, is_request):
    """Without an exception, and in time."""
    message = http1.Message("" if is_request else "GET")
    message.feed(data)


@settings(max_examples=examples(60))
@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5))
def test_what_is_written_python_reads(pieces):
    """By `http.client`, as our own reader does."""
    headers = [("content-type", "text/plain"), ("transfer-encoding", "chunked"), ("x-latin", "é")]
    data = http1.head(404, headers) + b"".join(map(http1.chunk, pieces)) + http1.LAST_CHUNK
    socket: Any = SimpleNamespace(makefile=lambda _: io.BytesIO(data))
    answer = http.client.HTTPResponse(socket)
    answer.begin()
    assert (answer.status, answer.reason, answer.getheaders()) == (404, "Not Found", headers)
    assert answer.read() == b"".join(pieces)
    message = http1.Message("GET")
    assert (message.feed(data), message.is_whole) == (b"".join(pieces), True)
