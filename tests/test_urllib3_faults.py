"""What goes wrong, and how long it takes: urllib3 makes its own errors of it, and requests its own of those."""

from __future__ import annotations

import builtins
import http.client
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import (
    Pace,
    Reply,
    api_error,
    auto,
    connection_error,
    disconnect,
    intercept,
    malformed,
    raw,
    stall,
    timeout,
)
from llm_intercept.clients import urllib3_errors
from llm_intercept.faults import html_error
from llm_intercept.model.wire import NetworkFaultError
from tests.support import chat
from tests.upstream import serving
from tests.urllib3_ways import CHAT, JSON, WAYS, Way, causes, name

if TYPE_CHECKING:
    from collections.abc import Iterator

urllib3 = pytest.importorskip("urllib3")
requests = pytest.importorskip("requests")
WORDS = Reply(deltas=["one ", "two ", "three ", "four "])
VERSION = tuple(int(part) for part in urllib3.__version__.split(".")[:2])
FAULTS = {
    "connect timeout": (timeout("connect"), "ConnectTimeoutError", "ConnectTimeout"),
    "read timeout": (timeout(), "ReadTimeoutError", "ReadTimeout"),
    "write timeout": (timeout("write"), "ProtocolError", "ConnectionError"),
    "no connection": (timeout("pool"), "EmptyPoolError", "EmptyPoolError"),
    "refused": (connection_error(), "NewConnectionError", "ConnectionError"),
    "no answer": (disconnect(), "ProtocolError", "ConnectionError"),
    "reset": (disconnect(reset=True), "ProtocolError", "ConnectionError"),
    "cut off": (disconnect(1), "ProtocolError", "ChunkedEncodingError"),
    "cut off at a byte": (disconnect(20, unit="bytes"), "ProtocolError", "ChunkedEncodingError"),
    "reset in the middle": (disconnect(1, reset=True), "ProtocolError", "ChunkedEncodingError"),
    "stall": (stall(), "ReadTimeoutError", "ReadTimeout"),
    "stall in the middle": (stall(1), "ReadTimeoutError", "ConnectionError"),
}


def raised(way: Way, user: str = "hi", **options: Any) -> BaseException:
    """Ask, and return the exception."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which it is, is what is tested
        way.send(way.body(user), **{"timeout": 5, **options})
    return caught.value


@pytest.fixture
def dropping(tmp_path) -> Iterator[str]:
    """A real server that drops connections as it is asked to; gives its URL."""
    with serving(tmp_path, tls=False) as upstream:
        yield upstream.chat


@pytest.mark.parametrize("way", CHAT, ids=name)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_the_librarys_own_error(way, fault):
    """At once, on virtual time; the call says what happened, and that the answer did not come whole."""
    happens, own, of_requests = FAULTS[fault]
    with intercept(Reply(deltas=["one ", "two ", "three "], fault=happens), time_scale=0) as llm:
        error = raised(way)
    assert type(error).__name__ == (own if way.library == "urllib3" else of_requests)
    (call,) = llm.calls
    assert isinstance(call.error, NetworkFaultError)
    assert not call.complete


@pytest.mark.parametrize("way", [way for way in CHAT if way.stream], ids=name)
@pytest.mark.parametrize(("user", "fault"), [("drop before", disconnect()), ("drop in", disconnect(3))])
def test_it_is_the_error_that_a_real_server_brings_about(way, user, fault, dropping):
    """To the letter, but for how many bytes there were."""
    real = raised(way, user, url=dropping)
    with intercept(Reply(deltas=["one ", "two ", "three ", "four "], fault=fault), time_scale=0):
        ours = raised(way, user, url=dropping)
    assert (type(ours), re.sub(r"\d+", "", str(ours))) == (type(real), re.sub(r"\d+", "", str(real)))
    assert [type(one) for one in causes(ours)] == [type(one) for one in causes(real)]


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
def test_a_refused_connection_is_the_error_of_a_real_one(way):
    """But for where it is, and who says it."""
    real = raised(way, url="http://127.0.0.1:9/v1/chat/completions")
    with intercept(auto(fault=connection_error())):
        ours = raised(way, url="http://127.0.0.1:9/v1/chat/completions")
    assert type(ours) is type(real)
    assert shown(ours) == shown(real)


def shown(error: BaseException) -> str:
    return str(error).partition(" at 0x")[0].rpartition("[Errno")[0]


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
def test_a_failed_proxy_is_told_from_a_failed_host(way):
    """A connection that is refused is the proxy's; what comes too late is not."""
    proxies = {"https": "http://127.0.0.1:9"}
    late = "ReadTimeout" if way.library == "requests" else "ReadTimeoutError"
    for fault, kind in ((connection_error(), "ProxyError"), (timeout(), late)):
        with intercept(auto(fault=fault)):
            assert type(raised(way, proxies=proxies)).__name__ == kind


