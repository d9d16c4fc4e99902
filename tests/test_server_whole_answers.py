"""What is handed to uvicorn as bytes is what uvicorn writes itself, whatever is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import Interceptor, api_error, raw
from llm_intercept.server import sending, serve
from llm_intercept.server.whole_answers import READ, SAID, handed_over
from tests.served import CHAT, connected, raw_request, read_all
from tests.support import chat

if TYPE_CHECKING:
    from collections.abc import Iterator

impl = pytest.importorskip("uvicorn.protocols.http.httptools_impl")
DATE = re.compile(rb"\r\ndate: [^\r]*")
ENDS = raw_request(chat("end"), connection="close")
WAITS = raw_request(chat("hi"), expect="100-continue")
ASKED: dict[str, tuple[bytes, int]] = {
    "once": (b"", 0),
    "twice": (raw_request(chat("hi")) * 2, 2),
    "an error": (raw_request(chat("fail")), 1),
    "a strange header": (raw_request(chat("odd")), 1),
    "a page": (raw_request(chat("hi"), origin="http://localhost:3000"), 1),
    "a preflight": (
        b"OPTIONS /v1/models HTTP/1.1\r\nhost: a\r\norigin: http://a\r\naccess-control-request-method: GET\r\n\r\n",
        0,
    ),
    "models": (b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 1),
    "a head": (b"HEAD /__llm_intercept/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 0),
    "nobody": (b"GET /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 1),
    "a stream": (raw_request(chat("hi", stream=True)), 0),
    "100-continue": (WAITS, 1),
    "1.0": (raw_request(chat("hi")).replace(b"HTTP/1.1", b"HTTP/1.0"), 0),
    "the control": (b"GET /__llm_intercept/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 1),
}
"""What is sent before the last request, which closes, and how many of its answers are handed over."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    llm = Interceptor("hello", created=1_790_000_000)
    llm.on("fail").reply(api_error(429))
    llm.on("odd").reply(raw({"a": 1}, headers={"x-odd": "a\x01b\x85c"}))
    with serve(llm) as served:
        yield served


@pytest.mark.parametrize("name", ASKED)
def test_the_bytes_are_those_that_uvicorn_writes(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, expected = ASKED[name]
    taken: list[bool] = []

    def counting(*given: Any) -> Any:
        sent = handed_over(*given)
        taken.append(sent is not None)
        return sent

    monkeypatch.setattr(sending, "handed_over", counting)
    ours = answered(url, f"{name} a", asked)
    assert sum(taken) == expected, "what closes is not handed over"
    monkeypatch.setattr(sending, "handed_over", _nothing)
    assert ours == answered(url, f"{name} b", asked)
    assert ours.count(b"HTTP/1.") >= 1


def answered(url: str, test: str, asked: bytes) -> bytes:
    """Ask as one test, whose ids are as any other's; the dates are left out."""
    named = b"\r\nx-llm-intercept-test: %b\r\nhost" % test.encode()
    with connected(url) as one:
        one.sendall((asked + ENDS).replace(b"\r\nhost", named))
        return DATE.sub(b"", read_all(one))


def test_uvicorn_has_what_is_read_and_said() -> None:
    """Without it each head would be written twice as slowly, and nobody would see it."""
    nothing: Any = None
    scope: dict[str, Any] = {"path": CHAT}
    cycle = impl.RequestResponseCycle(
        scope, nothing, nothing, nothing, nothing, False, [], nothing, False, True, nothing
    )
    assert cycle.__dict__.keys() >= READ | SAID


def _nothing(*_: Any) -> None:
    """Hand nothing over."""


async def _send(_: dict[str, Any]) -> None:
    raise AssertionError


def test_to_another_server_nothing_is_handed_over() -> None:
    assert handed_over(_send, 200, [], b"") is None
