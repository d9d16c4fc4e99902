"""What urllib3 sends and an exchange lets out: the real request is made, and its answer passes as if nobody looked."""

from __future__ import annotations

import io
import json
import select
import socket
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import Recordings, intercept, passthrough
from llm_intercept.errors import UnmatchedRequestError, UnmatchedWarning
from tests.loopback import QuietHandler, listening
from tests.support import URL, chat
from tests.upstream import WORDS, serving
from tests.urllib3_ways import CHAT, JSON, LIBRARIES, WAYS, Way, causes, name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

urllib3 = pytest.importorskip("urllib3")
requests = pytest.importorskip("requests")
VERSION = tuple(int(part) for part in urllib3.__version__.split(".")[:2])
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PATH = "/v1/chat/completions"
QUESTION = json.dumps(chat()).encode()
every_way = pytest.mark.parametrize("way", WAYS, ids=name)
every_chat = pytest.mark.parametrize("way", CHAT, ids=name)
each_library = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture
def upstream(tmp_path) -> Iterator[Any]:
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def plain(tmp_path) -> Iterator[Any]:
    with serving(tmp_path, tls=False) as served:
        yield served


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that makes tunnels; gives its URL, and where it was asked to make one."""
    asked: list[str] = []

    class Handler(QuietHandler):
        def do_CONNECT(self) -> None:  # noqa: N802 - the name that http.server asks for
            asked.append(self.path)
            host, _, port = self.path.partition(":")
            with socket.create_connection((host, int(port))) as beyond:
                self.send_response(200)
                self.end_headers()
                ends = {self.connection: beyond, beyond: self.connection}
                while readable := select.select(list(ends), [], [], 5)[0]:
                    for end in readable:
                        data = end.recv(65536)
                        if not data:
                            self.close_connection = True
                            return
                        ends[end].sendall(data)

    with listening(Handler) as port:
        yield f"http://127.0.0.1:{port}", asked


def whole(tape: Path) -> list[Path]:
    """List the takes of answers that came whole."""
    return [path for path in tape.glob("*.json") if not path.name.endswith(".partial.json")]


def kept(answer: Any) -> dict[str, str]:
    """Return the headers of an answer without those that are others each time."""
    return {key.lower(): value for key, value in answer.headers.items() if key.lower() not in {"date", "server"}}


@every_way
@pytest.mark.parametrize("user", ["hi", "gzip"])
def test_what_passes_is_what_the_server_says(way, user, upstream):
    """Byte for byte, compressed or not, by TLS; the call says that it was live."""
    url = upstream.of(way.api)
    upstream.answers = []
    plain = way.send(way.body(user), url=url, verify=upstream.ca)
    upstream.seen.clear()
    with intercept(passthrough()) as llm:
        passed = way.send(way.body(user), url=url, verify=upstream.ca)
    assert (passed.status_code, passed.content) == (plain.status_code, plain.content)
    assert kept(passed).keys() == kept(plain).keys()
    assert way.said(passed) == "".join(WORDS)
    assert [(call.source, call.status) for call in llm.calls] == [("live", 200)]
    assert len(upstream.seen) == 1


@every_way
@pytest.mark.parametrize("user", ["hi", "gzip"])
def test_what_is_recorded_is_replayed(way, user, upstream, tmp_path):
    """To the byte; the client gets the real answer as ever."""
    url, tape = upstream.of(way.api), tmp_path / "tape"
    with intercept(mode="record", recordings=tape):
        recorded = way.send(way.body(user), url=url, verify=upstream.ca)
    with intercept(mode="replay", recordings=tape) as llm:
        replayed = way.send(way.body(user), url=url)
    assert way.said(recorded) == "".join(WORDS)
    assert replayed.content == recorded.content
    assert [(call.source, call.status) for call in llm.calls] == [("recording", 200)]
    (take,) = tape.glob("*.json")
    assert "sk-test" not in take.read_text()
    assert len(upstream.seen) == 1


@each_library
def test_a_tape_is_anybodys(library, upstream, tmp_path):
    """What urllib3 records httpx plays, and the reverse; a stream answers a request for JSON."""
    httpx = pytest.importorskip("httpx")
    way, tape = Way(library, stream=True), tmp_path / "tape"
    with intercept(mode="auto", recordings=tape):
        recorded = way.send(way.body(), url=upstream.chat, verify=upstream.ca)
        assert way.send(way.body("other"), url=upstream.chat, verify=upstream.ca).status_code == 200
    with intercept(mode="replay", recordings=tape):
        assert httpx.post(upstream.chat, json=way.body(), headers=JSON).content == recorded.content
        made = Way(library, stream=False)
        assert made.said(made.ask("other", url=upstream.chat)) == "".join(WORDS)
    assert len(upstream.seen) == 2


@every_chat
def test_errors_and_what_breaks_off_are_what_they_were(way, plain, tmp_path):
    """A status is kept as it is; an answer that does not come whole is no take of its own."""
    tape = Recordings(tmp_path / "tape", keep_errors=True)
    plain.answers = [(429, {"Retry-After": "1", "Content-Type": "application/json"}, b'{"error": {"message": "slow"}}')]
    with intercept(mode="record", recordings=tape):
        recorded = way.ask(url=plain.chat)
    with intercept(mode="replay", recordings=tape):
        replayed = way.ask(url=plain.chat)
    assert (
        (replayed.status_code, replayed.content) == (recorded.status_code, recorded.content) == (429, recorded.content)
    )
    for user in ("drop before", *(["drop in"] if way.stream else [])):
        real = raised(way, user, plain.chat)
        with intercept(mode="record", recordings=tape):
            ours = raised(way, user, plain.chat)
        assert [type(one) for one in causes(ours)] == [type(one) for one in causes(real)]
    assert len(whole(tmp_path / "tape")) == 1


def raised(way: Way, user: str, url: str) -> BaseException:
    with pytest.raises((urllib3.exceptions.HTTPError, requests.RequestException)) as caught:
        way.ask(user, url=url)
    return caught.value


@pytest.mark.parametrize("way", [way for way in CHAT if way.stream], ids=name)
def test_chunks_pass_as_they_came_while_they_are_recorded(way, plain, tmp_path):
    """Each by itself, framed as the server framed it."""
    with intercept(mode="record", recordings=tmp_path / "tape"), way.sent(way.body(), url=plain.chat) as response:
        pieces = list(way.pieces(response))
    assert len(pieces) == len(WORDS) + 3
    assert all(piece.endswith(b"\n\n") for piece in pieces)
    assert len(whole(tmp_path / "tape")) == 1


@pytest.mark.parametrize("way", [way for way in CHAT if way.stream], ids=name)
def test_a_client_that_leaves_a_stream_keeps_a_part(way, tmp_path):
    """It gets what there is at once, while the server waits; what it did not wait for is not on the tape."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - as above
            self.rfile.read(int(self.headers["Content-Length"]))
            event = b"data: {}\n\n"
            self.wfile.write(EVENTS + b"%x\r\n%b\r\n" % (len(event), event))
            self.connection.recv(1)  # until the client leaves
            self.close_connection = True

    with (
        listening(Handler) as port,
        intercept(mode="record", recordings=tmp_path / "tape"),
        way.sent(way.body(), url=f"http://127.0.0.1:{port}{PATH}") as response,
    ):
        assert next(way.pieces(response)) == b"data: {}\n\n"
    assert [path.suffixes for path in (tmp_path / "tape").glob("*.json")] == [[".partial", ".json"]]


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
@pytest.mark.parametrize("policy", ["passthrough", "warn"])
def test_what_nothing_answers_goes_out_where_it_may(way, policy, plain):
    """By policy; a host that is let out goes before any rule."""
    with intercept(unmatched=policy) as llm:
        if policy == "warn":
            with pytest.warns(UnmatchedWarning, match="there is no rule"):
                assert way.said(way.ask(url=plain.chat)) == "".join(WORDS)
        else:
            assert way.said(way.ask(url=plain.chat)) == "".join(WORDS)
    with intercept("ours", passthrough=["localhost"]):
        assert way.said(way.ask(url=plain.chat)) == "".join(WORDS)
        assert way.said(way.ask()) == "ours"
    assert [call.source for call in llm.calls] == ["live"]


