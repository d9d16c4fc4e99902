"""aiohttp's requests that are sent on: let out, recorded as they pass, and played again."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Recordings, intercept, passthrough
from llm_intercept.errors import UnmatchedWarning
from tests.aiohttp_talk import (
    BODIES,
    aiohttp,
    nothing_fed,  # noqa: F401 - a fixture for every test
    run,
    said,
)
from tests.amounts import PATIENCE
from tests.loopback import QuietHandler, listening
from tests.support import chat
from tests.upstream import WORDS, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.upstream import Upstream

TEXT = "".join(WORDS)
KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
each_api = pytest.mark.parametrize("api", ["chat", "responses"])


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    with serving(tmp_path, tls=False) as served:
        yield served


@pytest.fixture
def upstream_by_tls(tmp_path: Path) -> Iterator[Upstream]:
    with serving(tmp_path) as served:
        yield served
    gc.collect()  # connections that a loop has not ended to close, as aiohttp leaves them before 3.13


def ask(upstream: Upstream, user: str = "hi", *, api: str = "chat", leave: bool = False, **more: Any) -> Any:
    """Ask the upstream on a session of its own; the status, the headers and the bytes."""

    async def law(session: Any) -> Any:
        trusted = {"ssl": ssl.create_default_context(cafile=upstream.ca)} if upstream.ca else {}
        async with session.post(upstream.of(api), json=BODIES[api](user, **more), **trusted) as response:
            content = await (response.content.readany() if leave else response.read())
            return response.status, response.headers.copy(), content

    return run(law, headers={"Authorization": f"Bearer {KEY}"})


@each_api
@pytest.mark.parametrize("user", ["hi", "gzip"])
def test_what_is_let_out_is_the_real_answer(api, stream, user, upstream):
    """As the session would have it without a block."""
    real = ask(upstream, user, api=api, stream=stream)
    with intercept(passthrough()) as llm:
        status, headers, content = ask(upstream, user, api=api, stream=stream)
    assert said(content.decode(), api=api, stream=stream) == TEXT
    assert (status, set(headers)) == (real[0], set(real[1]))
    assert [(call.status, call.source) for call in llm.calls] == [(200, "live")]
    assert upstream.seen[0] == upstream.seen[1]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_let_out_may_go_by_tls(upstream_by_tls, stream):
    """With the context that the session is given."""
    with intercept(passthrough()):
        assert said(ask(upstream_by_tls, stream=stream)[2].decode(), stream=stream) == TEXT


@each_api
@pytest.mark.parametrize("user", ["hi", "gzip", "naïve 🍂"])
def test_what_was_recorded_is_replayed_to_the_byte(api, stream, user, upstream, tmp_path):
    """The client sees it pass as if nobody looked; what is played is the same, to any client."""
    tape = tmp_path / "tape"
    with intercept(mode="record", recordings=tape) as llm:
        recorded = ask(upstream, user, api=api, stream=stream)
    assert [call.source for call in llm.calls] == ["live"]
    assert said(recorded[2].decode(), api=api, stream=stream) == TEXT
    with intercept(mode="replay", recordings=Recordings(tape, repeat_last=True)) as llm, httpx.Client() as client:
        status, headers, content = ask(upstream, user, api=api, stream=stream)
        other = client.post(upstream.of(api), json=BODIES[api](user, stream=stream))
    assert (status, content) == (recorded[0], recorded[2])
    assert headers["content-type"] == recorded[1]["content-type"]
    assert headers.get("x-request-id") == recorded[1].get("x-request-id")
    assert other.content == content
    assert [call.source for call in llm.calls] == ["recording", "recording"]
    assert len(upstream.seen) == 1
    kept = "".join(path.read_text() for path in tape.iterdir())
    assert "secret" not in kept
    assert KEY not in kept


def test_auto_asks_once(upstream, tmp_path):
    """And then never again."""
    for _ in range(2):
        with intercept(mode="auto", recordings=tmp_path / "tape"):
            assert said(ask(upstream, stream=True)[2].decode(), stream=True) == TEXT
    assert len(upstream.seen) == 1


def test_errors_are_recorded(upstream, tmp_path):
    """As what they were."""
    body = b'{"error": {"message": "no", "type": "x", "param": null, "code": "y"}}'
    upstream.answers.append((429, {"Content-Type": "application/json"}, body))
    tape = Recordings(tmp_path / "tape", keep_errors=True)
    with intercept(mode="record", recordings=tape):
        assert ask(upstream)[::2] == (429, body)
    with intercept(mode="replay", recordings=tape):
        assert ask(upstream)[::2] == (429, body)


@pytest.mark.parametrize(("user", "leave"), [("drop in", False), ("hi", True)])
def test_what_breaks_off_is_no_take(user, leave, upstream, tmp_path):
    """It is kept under a name that no look-up makes."""
    upstream.gap = 0.02
    with intercept(mode="record", recordings=tmp_path / "tape"):
        if leave:
            ask(upstream, user, stream=True, leave=True)
        else:
            with pytest.raises(aiohttp.ClientPayloadError):
                ask(upstream, user, stream=True)
    (take,) = (tmp_path / "tape").glob("*.json")
    assert "partial" in json.loads(take.read_text())


def test_a_server_that_drops_the_request_is_the_sessions_own_error(upstream):
    """What reads the answer hears of it as ever."""
    with intercept(passthrough()) as llm, pytest.raises(aiohttp.ServerDisconnectedError):
        ask(upstream, "drop before")
    assert isinstance(llm.calls[0].error, aiohttp.ServerDisconnectedError)


def test_a_connection_that_cannot_be_made_is_the_sessions_own_error(tmp_path):
    """A closed port."""

    async def law(session: Any) -> None:
        with pytest.raises(aiohttp.ClientConnectorError, match=r"127\.0\.0\.1:9"):
            await session.post("http://127.0.0.1:9/v1/chat/completions", json=chat())

    with intercept(passthrough()):
        run(law)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """Give a body in pieces."""
    for at in range(0, len(content), 10):
        yield content[at : at + 10]


@pytest.mark.parametrize("way", ["json", "pieces", "form", "continue"])
def test_a_request_is_sent_on_as_it_was_written(way, server):
    """Its body and its headers, over connections that are used again."""
    content = json.dumps(chat("x" * 200_000)).encode()

    def body() -> dict[str, Any]:
        form = aiohttp.FormData()
        form.add_field("model", "m")
        form.add_field("file", content, filename="x")
        return {
            "json": {"data": content},
            "pieces": {"data": pieces(content)},
            "form": {"data": form},
            "continue": {"data": content, "expect100": True},
        }[way]

    async def law(session: Any) -> Any:
        connections = set()
        for _ in range(2):
            headers = {"content-type": "application/json"} if way != "form" else {}
            async with session.post(server.url + "/v1/chat/completions", **body(), headers=headers) as response:
                found = await response.read()
                if way != "form":
                    assert found == content
            connections |= {protocol for held in session.connector._conns.values() for protocol, _ in held}
        assert not session.connector._acquired
        return connections

    with intercept(passthrough() if way != "form" else None, unmatched="passthrough") as llm:
        made = run(law)
    sent = server.requests[0]
    assert len(made) == 1
    assert sent.headers.get("transfer-encoding") == ("chunked" if way == "pieces" else None)
    assert (content in sent.body) is True
    assert len(llm.calls) == 2


def test_a_stream_that_is_let_out_arrives_as_it_is_sent(upstream):
    """And its session's own limit for bytes holds."""
    upstream.gate = threading.Semaphore(0)

    async def law(session: Any) -> None:
        async with session.post(upstream.chat, json=chat(stream=True)) as response:
            assert await response.content.readany()
            with pytest.raises(aiohttp.ServerTimeoutError):
                await response.read()

    with intercept(passthrough()):
        for sock_read in (0.3, 3, 30, PATIENCE):  # in which the first piece has to come, on a busy machine too
            with suppress(aiohttp.ServerTimeoutError):
                run(law, timeout=aiohttp.ClientTimeout(sock_read=sock_read))
                break
        else:
            pytest.fail("the first piece did not come")
    upstream.gate.release(100)