def test_a_pool_that_had_no_connection_to_give_has_it_afterwards():
    """The fault takes none away, nor does any other."""
    body = {"body": json.dumps(chat()), "headers": JSON, "retries": False}
    faults = [timeout("pool"), timeout(), disconnect(), connection_error()]
    with intercept(time_scale=0) as llm, urllib3.HTTPSConnectionPool("api.openai.com", maxsize=1, block=True) as pool:
        llm.reply(*(auto(fault=fault) for fault in faults), "there")
        for _ in faults:
            with pytest.raises(urllib3.exceptions.HTTPError):
                pool.request("POST", "/v1/chat/completions", pool_timeout=0.001, **body)
        assert pool.request("POST", "/v1/chat/completions", pool_timeout=0.001, **body).status == 200


@pytest.mark.parametrize(
    ("fault", "counter"), [(connection_error(), "connect"), (disconnect(), "read"), (timeout(), "read")]
)
def test_a_retry_counts_a_fault_as_what_it_is(fault, counter):
    """And asks again."""
    with intercept() as llm:
        llm.reply(auto(fault=fault), "there")
        retries = urllib3.Retry(total=3, connect=1, read=1, allowed_methods=None)
        answer = urllib3.PoolManager().request(
            "POST", "https://api.openai.com/v1/chat/completions", body=json.dumps(chat()), headers=JSON, retries=retries
        )
        assert (answer.status, getattr(answer.retries, counter)) == (200, 0)
        llm.reply(*[auto(fault=fault)] * 2, "there")
    assert len(llm.calls) == 2


def test_what_requests_calls_a_retry_too_many():
    """`MaxRetryError` inside, with the reason."""
    with intercept(auto(fault=connection_error())), pytest.raises(requests.ConnectionError) as caught:
        requests.post("https://api.openai.com/v1/chat/completions", json=chat())
    (inner,) = caught.value.args
    assert isinstance(inner, urllib3.exceptions.MaxRetryError)
    assert isinstance(inner.reason, urllib3.exceptions.NewConnectionError)


# Time


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_a_pace_is_kept_and_takes_no_virtual_time(way):
    """Before the head and between events."""
    with intercept(WORDS, pace=Pace(ttft=3, per_token=2), time_scale=0) as llm:
        assert way.said(way.send(way.body(), url=way.url, timeout=(None, 60))) == "one two three four "
    assert llm.elapsed >= 9
    assert llm.calls[0].complete


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize("way", CHAT, ids=name)
@pytest.mark.parametrize("limit", [4, (1, 4), "total"])
def test_the_clients_read_timeout_is_obeyed_on_the_virtual_clock(way, limit):
    """A number, connect and read, or urllib3's own total; one that is longer is none."""
    made = urllib3.Timeout(total=4) if limit == "total" else limit
    for first, kind in ((5, "Timeout"), (2, "")):
        with intercept("hi", pace=Pace(ttft=first), time_scale=0) as llm:
            if kind:
                assert kind in type(raised(way, timeout=made)).__name__
                assert llm.elapsed == pytest.approx(4) or (
                    limit == "total" and llm.elapsed < 4
                )  # less what urllib3 took
            else:
                assert way.said(way.send(way.body(), timeout=made)) == "hi"


def test_a_timeout_within_a_stream_comes_after_what_was_sent():
    """Each wait is measured by itself."""
    way = Way("urllib3", stream=True)
    seen: list[bytes] = []
    with intercept(WORDS, pace=Pace(ttft=1, per_token=3), time_scale=0), way.sent(way.body(), timeout=4) as response:
        assert b"four" in b"".join(way.pieces(response))
    with (
        intercept(Reply(deltas=["one ", "two "], fault=stall(2)), time_scale=0),
        pytest.raises(urllib3.exceptions.ReadTimeoutError),
        way.sent(way.body(), timeout=4) as response,
    ):
        seen.extend(way.pieces(response))
    assert len(seen) == 2


