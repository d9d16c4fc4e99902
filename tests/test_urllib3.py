"""What urllib3 sends is answered, and so what requests does: pools, retries, redirects and responses are their own."""

from __future__ import annotations

import gc
import io
import json
import pickle
import socket
import sys
import threading
from importlib.util import find_spec
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept import Reply, api_error, auto, intercept, raw, tool_call
from llm_intercept.clients import urllib3_door
from llm_intercept.clients.hook import innermost, is_hooked, member
from llm_intercept.errors import UnmatchedRequestError, UnseenClientError
from tests.amounts import PATIENCE
from tests.conftest import events
from tests.support import URL, chat
from tests.urllib3_ways import CHAT, JSON, WAYS, Way, name

if TYPE_CHECKING:
    from collections.abc import Iterator

urllib3 = pytest.importorskip("urllib3")
VERSION = tuple(int(part) for part in urllib3.__version__.split(".")[:2])
ELSEWHERE = "https://gateway.invalid/openai/v1/chat/completions"
FILES = "https://api.openai.com/v1/files"

every_way = pytest.mark.parametrize("way", WAYS, ids=name)
every_chat = pytest.mark.parametrize("way", CHAT, ids=name)
each_library = pytest.mark.parametrize("way", [way for way in CHAT if not way.stream], ids=name)
each_stream = pytest.mark.parametrize("way", [way for way in CHAT if way.stream], ids=name)


# What is answered


@every_way
def test_a_request_is_answered(way):
    """In the shape that is asked for, by the rule that means it, with the head and body that were sent."""
    with intercept("else") as llm:
        llm.on("weather").reply("It is sunny.")
        answer = way.ask("the weather?", url=f"{way.url}?api-version=7#top")
    assert way.said(answer) == "It is sunny."
    (call,) = llm.calls
    assert (call.source, call.status, call.complete) == ("rule", 200, True if way.stream else None)
    assert (call.request.last_user, call.request.stream) == ("the weather?", way.stream)
    assert call.request.url == f"{way.url}?api-version=7"
    headers = call.request.headers
    assert headers["AUTHORIZATION"] == "Bearer sk-test"
    assert int(headers["content-length"]) == len(call.request.content)
    assert headers["host"] == "api.openai.com"
    assert answer.headers["content-type"].startswith("text/event-stream" if way.stream else "application/json")


@every_way
def test_the_answer_is_the_one_that_httpx_gets(way, make_case):
    """Byte for byte, but for its date, and headers too."""
    pytest.importorskip("httpx")
    found = []
    for ask in (way.ask, make_case("httpx", is_async=False, stream=way.stream, api=way.api).post):
        with intercept(["one ", "two"]):
            answer = ask("hi")
        found.append((answer.content, {k.lower(): v for k, v in answer.headers.items() if k.lower() != "date"}))
    assert found[0] == found[1]


@each_stream
def test_a_stream_comes_event_by_event(way):
    """Each is there before the next is made."""
    made = []

    def reply(_: Any) -> Iterator[str]:
        for word in ("one ", "two ", "three"):
            made.append(word)
            yield word

    seen = []
    with intercept(reply), way.sent(way.body()) as response:
        for piece in way.pieces(response):
            seen.append((piece.count(b"\n\n"), len(made)))
    assert all(count == 1 for count, _ in seen)
    assert [number for _, number in seen][:4] == [0, 1, 2, 3]


def test_lines_of_requests_and_chunks_of_urllib3_are_the_librarys_own():
    """`iter_lines`, `read_chunked`, `read(amt)`, `read1`, `readline` over a text wrapper, iteration."""
    requests = pytest.importorskip("requests")
    with intercept(["one ", "two"]):
        lines = list(requests.post(URL, json=chat(stream=True), stream=True).iter_lines(decode_unicode=True))
        assert "".join(c["choices"][0]["delta"].get("content") or "" for c in events("\n\n".join(filter(None, lines))))
        pool = urllib3.PoolManager()
        body = json.dumps(chat(stream=True))

        def sent() -> Any:
            return pool.request("POST", URL, body=body, headers=JSON, preload_content=False)

        assert len(list(sent().read_chunked())) == len(list(filter(None, lines)))
        response = sent()
        parts = [response.read(7) for _ in range(3)]
        assert [len(part) for part in parts] == [7, 7, 7]
        assert parts[0] == b"data: {"
        wrapped = io.TextIOWrapper(io.BufferedReader(sent()))
        assert wrapped.readline().startswith("data: {")
        assert b"".join(sent()).endswith(b"data: [DONE]\n\n")


