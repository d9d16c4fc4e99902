"""A POST to a path that asks a model is stopped or answered on every host, whatever its body and whoever sends it."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import io
import json
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import intercept
from llm_intercept.base.questions import asks_a_model
from llm_intercept.clients import sentinels
from llm_intercept.errors import UnmatchedRequestError, UnseenClientError
from tests.support import chat

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "http://gateway.invalid"
CERTAIN = [
    "/v1/chat/completions",
    "/v1/images/generations",
    "/v1/audio/transcriptions",
    "/v1/messages/count_tokens",
    "/v1beta/models/gemini-3:generateContent",
    "/v1beta/models/gemini-3:streamGenerateContent",
    "/v1beta/models/text:batchEmbedContents",
    "/v1/projects/p/locations/eu/publishers/anthropic/models/claude:rawPredict",
    "/v1/projects/p/locations/eu/publishers/google/models/imagen:predict",
    "/v1/projects/p/locations/eu/endpoints/7:predict",
    "/model/anthropic.claude-v3:0/converse",
    "/model/arn%3Aaws%3Abedrock/invoke-with-response-stream",
    "/endpoints/mine/invocations",
    "/serving-endpoints/mine/invocations",
    "/ml/v1/text/chat",
    "/api/v2/cortex/inference:complete",
    "/client/v4/accounts/a/ai/run/@cf/meta/llama",
    "/20231130/actions/chat",
]
LIKELY = [
    "/v1/responses",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/completions",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/v2/chat",
]
OTHERS = [
    "/invoke",
    "/converse",
    "/chat",
    "/models",
    "/v1/traces",
    "/channels/7/messages/9",
    "/v1/models/mine:train",
    "/chat/completions.html",
    "/embeddings/7",
    "/model/x/convert",
    "/page/generateContent",
]
OBJECT = json.dumps(chat()).encode()
BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "gzip": (gzip.compress(OBJECT), {"content-encoding": "gzip"}),
    "deflate": (zlib.compress(OBJECT), {"content-encoding": "deflate"}),
    "br": (b"\x8b\x02\x80" + OBJECT, {"content-encoding": "br"}),
    "zstd": (b"\x28\xb5\x2f\xfd" + OBJECT, {"content-encoding": "zstd"}),
    "latin-1": ('{"model": "m", "messages": "\xe9"}'.encode("latin-1"), {}),
    "utf-16": (OBJECT.decode().encode("utf-16"), {}),
    "deep": (b'{"model": "m", "messages": ' + b"[" * 5000 + b"]" * 5000 + b"}", {}),
    "huge int": (b'{"model": "m", "messages": [], "n": ' + b"9" * 5000 + b"}", {}),
    "control characters": (b'{"model": "m\x01", "messages": []}', {}),
    "trailing bytes": (OBJECT + b"}", {}),
    "form": (b"model=m&messages=x", {"content-type": "application/x-www-form-urlencoded"}),
    "multipart": (
        b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--x--',
        {"content-type": "multipart/form-data; boundary=x"},
    ),
    "nothing": (b"", {}),
}
UNREADABLE_BY_NAME = {"utf-16", "form", "nothing"}
"""Bodies that name no model in any way that a path of other applications could be told from."""


@pytest.mark.parametrize("path", CERTAIN)
def test_some_paths_ask_a_model_by_themselves(path):
    """With a slash at their end, too; but only by POST."""
    assert asks_a_model("POST", path, {}) == asks_a_model("post", path + "/", {}) == "yes"
    assert asks_a_model("GET", path, {}) == "no"


def test_paths_have_no_case():
    """Some servers take them in any; in none they are another application's."""
    for path in (*CERTAIN, *LIKELY):
        found = {asks_a_model("POST", change(path), {}) for change in (str, str.lower, str.upper, str.title)}
        assert len(found - {"no"}) == len(found) == 1, path


@pytest.mark.parametrize("path", LIKELY)
def test_other_paths_need_another_sign(path):
    """A header of the APIs' clients, or a body that cannot be read; else the body says it."""
    assert asks_a_model("POST", path, {}) == "perhaps"
    for headers in (
        {"anthropic-version": "2023-06-01"},
        {"X-Stainless-Lang": "python"},
        {"x-goog-api-key": "k"},
        {"user-agent": "ollama-python/0.6 (x86)"},
        {"content-encoding": "zstd"},
    ):
        assert asks_a_model("POST", path, headers) == "yes"


@pytest.mark.parametrize("path", OTHERS)
def test_paths_of_other_applications_ask_nobody(path):
    """Also where they are like those of models."""
    assert asks_a_model("POST", path, {"anthropic-version": "x"}) == "no"


