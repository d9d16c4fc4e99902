"""What clients do at a server's socket that no library does: nothing falls over, and others are answered."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Interceptor, Reply
from llm_intercept.server import serve
from tests.amounts import examples
from tests.served import CHAT, Ended, connected, raw_request, read_all
from tests.support import chat

pytest.importorskip("uvicorn")
IDLE = 400  # connections on which nothing is asked
MOST = 20_000


@pytest.fixture(scope="module")
def url() -> Any:
    """Serve one text, with little room for bodies."""
    llm = Interceptor("hello")
    with serve(llm, max_body=MOST, calls=50) as url:
        yield url
        llm.unmatched.clear()  # hostile requests


def well(url: str) -> None:
    """Others are answered."""
    assert httpx.post(url + CHAT, json=chat(), trust_env=False).status_code == 200


def sent(url: str, data: bytes) -> bytes:
    """Send bytes, and nothing after them; read to the end."""
    with connected(url) as one:
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)
        return read_all(one)


def closing(**more: Any) -> bytes:
    return raw_request(chat(**more), connection="close")


@pytest.mark.parametrize("stream", [True, False])
def test_http_1_0_is_answered_with_a_length_and_without_chunks(url, stream):
    """Its clients know no chunks, and read to the end of the connection."""
    with connected(url) as one:
        one.sendall(raw_request(chat(stream=stream)).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        head, _, body = read_all(one).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding" not in head.lower()
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert body.endswith(b"data: [DONE]\n\n" if stream else b"}\n")


def test_requests_in_a_pipeline_are_answered_in_order(url):
    """Each by its own rule, on one connection."""
    asked = [raw_request(chat(f"number {n}", model=f"m{n}", stream=n % 2 == 1)) for n in range(5)]
    with connected(url) as one:
        one.sendall(b"".join([*asked, closing(model="last")]))
        found = read_all(one).decode()
    assert found.count("HTTP/1.1 200") == 6
    places = [found.index(f'"m{n}"') for n in range(5)]
    assert places == sorted(places)
    assert found.index('"last"') > places[-1]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_request_may_come_in_any_pieces(url, size):
    """Byte by byte too."""
    data = closing(user="x" * 200)
    with connected(url) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), size):
            one.sendall(data[at : at + size])
        assert read_all(one).startswith(b"HTTP/1.1 200")


def test_a_client_that_is_half_closed_or_gone_harms_nobody(url):
    """Before its request, within it, after it, and by a reset."""
    whole = closing()
    for data in (b"", whole[:30], whole[:-10], whole):
        sent(url, data)
        with connected(url) as one:
            one.sendall(data)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    well(url)


def test_idle_connections_keep_nobody_out(url):
    """They cost a socket each, and are not waited for when the server stops."""
    with ExitStack() as held:
        idle = [held.enter_context(connected(url)) for _ in range(IDLE)]
        idle[0].sendall(b"POST /v1/chat")
        well(url)
        idle[-1].sendall(closing())
        assert read_all(idle[-1]).startswith(b"HTTP/1.1 200")
    well(url)


HOSTILE = {
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a method of its own": b"BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n",
    "no host": b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
    "a host that is none": b"GET /v1/models HTTP/1.1\r\nhost: [::1\r\nconnection: close\r\n\r\n",
    "a host with all in it": b"GET /v1/models HTTP/1.1\r\nhost: a@b:c/../%00?\xff\r\nconnection: close\r\n\r\n",
    "two lengths": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}",
    "a length and chunks": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
    b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a length that is none": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n{}",
    "a long name": b"GET / HTTP/1.1\r\n" + b"x" * 100_000 + b": y\r\n\r\n",
    "many headers": b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + b"a: b\r\n" * 500 + b"\r\n",
    "bytes in headers": b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-a: \xff\xfe\x80\r\nconnection: close\r\n\r\n",
    "a test that is none": b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-llm-intercept-test: \xff\x80\r\nconnection: close\r\n\r\n",
    "an escape": b"GET /v1/models/%1b%5b2J%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "a path that is no UTF-8": b"GET /v1/%ff%fe/models?%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    "a whole URL": b"GET http://api.openai.com/v1/models HTTP/1.1\r\nhost: api.openai.com\r\nconnection: close\r\n\r\n",
    "any host": b"CONNECT api.openai.com:443 HTTP/1.1\r\nhost: api.openai.com:443\r\n\r\n",
    "an upgrade": b"GET /v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "a body that is too large": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n{",
    "JSON as deep as it is long": raw_request({})[:-2].replace(b"content-length: 2", b"content-length: 9000")
    + b"[" * 9000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_get_an_error_or_nothing(url, name):
    """Never a 500, and the next one is answered."""
    with connected(url) as one:
        one.sendall(HOSTILE[name])
        one.shutdown(socket.SHUT_WR)
        answer = read_all(one)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    well(url)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(url):
    """In the API's words, and the connection ends."""
    with connected(url) as one:
        one.sendall(raw_request(chat("x" * MOST))[:300])
        answer = read_all(one)
    assert answer.startswith(b"HTTP/1.1 413")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"]


@settings(max_examples=examples(75), deadline=None)
@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-zA-Z0-9-]{1,20}", fullmatch=True), st.binary(max_size=30)),
        max_size=6,
    ),
    st.binary(max_size=60),
)
def test_whatever_headers_and_body_there_are_the_answer_is_http(url, headers, body):
    """An API's error at the worst."""
    clean = [(name, value.translate(None, b"\r\n\0")) for name, value in headers if name.lower() not in RESERVED]
    lines = b"".join(name.encode() + b": " + value.strip() + b"\r\n" for name, value in clean)
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(body)}\r\n".encode()
    with connected(url) as one:
        one.sendall(head + lines + b"\r\n" + body)
        answer = read_all(one)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 2")), answer


RESERVED = {"host", "connection", "content-length", "transfer-encoding", "upgrade", "expect"}


def test_a_client_that_does_not_read_holds_a_stream_back():
    """A stream is made as it is taken: no more than what the kernel buffers, and it ends when the client leaves."""
    made: list[int] = []

    def words() -> Any:
        for number in range(20_000):
            made.append(number)
            yield "x" * 1000

    llm = Interceptor(lambda _: Reply(deltas=words()))
    ended = Ended(llm)
    with serve(llm) as url:
        with connected(url) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(raw_request(chat(stream=True)))
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            httpx.get(url + "/__llm_intercept/health", trust_env=False)
            assert len(made) < 15_000
        assert ended.wait()