def test_a_pool_gets_its_connection_back():
    """When the answer was read, or is released, as it does with any server; a pool that blocks goes on."""
    with intercept("hi"), urllib3.HTTPSConnectionPool("api.openai.com", maxsize=1, block=True) as pool:
        for _ in range(3):
            assert pool.request("POST", "/v1/chat/completions", body=json.dumps(chat()), headers=JSON).status == 200
        kept = pool.urlopen(
            "POST", "/v1/chat/completions", body=json.dumps(chat()), headers=JSON, preload_content=False
        )
        with pytest.raises(urllib3.exceptions.EmptyPoolError):
            pool.urlopen("POST", "/v1/chat/completions", body="{}", headers=JSON, pool_timeout=0.001)
        kept.drain_conn()
        kept.release_conn()
        assert pool.request("POST", "/v1/chat/completions", body=json.dumps(chat()), headers=JSON).status == 200
        assert (pool.num_requests, pool.num_connections) == (5, 1)


def test_a_connection_without_a_pool_is_answered():
    """By its own `request`, plain or with TLS, again and again, and behind a tunnel."""
    connections = sys.modules["urllib3.connection"]
    with intercept("hi") as llm:
        for kind in (connections.HTTPConnection, connections.HTTPSConnection):
            connection = kind("api.openai.com")
            for _ in range(2):
                connection.request("POST", "/v1/chat/completions", body=json.dumps(chat()), headers=JSON)
                response = connection.getresponse()
                assert json.loads(getattr(response, "data", None) or response.read())["choices"]
        tunnelled = connections.HTTPSConnection("127.0.0.1", 9)
        tunnelled.set_tunnel("api.openai.com", 443)
        tunnelled.request("POST", "/v1/chat/completions", body=json.dumps(chat()), headers=JSON)
        assert tunnelled.getresponse().status == 200
    assert [call.request.url.partition("/v1")[0] for call in llm.calls] == [
        "http://api.openai.com", "http://api.openai.com", "https://api.openai.com", "https://api.openai.com",
        "https://api.openai.com",
    ]  # fmt: skip


@each_library
@pytest.mark.parametrize("kind", ["bytes", "text", "file", "pieces", "chunked"])
def test_a_body_of_any_kind_is_read(way, kind):
    """As it would be sent: at once, from a file, or in pieces."""
    text = json.dumps(chat("ä question"))
    raw_bytes = text.encode()
    body = {
        "bytes": raw_bytes,
        "text": text,
        "file": io.BytesIO(raw_bytes),
        "pieces": iter([raw_bytes[:9], b"", raw_bytes[9:]]),
        "chunked": iter([raw_bytes]),
    }[kind]
    if way.library == "requests" and kind == "pieces":
        body = iter([raw_bytes[:9], raw_bytes[9:]])
    options = {"chunked": True} if kind in {"pieces", "chunked"} and way.library == "urllib3" else {}
    with intercept("hi") as llm:
        assert way.said(way.send(body, **options)) == "hi"
    assert llm.calls[0].request.last_user == "ä question"
    assert llm.calls[0].request.content == raw_bytes


