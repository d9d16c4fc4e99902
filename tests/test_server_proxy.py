"""A program in any language records a tape through the server that Python replays, and the reverse."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, intercept, passthrough, raw
from llm_intercept.base.dummy_keys import DUMMY
from llm_intercept.errors import DummyKeyError, RecordingError
from llm_intercept.server import Client, app, serve
from tests.loopback import listening
from tests.served import CHAT, connected, raw_request, say
from tests.support import chat
from tests.upstream import WORDS, serving

pytest.importorskip("uvicorn")
KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
HEADERS = {"authorization": f"Bearer {KEY}", "accept-encoding": "gzip"}


@pytest.fixture(params=[True, False], ids=["stream", "json"])
def stream(request):
    return request.param


@pytest.fixture
def upstream(tmp_path):
    with serving(tmp_path, tls=False) as served:
        yield served


def ask(url, user="hi", **more):
    return httpx.post(url + CHAT, json=chat(user, **more), headers=HEADERS, trust_env=False)


def takes(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def same(one, other):
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert one.headers["content-type"] == other.headers["content-type"]
    assert one.headers.get("x-request-id") == other.headers.get("x-request-id")


@pytest.mark.parametrize("user", ["hi", "gzip", "naïve 🍂"])
def test_what_the_server_records_python_replays(upstream, tmp_path, user, stream):
    """To the byte, in process and at a server; the answer passes as it was sent, and no key is on the tape."""
    tape = tmp_path / "tape"
    with serve(Interceptor(mode="record", recordings=tape), upstream=upstream.url) as url:
        recorded = ask(url, user, stream=stream)
    assert recorded.headers.get("content-encoding") == ("gzip" if user == "gzip" else None)
    assert stream or recorded.headers["set-cookie"].startswith("__cf_bm")
    assert "".join(WORDS)[:8] in recorded.text
    assert len(upstream.seen) == 1
    text = "".join(path.read_text() for path in tape.iterdir())
    assert KEY not in text
    assert "secret" not in text
    transport = InterceptTransport(mode="replay", recordings=tape)
    with httpx.Client(transport=transport) as client:
        same(client.post(upstream.chat, json=chat(user, stream=stream), headers=HEADERS), recorded)
    with serve(Interceptor(mode="replay", recordings=tape), upstream=upstream.url) as url:
        same(ask(url, user, stream=stream), recorded)
    assert len(upstream.seen) == 1


def test_a_cookie_of_one_program_is_not_sent_with_anothers_requests():
    """Each sends what is its own, and no other."""
    api, llm = (
        Interceptor(raw(b"{}", headers={"set-cookie": "session=of-the-first; Path=/"})),
        Interceptor(passthrough()),
    )
    with serve(api) as there, serve(llm, upstream=there) as url:
        assert ask(url, "one").headers["set-cookie"].startswith("session=")
        ask(url, "two")
        httpx.post(url + CHAT, json=chat(), headers={"cookie": "mine=1"}, trust_env=False)
    assert [call.request.headers.get("cookie") for call in api.calls] == [None, None, "mine=1"]


class Hop(BaseHTTPRequestHandler):
    """An API that says something to the next in line alone, and keeps what it was asked."""

    heard: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        """Answer."""
        self.heard.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        for name, value in {"Connection": "close, X-Hop", **OF_ONE_HOP, "X-End": "1", "Content-Length": "2"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


OF_ONE_HOP = {"X-Hop": "1", "Keep-Alive": "timeout=5", "Proxy-Authenticate": "Basic", "Trailer": "x", "Upgrade": "h2c"}


def test_what_is_said_to_the_next_in_line_alone_goes_no_further():
    """Neither way (RFC 9110, 7.6.1): what `Connection` names, and what is always so."""
    said = {**OF_ONE_HOP, "connection": "keep-alive, x-hop", "te": "trailers", "proxy-authorization": "Basic x"}
    with listening(Hop) as port, serve(Interceptor(passthrough()), upstream=f"http://127.0.0.1:{port}") as url:
        answer = httpx.post(url + CHAT, json=chat(), headers={**said, "x-end": "1"}, trust_env=False)
    for heard in (Hop.heard.pop(), answer.headers):
        assert {name.lower() for name in [*said, *OF_ONE_HOP]} & heard.keys() <= {"connection"}
        assert "x-hop" not in heard.get("connection", "")
        assert heard["x-end"] == "1"


@pytest.mark.parametrize("path", [CHAT, "/v1/of/nobody"])
def test_a_dummy_key_is_not_sent_on(path, tmp_path, caplog):
    """To no API that is known here, and to no other; who asks is told why, and so is who serves."""
    llm = Interceptor(mode="record", recordings=tmp_path)
    with pytest.raises(DummyKeyError), serve(llm, upstream="https://api.example.invalid") as url:
        headers = {"authorization": f"Bearer {DUMMY}"}
        answer = httpx.post(url + path, json=chat(), headers=headers, trust_env=False)
    told = "llm-intercept did not send a request on to api.example.invalid: it has no key."
    assert (answer.status_code, answer.json()["error"]["message"][: len(told)]) == (500, told)
    assert caplog.text == ""


def test_what_python_records_the_server_replays(upstream, tmp_path, stream):
    """And what is missing it records, where it is told to."""
    tape = tmp_path / "tape"
    with intercept(mode="record", recordings=tape):
        recorded = httpx.post(upstream.chat, json=chat(stream=stream), headers=HEADERS, trust_env=False)
    llm = Interceptor(mode="auto", recordings=tape)
    with serve(llm, upstream=upstream.url) as url:
        same(ask(url, stream=stream), recorded)
        assert ask(url, "another", stream=stream).status_code == 200
    assert [call.source for call in llm.calls] == ["recording", "live"]
    assert len(takes(tape)) == 2


def test_a_streams_gaps_are_recorded_while_it_passes(tmp_path):
    """The client has each event before the next is sent."""
    with serving(tmp_path, tls=False, gap=0.03) as upstream:
        llm = Interceptor(mode="record", recordings=tmp_path / "tape")
        with (
            serve(llm, upstream=upstream.url) as url,
            httpx.stream("POST", url + CHAT, json=chat(stream=True), trust_env=False) as answer,
        ):
            pieces = list(answer.iter_raw())
        gaps = [event["gap_ms"] for event in takes(tmp_path / "tape")[0]["response"]["events"]]
    assert len(pieces) >= len(WORDS)
    assert sum(gaps) >= 150


def test_rules_come_before_the_upstream_and_what_is_let_out_is_not_kept(upstream, tmp_path):
    """As in process."""
    llm = Interceptor(mode="record", recordings=tmp_path / "tape")
    llm.on("rule").reply("hello")
    llm.on("out").reply(passthrough())
    with serve(llm, upstream=upstream.url) as url:
        assert ask(url, "rule").json()["choices"][0]["message"]["content"] == "hello"
        assert "Packets" in ask(url, "out").text
    assert len(upstream.seen) == 1
    assert not (tmp_path / "tape").exists() or takes(tmp_path / "tape") == []


def test_an_answer_that_breaks_off_breaks_off_and_its_take_is_partial(upstream, tmp_path):
    """The client sees what it would have seen."""
    with serve(Interceptor(mode="record", recordings=tmp_path / "tape"), upstream=upstream.url) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(url, "drop in", stream=True)
        refused = ask(url, "drop before")
        assert refused.status_code == 502
        assert "could not be sent on" in refused.json()["error"]["message"]
    (take,) = takes(tmp_path / "tape")
    assert take["partial"].startswith("it broke off")


def test_a_client_that_leaves_leaves_a_partial_take(tmp_path):
    """And lets go of the upstream."""
    with serving(tmp_path, tls=False, gap=0.2) as upstream:
        llm = Interceptor(mode="record", recordings=tmp_path / "tape")
        with serve(llm, upstream=upstream.url) as url, connected(url) as one:
            one.sendall(raw_request(chat(stream=True)))
            while b"Packets" not in one.recv(65536):
                pass
            one.close()
        (take,) = takes(tmp_path / "tape")
    assert take["partial"] == "the client closed it"


def test_many_record_at_once(upstream, tmp_path):
    """Each answer its own take."""
    with serve(Interceptor(mode="record", recordings=tmp_path / "tape"), upstream=upstream.url) as url:
        threads = [threading.Thread(target=ask, args=(url, f"number {n}")) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(takes(tmp_path / "tape")) == 6
    assert all("partial" not in take for take in takes(tmp_path / "tape"))


def test_without_an_upstream_requests_go_where_their_api_is_at_home():
    """What nobody can reach is told in the API's words; no test reaches a network."""
    llm = Interceptor(unmatched="passthrough")

    class ReachedError(Exception):
        pass

    served = app(llm)

    async def send(head, content, observer):
        raise ReachedError(head.url, dict(head.headers), json.loads(content), observer)

    served._upstream = type("Upstream", (), {"send": staticmethod(send)})()
    told = say(served).json()["error"]["message"]
    assert "ReachedError: ('https://api.openai.com/v1/chat/completions'" in told