@pytest.mark.parametrize("kind", ["file", "pieces"])
def test_a_body_of_any_kind_is_sent_as_it_would_have_been(kind, server):
    """With the framing that the library chose."""

    def body() -> Any:
        return iter([QUESTION[:9], QUESTION[9:]]) if kind == "pieces" else io.BytesIO(QUESTION)

    for options in ({}, {"passthrough": ["127.0.0.1"]}):
        with intercept("ours", **options) if options else intercept(passthrough()):
            answer = requests.post(server.url + PATH, data=body(), headers=JSON)
        assert answer.content == QUESTION
    requests.post(server.url + PATH, data=body(), headers=JSON)
    sent = [{key: one.headers.get(key) for key in ("content-length", "transfer-encoding")} for one in server.requests]
    assert sent[0] == sent[1] == sent[2]


def test_a_connection_is_kept_for_what_passes_next(plain):
    """Also over what is answered in between."""
    url, body = plain.chat, {"body": json.dumps(chat()), "headers": JSON}
    with urllib3.PoolManager() as manager:
        manager.request("POST", url, **body)
        pool = manager.connection_from_url(url)
        (connection,) = [one for one in pool.pool.queue if one is not None]
        real = connection.sock
        assert real is not None
        with intercept() as llm:
            llm.reply(passthrough(), "ours", passthrough())
            answers = [manager.request("POST", url, **body) for _ in range(3)]
        assert connection.sock is real
    said = [json.loads(one.data)["choices"][0]["message"]["content"] for one in answers]
    assert said == ["".join(WORDS), "ours", "".join(WORDS)]
    assert pool.num_connections == 1