# What the body says


@pytest.mark.parametrize("way", CHAT, ids=name)
def test_a_broken_body_and_a_proxys_page_arrive_as_they_are(way):
    """What cannot be parsed is for the client to find out."""
    with intercept() as llm:
        llm.reply(auto(fault=html_error(502)), Reply("hello", fault=malformed()))
        page = way.ask()
        broken = way.ask()
    assert (page.status_code, b"502 Bad Gateway" in page.content) == (502, True)
    assert broken.status_code == 200
    with pytest.raises((ValueError, KeyError)):
        way.said(broken)


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
def test_an_answer_that_ends_with_its_connection_is_not_taken_for_whole(way):
    """OpenAI's front door frames its errors by nothing that is shown here: where one breaks off, that is an error."""
    with intercept() as llm:
        llm.reply(api_error(401), api_error(401, fault=disconnect(10, unit="bytes")))
        assert way.ask().json()["error"]
        error = raised(way)
    assert type(error).__name__ == ("ProtocolError" if way.library == "urllib3" else "ChunkedEncodingError")


def test_a_header_beyond_latin_1_is_written_as_servers_do():
    """In UTF-8, of which clients read each byte as a letter."""
    odd = {"content-type": "application/json", "x-far": "🍂"}
    with intercept(raw(b"{}", headers=odd)):
        answer = Way("requests", stream=False).ask()
    assert answer.headers["x-far"].encode("latin-1").decode() == "🍂"


# What a user's function raises


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
@pytest.mark.parametrize(
    ("error", "kind", "of_requests"),
    [
        (requests.ConnectionError("down"), "NewConnectionError", "ConnectionError"),
        (requests.exceptions.ConnectTimeout("slow"), "ConnectTimeoutError", "ConnectTimeout"),
        (requests.ReadTimeout("slow"), "ReadTimeoutError", "ReadTimeout"),
        (requests.exceptions.ProxyError("no"), "ProxyError", "ProxyError"),
        (urllib3.exceptions.ReadTimeoutError(None, "", "slow"), "ReadTimeoutError", "ReadTimeout"),
        (urllib3.exceptions.SSLError("no"), "SSLError", "SSLError"),
        (builtins.ConnectionRefusedError(111, "no"), "NewConnectionError", "ConnectionError"),
        (builtins.ConnectionResetError(104, "no"), "ProtocolError", "ConnectionError"),
        (builtins.TimeoutError("slow"), "ReadTimeoutError", "ReadTimeout"),
        (http.client.RemoteDisconnected("gone"), "ProtocolError", "ConnectionError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_failure_that_a_reply_raises_is_the_clients_own(way, error, kind, of_requests):
    """Of requests, urllib3 or the operating system: the request fails with it, as its library has it."""

    def reply(_: Any) -> Any:
        raise error

    with intercept(reply):
        caught = raised(way)
    assert type(caught).__name__ == (kind if way.library == "urllib3" else of_requests)


def test_a_failure_of_httpx_is_adopted():
    """Whichever family it is of."""
    httpx = pytest.importorskip("httpx")
    for error, kind in ((httpx.ConnectTimeout("x"), "ConnectTimeoutError"), (httpx.WriteError("x"), "ProtocolError"),
                        (httpx.DecodingError("x"), "DecodeError")):  # fmt: skip
        with intercept(error):
            assert type(raised(Way("urllib3", stream=False))).__name__ == kind


def test_another_exception_is_a_500_that_says_whose_it_is():
    """As at any door."""
    way = Way("requests", stream=False)

    def reply(_: Any) -> Any:
        raise LookupError("mine")

    with pytest.raises(Exception, match="mine"), intercept(reply):
        assert way.ask().status_code == 500


def test_a_failure_that_urllib3_has_no_name_for_stays_itself():
    """As of a client's own doing."""
    assert urllib3_errors.raised(NetworkFaultError("TooManyRedirects", "x"), None, None) is None
    assert urllib3_errors.network_fault(requests.exceptions.InvalidURL("x")) is None
    assert urllib3_errors.network_fault(LookupError("x")) is None
    assert sys.modules["urllib3.exceptions"] is urllib3.exceptions