def test_an_answer_that_cannot_be_recorded_is_passed_on_and_told_at_the_end(upstream, tmp_path):
    """A recording that fails, fails no client."""
    upstream.answers.append((200, {"Content-Encoding": "unheard"}, b"{}"))
    llm = Interceptor(mode="record", recordings=tmp_path / "tape")
    with pytest.raises(RecordingError, match="not recorded"), serve(llm, upstream=upstream.url) as url:
        assert ask(url).content == b"{}"


def test_each_test_plays_the_tape_from_its_beginning_and_what_it_records_is_kept(upstream, tmp_path):
    """What one test has played is not used up for another; after a reset it begins again."""
    tape = tmp_path / "tape"
    with serve(Interceptor(mode="record", recordings=tape), upstream=upstream.url) as url:
        recorded = [
            httpx.post(url + CHAT, json=chat(), headers={"x-llm-intercept-test": "recording"}) for _ in range(2)
        ]
    assert len(takes(tape)) == 2
    with serve(Interceptor(mode="replay", recordings=tape), upstream=upstream.url) as url:
        found = {}
        for test in ("a", "b", "a", "b"):
            headers = {"x-llm-intercept-test": test}
            found.setdefault(test, []).append(httpx.post(url + CHAT, json=chat(), headers=headers).content)
        Client(url, test="a").reset()
        again = httpx.post(url + CHAT, json=chat(), headers={"x-llm-intercept-test": "a"}).content
    assert found == {test: [one.content for one in recorded] for test in "ab"}
    assert again == recorded[0].content