@each_library
def test_an_upload_reaches_its_rule(way):
    """A form with a file, written by the library."""
    seen = []

    def reply(request: Any) -> Any:
        seen.append((request.headers["content-type"].partition(";")[0], b"filename=" in request.content))
        return raw({"id": "file-1"})

    with intercept() as llm:
        llm.on(url="/v1/files").reply(reply)
        if way.library == "requests":
            requests = pytest.importorskip("requests")
            assert requests.post(FILES, files={"file": ("a.txt", b"x")}, data={"purpose": "x"}).json()["id"] == "file-1"
        else:
            fields = {"purpose": "x", "file": ("a.txt", b"x")}
            answer = urllib3.PoolManager().request("POST", FILES, fields=fields)
            assert json.loads(answer.data)["id"] == "file-1"
    assert seen == [("multipart/form-data", True)]


@each_library
def test_a_method_without_a_body_gets_none(way):
    """HEAD, and a DELETE that is answered with 204."""
    with intercept() as llm:
        llm.on(url="/v1/files*").reply(raw(b"some bytes", headers={"content-type": "text/plain"}))
        llm.on(url="/v1/gone").reply(raw(b"", status=204))
        assert way.send(None, url=FILES, method="HEAD").content == b""
        assert way.send(None, url=FILES, method="GET").content == b"some bytes"
        assert way.send(None, url="https://api.openai.com/v1/gone", method="DELETE").status_code == 204


@each_library
def test_a_redirect_that_a_rule_says_is_followed(way):
    """By the library, which asks again."""
    with intercept() as llm:
        llm.on(url="/v1/old").reply(raw(b"", status=307, headers={"location": "/v1/chat/completions"}))
        llm.on("hi").reply("there")
        options = {} if way.library == "requests" else {"retries": urllib3.Retry(3)}
        assert way.said(way.send(chat(), url="https://api.openai.com/v1/old", **options)) == "there"
    assert [call.status for call in llm.calls] == [307, 200]


def test_a_session_of_requests_works_as_ever():
    """Hooks, auth, adapters with retries, cookies, `reason`, `raise_for_status`, `elapsed`, `history`."""
    requests = pytest.importorskip("requests")
    heard = []
    with intercept() as llm, requests.Session() as session:
        llm.on(url="/v1/login").reply(raw({}, headers={"set-cookie": "seen=yes; Path=/"}))
        llm.on("hi").reply(api_error(500), "third time")
        llm.on("bad").reply(api_error(400))
        retries = urllib3.Retry(2, status_forcelist=[500], allowed_methods=None, backoff_factor=0)
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retries))
        session.auth = ("me", "secret")
        session.hooks["response"].append(lambda response, **_: heard.append(response.status_code))
        assert session.get("https://api.openai.com/v1/login").ok
        answer = session.post(URL, json=chat())
        with pytest.raises(requests.HTTPError, match="400 Client Error: Bad Request for url"):
            session.post(URL, json=chat("bad")).raise_for_status()
    assert (answer.reason, answer.json()["choices"][0]["message"]["content"]) == ("OK", "third time")
    assert answer.raw.retries.total == 1
    assert heard == [200, 200, 400]
    assert [call.request.headers["cookie"] for call in llm.calls[1:]] == ["seen=yes"] * 3
    assert llm.calls[1].request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(("reply", "slept"), [
    (api_error(429), []), (api_error(429, retry_after=3), [3, 3]), (api_error(503), []),
])  # fmt: skip
def test_a_retry_sleeps_as_the_answer_says(reply, slept, monkeypatch):
    """And not by itself where it has no backoff."""
    sleeps = []
    monkeypatch.setattr(sys.modules["urllib3.util.retry"].time, "sleep", sleeps.append)
    retries = urllib3.Retry(2, status_forcelist=[429, 503], allowed_methods=None, raise_on_status=False)
    with intercept() as llm:
        llm.reply(reply, reply, "there")
        answer = urllib3.PoolManager(retries=retries).request("POST", URL, body=json.dumps(chat()), headers=JSON)
    assert (answer.status, len(llm.calls)) == (200, 3)
    assert sleeps == slept