def test_a_connection_that_takes_too_long_is_the_sessions_own_error():
    """Its limit for connections holds where a request is sent on."""

    class Connector(aiohttp.TCPConnector):  # type: ignore[misc,name-defined]
        async def _create_connection(self, *_: Any) -> Any:
            await asyncio.sleep(60)

    async def law(session: Any) -> None:
        with pytest.raises(aiohttp.ServerTimeoutError, match="Connection timeout to host"):
            await session.post("http://127.0.0.1:9/v1/chat/completions", json=chat())

    with intercept(passthrough()):
        run(law, connector=Connector, timeout=aiohttp.ClientTimeout(connect=0.05))


def test_what_is_let_out_needs_no_room_for_two_connections(server):
    """Where a connector has room for one."""

    async def law(session: Any) -> list[int]:
        async def one() -> int:
            async with session.post(server.url + "/v1/chat/completions", json=chat()) as response:
                await response.read()
                return int(response.status)

        return await asyncio.gather(*(one() for _ in range(3)))

    class Narrow(aiohttp.TCPConnector):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(limit=1, limit_per_host=1)

    with intercept(unmatched="passthrough"):
        assert run(law, connector=Narrow) == [200, 200, 200]


@pytest.mark.filterwarnings("ignore:.*auth:DeprecationWarning:", "ignore:BasicAuth:DeprecationWarning:")
def test_a_proxys_authorization_is_sent_along():
    """Which aiohttp adds when it has a connection to it."""
    seen: list[Any] = []

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server asks for
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers["Proxy-Authorization"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    async def law(session: Any, proxy: str) -> None:
        url = "http://gateway.invalid/v1/chat/completions"
        auth = {"proxy": proxy, "proxy_auth": aiohttp.BasicAuth("a", "b")}
        async with session.post(url, json=chat(), **auth) as response:
            assert response.status == 200

    with intercept(passthrough()), listening(Handler) as port:
        run(lambda session: law(session, f"http://127.0.0.1:{port}"))
    assert seen == [("http://gateway.invalid/v1/chat/completions", "Basic YTpi")]


def test_the_warn_policy_lets_out_and_warns(server):
    """Once, and nothing is stopped below."""

    async def law(session: Any) -> Any:
        async with session.post(server.url + "/v1/chat/completions", json=chat()) as response:
            return await response.read()

    with intercept(unmatched="warn") as llm, pytest.warns(UnmatchedWarning, match="there is no rule"):
        assert json.loads(run(law)) == chat()
    assert [(call.source, call.status) for call in llm.calls] == [("live", 200)]