@pytest.mark.parametrize("way", CHAT, ids=name)
def test_what_passes_goes_by_its_proxy(way, proxy, upstream):
    """Through a tunnel, with TLS to the host; and when it is recorded."""
    url, asked = proxy
    with intercept() as llm:
        llm.on("out").reply(passthrough())
        llm.on("in").reply("ours")
        options = {"url": upstream.chat, "verify": upstream.ca, "proxies": {"https": url}}
        assert way.said(way.send(way.body("out"), **options)) == "".join(WORDS)
        assert way.said(way.send(way.body("in"), **options)) == "ours"
    assert [one.partition(":")[0] for one in asked] == ["localhost"]


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
def test_plain_http_goes_by_its_proxy(way, server):
    """Its target is a URL."""
    with intercept(passthrough()):
        way.send(chat(), url="http://gateway.invalid" + PATH, proxies={"http": server.url})
    assert [one.path for one in server.requests] == ["http://gateway.invalid" + PATH]


@pytest.mark.parametrize("way", CHAT[:1] + CHAT[2:3], ids=name)
def test_a_connection_that_fails_fails_as_ever(way, upstream):
    """Nobody there, a certificate that nobody trusts, a proxy that is not there."""
    for options in (
        {"url": f"http://127.0.0.1:9{PATH}"},
        {"url": upstream.chat},
        {"url": upstream.chat, "proxies": {"https": "http://127.0.0.1:9"}},
    ):
        errors = []
        for block in (None, intercept(passthrough())):
            with pytest.raises((urllib3.exceptions.HTTPError, requests.RequestException)) as caught:
                if block is None:
                    way.send(chat(), **options)
                else:
                    with block:
                        way.send(chat(), **options)
            errors.append(caught.value)
        assert [type(one) for one in causes(errors[0])] == [type(one) for one in causes(errors[1])]


def served(*pieces: bytes) -> Any:
    """Make a handler that answers with some bytes as they are, and closes the connection."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - as above
            self.rfile.read(int(self.headers["Content-Length"]))
            for piece in pieces:
                self.wfile.write(piece)
            self.close_connection = True

    return Handler


OLD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
ODD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b'{"id": "c", "object": "chat.completion", "choices": []}'


@pytest.mark.parametrize(("pieces", "is_kept"), [
    ((b"HTTP/1.1 100 Continue\r\n\r\n", OLD, BODY), True),
    ((LONG, BODY), False),
    ((ODD, b"what?\r\n"), False),
    ((b"SSH-2.0\r\n",), False),
])  # fmt: skip
def test_an_odd_answer_is_the_clients_to_find_out(pieces, is_kept, tmp_path):
    """One that ends with its connection is whole; one that is cut off, or is none, is not, and disturbs nobody."""
    with listening(served(*pieces)) as port:
        url, results = f"http://127.0.0.1:{port}{PATH}", []
        for block in (intercept(passthrough=["127.0.0.1"]), intercept(mode="record", recordings=tmp_path / "tape")):
            try:
                with block:
                    results.append(requests.post(url, json=chat()).content)
            except requests.RequestException as error:
                results.append(type(error))
    assert results[0] == results[1]
    assert (BODY in results) is (is_kept or (pieces[0] is LONG and VERSION < (2, 0)))  # which does not count
    assert bool(whole(tmp_path / "tape")) is is_kept


@pytest.mark.skipif(not hasattr(urllib3.HTTPResponse, "shutdown"), reason="needs urllib3 2.3")
def test_a_response_that_passes_can_be_shut_down(plain):
    """Its real socket is; one that is answered here has none."""
    body = {"body": json.dumps(chat(stream=True)), "headers": JSON, "preload_content": False}
    with intercept() as llm:
        llm.reply(passthrough(), "ours")
        passing = urllib3.PoolManager().request("POST", plain.chat, **body)
        real = passing.connection.sock
        passing.shutdown()
        real.settimeout(1)
        while real.recv(65536):  # what has come already; else it would wait for more
            pass
        assert real.recv(1) == b"" or real.recv(65536) is not None
        answered = urllib3.PoolManager().request("POST", plain.chat, **body)
        answered.shutdown()
        assert answered.read().endswith(b"data: [DONE]\n\n")
        passing.close()


def test_a_miss_on_a_tape_says_which_take_is_near(tmp_path, plain):
    """As at any door."""
    with intercept(mode="record", recordings=tmp_path / "tape"):
        requests.post(plain.chat, json=chat("hi"))
    with pytest.raises(UnmatchedRequestError, match="'hi'"), intercept(mode="replay", recordings=tmp_path / "tape"):
        assert requests.post(plain.chat, json=chat("ho")).status_code == 404


def test_a_known_host_is_let_out_by_its_own_request_alone():
    """Its name is looked up then, and by nobody beside it."""

    def refused(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such name, in this test")

    with pytest.MonkeyPatch.context() as patch, intercept(passthrough()):
        patch.setattr(socket, "getaddrinfo", refused)
        with pytest.raises(requests.ConnectionError, match="no such name"):
            requests.post(URL, json=chat())