@pytest.mark.parametrize("kind", BODIES)
def test_the_body_does_not_let_a_question_out(kind, case):
    """No kind of body makes chat completions something else; the 404 says how to let it out."""
    content, headers = BODIES[kind]
    with pytest.raises(UnmatchedRequestError, match=r"passthrough=\['gateway\.invalid'\] for all"), intercept():
        assert send(case, HOST + CERTAIN[0], content, headers).status_code in {400, 404}
        assert send(case, HOST + CERTAIN[1], content, headers).status_code in {400, 404}
        if kind not in UNREADABLE_BY_NAME:
            assert send(case, HOST + LIKELY[0], content, headers).status_code == 404


def send(case: Any, url: str, content: bytes, headers: dict[str, str]) -> Any:
    if not case.is_async:
        with case.client() as client:
            return client.post(url, content=content, headers=headers)

    async def run() -> Any:
        async with case.client() as client:
            return await client.post(url, content=content, headers=headers)

    return asyncio.run(run())


@pytest.mark.parametrize("path", LIKELY)
def test_a_body_that_names_a_model_asks_it(path, case, server):
    """And one that names none goes its way, untouched: a chat's message, a form's response."""
    with intercept("ours"):
        assert json.loads(send(case, server.url + path, b'{"text": "hi"}', {}).content) == {"text": "hi"}
    port = server.url.rpartition(":")[2]
    with pytest.raises(UnmatchedRequestError, match=rf"passthrough=\['127\.0\.0\.1:{port}'\]"), intercept("ours"):
        assert send(case, server.url + path, b'{"model": "llama3"}', {}).status_code == 404
    with intercept("ours", passthrough=[f"127.0.0.1:{port}"]):
        assert send(case, server.url + path, b'{"model": "llama3"}', {}).status_code == 200
    assert [one.body for one in server.requests] == [b'{"text": "hi"}', b'{"model": "llama3"}']


def test_a_port_names_one_server_of_several(server, case):
    """What is let out by host and port is that one."""
    with pytest.raises(UnmatchedRequestError), intercept(passthrough=["127.0.0.1:9"]):
        assert case.post(url=server.url + CERTAIN[0]).status_code == 404
    assert server.requests == []


def test_a_host_that_only_a_header_or_tls_names_is_known(server, case):
    """By address, with the host in `Host` or in the handshake."""
    with pytest.raises(UnmatchedRequestError), intercept("ours"):
        assert send(case, server.url + "/v1/files", b"x", {"Host": "api.openai.com"}).status_code == 404
    with pytest.raises(UnmatchedRequestError), intercept("ours"), case.module.Client() as client:
        named = client.build_request("GET", server.url + "/v1/files", extensions={"sni_hostname": "api.openai.com"})
        assert client.send(named).status_code == 404
    assert server.requests == []


# Libraries that cannot be answered for