@each_library
def test_a_rule_may_mean_headers_and_calls_are_logged(way, tmp_path):
    """Whatever case they are in, by a condition or one of respx's patterns; a credential is in no log."""
    respx = pytest.importorskip("respx")
    with intercept(log=tmp_path / "log.jsonl") as llm:
        llm.on(headers={"X-Tenant": "a"}).reply("first")
        llm.on(respx.patterns.M(headers={"x-tenant": "b"}, host="api.openai.com")).reply("second")
        for tenant, said in (("a", "first"), ("b", "second")):
            assert way.said(way.send(chat(), headers={"x-TENANT": tenant})) == said
        assert pickle.loads(pickle.dumps(llm.calls[0])).request.headers["x-tenant"] == "a"
    log = (tmp_path / "log.jsonl").read_text()
    assert log.count("\n") == 2
    assert "sk-test" not in log


@each_library
def test_a_reply_is_any_reply(way):
    """A call of a tool, `auto()`, an error in the API's words."""
    with intercept() as llm:
        llm.on("tool").reply(tool_call("f", a=1))
        llm.on("auto").reply(auto())
        llm.on("limit").reply(api_error(429))
        assert way.ask("tool").json()["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "f"
        assert way.ask("auto").status_code == 200
        limited = way.ask("limit")
    assert (limited.status_code, "error" in limited.json()) == (429, True)


@each_stream
def test_a_stream_that_is_computed_is_awaited(way):
    """An async function's deltas, for a client that has no loop."""
    closed = []

    async def reply(_: Any) -> Any:
        try:
            for word in ("one ", "two"):
                yield word
        finally:
            closed.append(True)

    with intercept(reply):
        assert way.said(way.ask()) == "one two"
    assert closed == [True]


@each_stream
def test_a_client_that_leaves_ends_the_making(way):
    """By `close`, in the middle; the call says that it is not complete."""
    with intercept(Reply(deltas=[f"{number} " for number in range(100)])) as llm:
        with way.sent(way.body()) as response:
            assert next(way.pieces(response))
        gc.collect()
    assert (llm.calls[0].complete, llm.calls[0].error) == (False, None)


def test_an_answer_that_nobody_reads_ends_when_it_is_collected():
    """As a real connection is closed then."""
    with intercept("one two three") as llm:
        urllib3.PoolManager().request(
            "POST", URL, body=json.dumps(chat(stream=True)), headers=JSON, preload_content=False
        )
        gc.collect()
        assert llm.calls[0].complete is False


# Who answers


@each_library
def test_an_inner_block_is_asked_before_an_outer_one(way):
    """And the outer one where that has no rule."""
    with intercept("outer") as outer, intercept() as inner:
        inner.on("inner").reply("inner")
        assert [way.said(way.ask(user)) for user in ("inner", "other")] == ["inner", "outer"]
    assert (len(outer.calls), len(inner.calls)) == (1, 2)


def test_a_block_of_a_context_answers_its_own_thread():
    """And those that it starts, and none besides."""
    way, said = Way("urllib3", stream=False), {}
    go, done = threading.Event(), threading.Event()

    def beside() -> None:
        go.wait(PATIENCE)
        with intercept("beside", scope="context"):
            said["beside"] = way.said(way.ask())
        done.set()

    thread = threading.Thread(target=beside)
    thread.start()
    with intercept("mine", scope="context"):
        go.set()
        done.wait(PATIENCE)
        mine = threading.Thread(target=lambda: said.update(started=way.said(way.ask())))
        mine.start()
        mine.join()
        said["mine"] = way.said(way.ask())
    thread.join()
    assert said == {"beside": "beside", "started": "mine", "mine": "mine"}


@each_library
def test_a_function_may_ask_by_urllib3_itself(way):
    """Within its answer: the two requests do not meet."""

    def reply(request: Any) -> str:
        return "inner" if request.last_user == "inner" else "outer and " + way.said(way.ask("inner"))

    with intercept(reply) as llm:
        assert way.said(way.ask("outer")) == "outer and inner"
    assert len(llm.calls) == 2


@every_chat
def test_what_nothing_answers_is_explained_and_raised_again(way):
    """The API's 404, whatever the host, with the rule that came near."""
    for url in (URL, ELSEWHERE):
        with pytest.raises(UnmatchedRequestError, match="'weather' is near"), intercept() as llm:
            llm.on("wether").reply("x")
            answer = way.ask("weather", url=url)
        assert (answer.status_code, "wether" in answer.json()["error"]["message"]) == (404, True)


@each_library
def test_what_is_to_raise_raises_where_it_is_asked(way):
    """`unmatched="raise"`: not taken for a failure of the network, which would be tried again."""
    with (
        pytest.raises(UnmatchedRequestError),
        intercept(unmatched="raise") as llm,
        pytest.raises(UnmatchedRequestError),
    ):
        way.ask()
    assert len(llm.calls) == 1


@each_library
def test_a_side_request_is_listed_apart(way):
    """As frameworks report by requests."""
    with intercept("ours") as llm:
        answer = way.send({"data": []}, url="https://api.openai.com/v1/traces/ingest")
    assert (answer.status_code, len(llm.calls), len(llm.side_calls)) == (204, 0, 1)


@each_library
def test_a_host_that_only_a_header_or_tls_names_is_known(way, server):
    """By address, with the host in `Host`, or in the handshake."""
    with pytest.raises(UnmatchedRequestError), intercept("ours"):
        assert way.send(b"x", url=server.url + "/v1/files", headers={"Host": "api.openai.com"}).status_code == 404
    with pytest.raises(UnmatchedRequestError), intercept("ours"):
        pool = urllib3.HTTPSConnectionPool("127.0.0.1", 9, server_hostname="api.openai.com", assert_hostname=False)
        assert pool.request("GET", "/v1/files").status == 404
    assert server.requests == []


@each_library
def test_other_hosts_are_reached_as_ever(way, server):
    """Untouched: the library writes to its own socket."""
    with intercept("ours") as llm, way.sent(b"own", url=server.url + "/page") as response:
        sock = getattr(getattr(response, "raw", response), "_original_response", None).fp.raw
        assert type(sock) is socket.SocketIO
        assert b"".join(way.pieces(response)) == b"own"
    assert (len(llm.calls), len(server.requests)) == (0, 1)


@each_library
def test_nothing_leaves_where_there_is_no_network(way):
    """It is a refused connection to the library, as anything refused is; loopback and what is answered are not."""
    refused = {"urllib3": urllib3.exceptions.NewConnectionError}
    if way.library == "requests":
        refused["requests"] = pytest.importorskip("requests").ConnectionError
    with intercept("ours", network="none"):
        assert way.said(way.ask()) == "ours"
        with pytest.raises(refused[way.library], match="network='none'"):
            way.send(None, url="http://example.org/page", method="GET")


@each_library
def test_a_proxy_is_not_asked_for_what_is_answered(way):
    """Plain HTTP and a tunnel: nothing is sent to it, and the request names its own host."""
    proxy = "http://127.0.0.1:9"
    with intercept("ours") as llm:
        for url in (URL, URL.replace("https", "http")):
            proxies = {url.partition(":")[0]: proxy}
            assert way.said(way.send(chat(), url=url, proxies=proxies)) == "ours"
    assert [call.request.url for call in llm.calls] == [URL, URL.replace("https", "http")]
    assert [call.request.headers["host"] for call in llm.calls] == ["api.openai.com"] * 2


# What stays as it was


def test_http_client_is_stopped_as_ever():
    """What speaks it without urllib3."""
    import http.client

    with pytest.raises(UnseenClientError, match=r"http\.client"), intercept("ours"):
        connection = http.client.HTTPSConnection("api.openai.com")
        with pytest.raises(UnseenClientError):
            connection.request("POST", "/v1/chat/completions", json.dumps(chat()))


def test_a_connection_that_is_spoken_to_by_hand_is_stopped(monkeypatch):
    """As requests did before 2.29 where a body comes in pieces: `putrequest`, with no request around it."""
    with pytest.raises(UnseenClientError, match="known LLM host"), intercept("ours"):
        pool = urllib3.HTTPConnectionPool("api.openai.com")
        connection = pool._get_conn()
        with pytest.raises(UnseenClientError):
            connection.putrequest("POST", "/v1/chat/completions")


@pytest.mark.skipif(not find_spec("h2") or VERSION < (2, 3), reason="needs h2 and urllib3 2.3")
def test_http2_is_stopped():
    """urllib3's own, which is on trial there: its connection speaks by no socket that could be ours."""
    http2 = pytest.importorskip("urllib3.http2")
    http2.inject_into_urllib3()
    try:
        with pytest.raises(UnseenClientError, match="HTTP/2"), intercept("ours"), pytest.raises(UnseenClientError):
            Way("urllib3", stream=False).ask()
    finally:
        http2.extract_from_urllib3()


def test_urllib3_future_in_its_place_is_watched():
    """niquests puts it there; it has async pools too, and speaks by no socket that could be ours."""
    pools = {
        name: type(name, (), {"urlopen": lambda *_: None}) for name in ("HTTPConnectionPool", "AsyncHTTPConnectionPool")
    }
    module = SimpleNamespace(__name__="urllib3", **pools)
    kinds = [type(name, (), {"request": lambda *_: None}) for name in ("HTTPConnection", "AsyncHTTPConnection")]
    places = {"urllib3.connection": SimpleNamespace(HTTPConnection=kinds[0])}
    places["urllib3._async.connection"] = SimpleNamespace(AsyncHTTPConnection=kinds[1])
    hooked = []
    with pytest.MonkeyPatch.context() as patch:
        for place, stand_in in places.items():
            patch.setitem(sys.modules, place, stand_in)
        urllib3_door.hook(module, lambda holder, name, _: hooked.append((holder, name)))
    assert hooked == [
        (pools["HTTPConnectionPool"], "urlopen"), (kinds[0], "request"),
        (pools["AsyncHTTPConnectionPool"], "urlopen"), (kinds[1], "request"),
    ]  # fmt: skip


LATE = f"""
import sys
sys.modules.update(dict.fromkeys(("httpx", "httpx2", "anyio", "httpcore", "aiohttp")))
from llm_intercept import Pace, intercept
with intercept("late", pace=Pace(ttft=60), time_scale=0):
    import requests
    for body in ({chat()!r}, {chat(stream=True)!r}):
        print("late" in requests.post("https://api.openai.com/v1/chat/completions", json=body).text)
"""


def test_a_library_that_is_imported_later_is_answered(run_python):
    """It is hooked then; no other library is needed, nor there."""
    pytest.importorskip("requests")
    done = run_python(LATE)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_a_program_is_answered_by_its_environment(run_python):
    """And urllib3 is not loaded for it."""
    pytest.importorskip("requests")
    code = """
import sys
print("urllib3" in sys.modules, "llm_intercept.clients.urllib3_attempt" in sys.modules)
import requests
print(requests.post("https://api.openai.com/v1/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "hi"}]}).status_code)
"""
    done = run_python(code, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="hi")
    assert done.stdout.split() == ["False", "False", "200"], done.stderr


def test_the_library_has_the_names_we_patch():
    """A canary: these are Python functions in this version, and so are those that an attempt calls."""
    for holder, door, _ in urllib3_door.doors(urllib3):
        assert innermost(member(holder, door)) is not None
    for door in ("_prepare_proxy", "_validate_conn", "_put_conn"):
        assert isinstance(getattr(urllib3.HTTPSConnectionPool, door), FunctionType)
    connection = urllib3.connection.HTTPSConnection("h.test")
    assert connection.sock is None
    assert connection._tunnel_host is None
    assert connection.proxy is None
    assert urllib3.HTTPSConnectionPool("h.test").conn_kw == {}


def test_hooks_are_there_while_a_block_is():
    """And only then."""
    doors = [innermost(member(holder, door)) for holder, door, _ in urllib3_door.doors(urllib3)]
    with intercept("x"):
        assert all(map(is_hooked, doors))
    assert not any(map(is_hooked, doors))


def test_urllib3_is_not_named_as_unseen():
    """Nor is requests."""
    with intercept("x") as llm:
        assert not [one for one in llm.unseen if "urllib3 (" in one]