def test_what_is_no_apis_goes_to_the_upstream_where_requests_go_on(upstream, tmp_path):
    """As in process it goes its way; a server that only answers, answers that it has none."""
    for options, status in (({"mode": "record", "recordings": tmp_path / "tape"}, 200), ({}, 404)):
        with serve(Interceptor("hello", **options), upstream=upstream.url) as url:
            assert httpx.post(f"{url}/own/page", json={}, trust_env=False).status_code == status
    assert len(upstream.seen) == 1


def test_the_results_of_a_batch_are_fetched_through_the_proxy(tmp_path):
    """A URL in an answer leads back to the server that was asked, live and from the tape; the tape has the real one."""
    tape, path, api = tmp_path / "tape", "/v1/messages/batches/msgbatch_1", Interceptor(unmatched="error")
    headers = {"anthropic-version": "2023-06-01", "accept-encoding": "gzip"}
    packed = {"content-encoding": "gzip", "content-type": "application/json"}
    with serve(api) as there:
        real = f"{there}{path}/results"
        ended = json.dumps({"id": "msgbatch_1", "results_url": real, "page": real}).encode()
        api.on(url="*/results").reply(raw(b'{"custom_id": "a"}\n', headers={"content-type": "application/x-jsonl"}))
        api.on(url=path).reply(raw(gzip.compress(ended), headers=packed))
        for mode in ("record", "replay"):
            with serve(Interceptor(mode=mode, recordings=tape), upstream=there) as here:
                batch = httpx.get(f"{here}{path}", headers=headers, trust_env=False).json()
                assert batch["results_url"] == f"{here}{path}/results"
                assert batch["page"] == real  # a field that no dialect knows
                assert httpx.get(batch["results_url"], headers=headers, trust_env=False).json() == {"custom_id": "a"}
    assert len(api.calls) == 2
    assert len(takes(tape)) == 2
    assert any(
        take["response"].get("body", {}) and take["response"]["body"].get("results_url") == real for take in takes(tape)
    )