def by_http_client(url: str, body: bytes) -> int:
    scheme, _, rest = url.partition("://")
    assert scheme == "http"
    connection = http.client.HTTPConnection(rest.partition("/")[0], timeout=5)
    try:
        connection.request("POST", "/" + rest.partition("/")[2], body, {"content-type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def by_a_pool_of_its_own(url: str, body: bytes) -> int:
    """As a transport of somebody's own may send, which is not answered."""
    httpcore = pytest.importorskip("httpcore")

    class Own(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            with httpcore.ConnectionPool() as pool:
                headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
                asked = httpcore.Request(request.method, str(request.url), headers=headers, content=request.stream)
                response = pool.handle_request(asked)
                response.read()
                return httpx.Response(response.status)

    with httpx.Client(transport=Own()) as client:
        return client.post(url, content=body).status_code


def by_httpcores_connection(url: str, body: bytes) -> int:
    """Without a pool."""
    httpcore = pytest.importorskip("httpcore")
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    with httpcore.HTTPConnection(httpcore.Origin(b"http", host.encode(), int(port))) as connection:
        status: int = connection.request("POST", url, headers={"Host": host}, content=body).status
        return status


def by_httpcore(url: str, body: bytes) -> int:
    httpcore = pytest.importorskip("httpcore")
    with httpcore.ConnectionPool() as pool:
        status: int = pool.request("POST", url, content=body).status
        return status


WAYS: list[Callable[[str, bytes], int]] = [
    by_http_client,
    by_httpcore,
    by_httpcores_connection,
    by_a_pool_of_its_own,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_library_is_stopped_by_path(way, server):
    """On a host that nobody knows; the message says path and host."""
    with pytest.raises(UnseenClientError, match=r"send POST /v1/chat/completions to"), intercept("ours"):
        with pytest.raises(UnseenClientError):
            way(server.url + CERTAIN[0], b"{}")
        assert way(server.url + "/v1/page", b"{}") == 200
    with intercept("ours", passthrough=["127.0.0.1", "gateway.invalid"]):
        assert way(server.url + CERTAIN[0], b"{}") == 200
    assert [one.path.rpartition("/")[2] for one in server.requests] == ["page", "completions"]


@pytest.mark.parametrize("way", WAYS)
def test_a_library_is_stopped_by_what_its_body_names(way, server):
    """Where the path is that of other applications too."""
    with pytest.raises(UnseenClientError, match="send POST /api/chat"), intercept("ours"):
        assert way(server.url + "/api/chat", b'{"message": "hi"}') == 200
        with pytest.raises(UnseenClientError):
            way(server.url + "/api/chat", b'{"model": "llama3"}')
    assert len(server.requests) == 1


def pieces(body: bytes) -> Any:
    """Give a body in pieces."""
    yield from (body[:3], body[3:])


@pytest.mark.parametrize("way", WAYS)
def test_a_body_that_is_sent_in_pieces_may_name_a_model(way, server):
    """Nobody can look at it: where the path is one of models' too, it is not let out; elsewhere it goes its way."""
    with pytest.raises(UnseenClientError, match="send POST /v1/embeddings"), intercept("ours"):
        assert way(server.url + "/v1/page", pieces(b'{"model": "m"}')) == 200
        with pytest.raises(UnseenClientError):
            way(server.url + "/v1/embeddings", pieces(b'{"model": "m"}'))
    assert len(server.requests) == 1


def test_a_stream_is_stopped_by_the_host_it_is_opened_to(monkeypatch):
    """Also on a loop that looks names up where Python hears nothing (uvloop's)."""
    opened: list[Any] = []

    async def create_connection(_: Any, *args: Any, **__: Any) -> Any:
        opened.append(args[1])
        raise OSError

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", create_connection)
    with pytest.raises(UnseenClientError, match=r"asyncio was about to reach api\.openai\.com"), intercept("ours"):
        for host, error in (("api.openai.com", UnseenClientError), ("example.org", OSError)):
            with pytest.raises(error):
                asyncio.run(asyncio.open_connection(host, 443))
    assert opened == ["example.org"]


TORNADO = SimpleNamespace(
    url="https://h.test/v1/x?k=1", method="POST", headers={"A": "b"}, body=None, body_producer=None
)
HEADERS = SimpleNamespace(getAllRawHeaders=lambda: [(b"A", [b"b", b"c"])])
IN_BYTES = SimpleNamespace(_inputFile=io.BytesIO(b"x"))


@pytest.mark.parametrize(
    ("told", "content"),
    [
        (sentinels._tornado(None, TORNADO), b""),
        (sentinels._tornado(None, SimpleNamespace(**{**vars(TORNADO), "body": b"x"})), b"x"),
        (sentinels._tornado(None, SimpleNamespace(**{**vars(TORNADO), "body_producer": print})), None),
        (sentinels._twisted(None, b"POST", b"https://h.test/v1/x?k=1", HEADERS), b""),
        (sentinels._httplib2(None, "https://h.test/v1/x", "POST", headers={"A": "b"}), b""),
        (sentinels._curl_session(None, "POST", "https://h.test/v1/x", headers={"A": "b"}), b""),
        (sentinels._curl_session(None, "POST", "https://h.test/v1/x", None, b"x", headers=["A:b"]), b"x"),
        (sentinels._curl_session(None, "POST", "https://h.test/v1/x", json={}, headers=[("A", "b")]), None),
        (sentinels._twisted(None, b"POST", b"https://h.test/v1/x?k=1", HEADERS, IN_BYTES), b"x"),
        (sentinels._twisted(None, b"POST", b"https://h.test/v1/x?k=1", HEADERS, object()), None),
    ],
)
def test_what_others_are_about_to_send_is_read(told, content):
    """These are installed where the trap is (`make trap`), which goes by them for real."""
    head, body = told
    assert (head.method, head.host, head.path, head.headers) == ("POST", "h.test", "/v1/x", {"a": "b"})
    assert body == content


def test_an_application_in_the_process_is_not_disturbed():
    """What its own test client asks of it stays its own, also by paths of models."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope
        await receive()
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"own"})

    async def law() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOST) as client:
            for path in (*CERTAIN, *LIKELY):
                assert (await client.post(path, json=chat())).status_code == 201

    with intercept("ours", network="none"):
        asyncio.run(law())
