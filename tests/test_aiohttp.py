"""aiohttp: a session is answered on a connection of its library's own, whatever it does with it."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import (
    Interceptor,
    Pace,
    Reply,
    api_error,
    connection_error,
    disconnect,
    faults,
    intercept,
    malformed,
    raw,
    stall,
    timeout,
    wrap,
)
from llm_intercept.clients import aiohttp_body, aiohttp_door
from llm_intercept.clients.hook import innermost, is_hooked, member
from llm_intercept.errors import NoNetworkError, UnmatchedRequestError, UnseenClientError, WrapError
from tests.aiohttp_talk import (
    BODIES,
    URLS,
    VERSION,
    aiohttp,
    deltas,
    nothing_fed,  # noqa: F401 - a fixture for every test
    post,
    run,
    said,
    texts,
)
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WORDS = ["one ", "two ", "three ", "four"]
each_api = pytest.mark.parametrize("api", ["chat", "responses"])


# Answers, and the ways to read them


@each_api
def test_a_session_is_answered(api, stream):
    """In the shape that is asked for; the request is read, and the call is whole."""

    async def law(session: Any) -> str:
        with intercept("else") as llm:
            llm.on("hi").reply(Reply(deltas=WORDS))
            text = await post(session, api=api, stream=stream)
        assert [(call.status, call.source) for call in llm.calls] == [(200, "rule")]
        assert llm.calls[0].request.last_user == "hi"
        assert llm.calls[0].complete is (True if stream else None)
        return text

    assert said(run(law), api=api, stream=stream) == "".join(WORDS)


@each_api
def test_a_session_reads_the_bytes_that_httpx_reads(api, stream):
    """And the same headers."""
    with intercept("the same"), httpx.Client() as client:
        theirs = client.post(URLS[api], json=BODIES[api](stream=stream))

    async def law(session: Any) -> None:
        with intercept("the same"):
            async with session.post(URLS[api], json=BODIES[api](stream=stream)) as response:
                assert await response.read() == theirs.content
                mine = {name.lower(): value for name, value in response.headers.items()}
                assert {**mine, "date": ""} == {**theirs.headers, "date": ""}

    run(law)


async def by_read(response: Any) -> bytes:
    return bytes(await response.read())


async def by_pieces(response: Any) -> bytes:
    return b"".join([part async for part in response.content.iter_chunked(7)])


async def by_any(response: Any) -> bytes:
    return b"".join([part async for part in response.content.iter_any()])


async def by_chunks(response: Any) -> bytes:
    return b"".join([part async for part, _ in response.content.iter_chunks()])


async def by_lines(response: Any) -> bytes:
    return b"".join([line async for line in response.content])


async def by_events(response: Any) -> bytes:
    found = b""
    while part := await response.content.readuntil(b"\n\n"):
        found += part
    return found


async def exactly(response: Any) -> bytes:
    first = await response.content.readexactly(40)
    return bytes(first + await response.content.read())


async def when_all_is_there(response: Any) -> bytes:
    await response.content.wait_eof()
    return bytes(response.content.read_nowait())


@pytest.mark.parametrize("is_paced", [False, True], ids=["at once", "paced"])
@pytest.mark.parametrize(
    "way", [by_read, by_pieces, by_any, by_chunks, by_lines, by_events, exactly, when_all_is_there]
)
def test_an_answer_is_read_in_any_way(way, stream, is_paced):
    """Each gives all of it."""

    async def law(session: Any) -> str:
        async with session.post(URL, json=chat(stream=stream)) as response:
            content = await way(response)
            assert response.content.at_eof()
            return content.decode()

    with intercept(Reply(deltas=WORDS), time_scale=0, pace=Pace(per_token=1) if is_paced else None):
        assert said(run(law), stream=stream) == "".join(WORDS)


def test_each_event_is_a_chunk():
    """As they are written, so are they read."""

    async def law(session: Any) -> list[str]:
        async with session.post(URL, json=chat(stream=True)) as response:
            found = await deltas(response)
            assert response.content.total_bytes > 0
            return found

    with intercept(Reply(deltas=WORDS)):
        assert run(law) == WORDS


def test_a_chunk_is_made_when_it_is_waited_for():
    """None is made ahead, and a client that leaves ends the making."""
    made: list[str] = []

    def words() -> Any:
        try:
            for word in WORDS:
                made.append(word)
                yield word
        finally:
            made.append("closed")

    async def law(session: Any) -> None:
        response = await session.post(URL, json=chat(stream=True))
        while not texts((await response.content.readany()).decode()):
            pass
        assert made == WORDS[:1]
        response.release()
        await asyncio.sleep(0)  # aiohttp's own task that has written the request ends first
        assert made == [WORDS[0], "closed"]

    with intercept(lambda _: words()) as llm:
        run(law)
    assert llm.calls[0].complete is False


def test_a_long_stream_takes_no_room():
    """What was read is forgotten, but for the first 4 MB, which `call.response` has: 20 MB pass in less than 6."""

    async def law(session: Any) -> int:
        async with session.post(URL, json=chat(stream=True)) as response:
            await response.content.readany()
            tracemalloc.start()
            size = 0
            async for part in response.content.iter_any():
                size += len(part)
            return size

    try:
        with intercept(lambda _: ("x" * 20_000 for _ in range(1000))) as llm:
            assert run(law) > 20_000_000
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()
    assert llm.calls[0].complete is True


@pytest.mark.parametrize("way", [by_read, by_pieces, by_any, by_chunks], ids=lambda way: way.__name__)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_a_chunk_may_be_larger_than_a_reader_holds(way, is_packed):
    """The parser stops until some of it is read."""
    content = bytes(range(256)) * 4096
    headers = {"content-type": "application/octet-stream"} | ({"content-encoding": "gzip"} if is_packed else {})

    async def in_pieces(response: Any) -> bytes:
        return b"".join([part async for part in response.content.iter_chunked(10_000)])

    async def law(session: Any) -> None:
        async with session.get("https://api.openai.com/v1/files/x/content") as response:
            assert await (in_pieces if way is by_pieces else way)(response) == content

    with intercept() as llm:
        llm.on(url="/v1/files/*").reply(raw(gzip.compress(content, 1) if is_packed else content, headers=headers))
        run(law)


def test_two_readers_of_one_stream_are_refused():
    """As aiohttp refuses them."""

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat(stream=True)) as response:
            await response.content.readany()
            first = asyncio.ensure_future(response.content.read())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="another coroutine is already waiting"):
                await response.content.read()
            await first

    with intercept(Reply(deltas=WORDS), pace=Pace(ttft=0, per_token=0.01)):
        run(law)


# Sessions, of whatever kind


def test_a_session_made_before_is_answered_in_the_block_alone(server):
    """The hook is on what all sessions have; its real connections are not used meanwhile, and are there afterwards."""

    async def law(session: Any) -> None:
        url = server.url + "/v1/chat/completions"
        assert json.loads(await post(session, url=url)) == chat()
        with intercept("ours"):
            assert said(await post(session, url=url)) == "ours"
        assert json.loads(await post(session, url=url)) == chat()

    run(law)
    assert len(server.requests) == 2
    assert not is_hooked(innermost(member(aiohttp.BaseConnector, "connect")))


def test_a_subclass_and_a_connector_of_ones_own_are_answered():
    """A session that adds a header, on a connector that would make connections by itself."""
    with pytest.warns(DeprecationWarning, match="Inheritance"):

        class Session(aiohttp.ClientSession):  # type: ignore[misc,name-defined]
            async def _request(self, *args: Any, **kwargs: Any) -> Any:
                return await super()._request(*args, **{**kwargs, "headers": {"x-mine": "yes"}})

    class Connector(aiohttp.BaseConnector):  # type: ignore[misc,name-defined]
        allowed_protocol_schema_set = frozenset({"https", "http"})

        async def _create_connection(self, *_: Any) -> Any:
            raise AssertionError("it is asked for no connection")

    with intercept("ours") as llm:
        assert said(run(post, make=Session, connector=Connector)) == "ours"
    assert llm.calls[0].request.headers["X-Mine"] == "yes"


def test_what_a_session_is_told_holds():
    """A base URL, headers, a function for JSON, what raises for a status."""

    async def law(session: Any) -> str:
        async with session.post("/v1/chat/completions", json=chat()) as response:
            assert str(response.url) == URL
            found = said(await response.text())
        with pytest.raises(aiohttp.ClientResponseError, match="429, message='Too Many Requests'"):
            await session.post("/v1/chat/completions", json=chat())
        return found

    with intercept() as llm:
        llm.reply("ours", api_error(429))
        options: Any = {"base_url": "https://api.openai.com", "headers": {"Authorization": "Bearer x"}}
        assert run(law, raise_for_status=True, json_serialize=json.dumps, **options) == "ours"
    assert llm.calls[0].request.headers["authorization"] == "Bearer x"


@pytest.mark.skipif(VERSION < (3, 12), reason="they came with 3.12")
def test_middlewares_see_the_request_and_the_answer():
    """They may ask twice."""
    seen: list[int] = []

    async def again(request: Any, handler: Any) -> Any:
        for _ in range(2):
            response = await handler(request)
            seen.append(response.status)
            if response.ok:
                return response
            response.release()
        return None

    with intercept() as llm:
        llm.reply(api_error(503), "second time lucky")
        assert said(run(post, middlewares=(again,))) == "second time lucky"
    assert seen == [503, 200]


def test_traces_are_told_what_happens():
    """As of any request that needs a connection; a name is looked up by none."""
    told: list[str] = []
    trace = aiohttp.TraceConfig()
    for name in vars(aiohttp.TraceConfig):
        if name.startswith("on_"):

            async def hear(*_: Any, name: str = name) -> None:
                told.append(name.removeprefix("on_"))

            getattr(trace, name).append(hear)

    with intercept("ours"):
        run(post, trace_configs=[trace])
    made = ["request_start", "connection_create_start", "connection_create_end"]
    assert told == [*made, "request_headers_sent", "request_chunk_sent", "request_end", "response_chunk_received"]
    with intercept(connection_error()), suppress(aiohttp.ClientError):
        run(post, trace_configs=[trace])
    assert told[-1] == "request_exception"


def test_what_a_header_says_is_no_part_of_how_a_message_is_framed():
    """Neither of a request's nor of an answer's."""

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat("hi"), headers={"x-note": "transfer-encoding: chunked"}) as response:
            assert await response.read() == b"heard hi"
            assert response.headers["x-echo"] == "transfer-encoding: chunked"

    headers = {"x-echo": "transfer-encoding: chunked"}
    with intercept(lambda request: raw(f"heard {request.last_user}".encode(), headers=headers)):
        run(law)


def test_cookies_are_kept_and_sent_and_redirects_are_followed():
    """By the session, which sees headers as from a server."""
    moved = raw(b"", status=307, headers={"location": "/v1/chat/completions?again=1", "set-cookie": "a=b; Path=/"})

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat()) as response:
            assert said(await response.text()) == "there"
            assert [one.status for one in response.history] == [307]
            assert response.url.query == {"again": "1"}
        assert [cookie.key for cookie in session.cookie_jar] == ["a"]

    with intercept() as llm:
        llm.reply(moved, "there")
        run(law)
    assert [call.request.headers.get("cookie") for call in llm.calls] == [None, "a=b"]


@pytest.mark.parametrize("auto_decompress", [True, False])
def test_a_compressed_answer_is_undone_by_aiohttp(auto_decompress):
    """Or left as it is, as the session says."""
    packed = gzip.compress(b'{"a": 1}')
    reply = raw(packed, headers={"content-type": "application/json", "content-encoding": "gzip"})

    async def law(session: Any) -> None:
        async with session.get("https://api.openai.com/v1/files") as response:
            assert await response.read() == (b'{"a": 1}' if auto_decompress else packed)

    with intercept() as llm:
        llm.on(url="/v1/files").reply(reply)
        run(law, auto_decompress=auto_decompress)


@pytest.mark.parametrize("status", [200, 204, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_answers_may_have_no_body(method, status):
    """A request may have none, either; the connection is free at once."""

    async def law(session: Any) -> bytes:
        async with session.request(method, "https://api.openai.com/v1/files/x") as response:
            assert response.status == status
            return bytes(await response.read())

    with intercept() as llm:
        llm.on(url="/v1/files/*").reply(raw(b"{}", status=status))
        assert run(law) == (b"" if method == "HEAD" or status != 200 else b"{}")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_body_ends_where_it_ends(method):
    """Whatever a header says of its length, as a tape's may; of a body that is not sent nothing else tells."""

    async def law(session: Any) -> None:
        async with session.request(method, "https://api.openai.com/v1/files/x") as response:
            is_sent = method == "GET"
            assert await response.read() == (b'{"a": 1}' if is_sent else b"")
            assert response.headers.get("content-length") == (None if is_sent else "3")

    with intercept() as llm:
        llm.on(url="/v1/files/*").reply(raw(b'{"a": 1}', headers={"content-length": "3"}))
        run(law)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """Give a body in pieces."""
    for at in range(0, len(content), 10):
        yield content[at : at + 10]
        await asyncio.sleep(0)


BODY = json.dumps(chat("üpload")).encode()


@pytest.mark.parametrize(
    "options",
    [
        lambda _: {"json": chat("üpload")},
        lambda _: {"data": BODY},
        lambda _: {"data": BODY.decode()},
        lambda _: {"data": pieces(BODY)},
        lambda path: {"data": path.open("rb")},
        lambda _: {"data": BODY, "expect100": True},
        lambda _: {"data": pieces(BODY), "expect100": True},
        lambda _: {"data": BODY, "chunked": True},
    ],
    ids=["json", "bytes", "str", "async pieces", "file", "expect100", "expect100 in pieces", "chunked"],
)
def test_a_request_is_read_however_it_is_sent(options, tmp_path):
    """Whole, as a server reads it."""
    path = tmp_path / "body.json"
    path.write_bytes(BODY)

    async def law(session: Any) -> str:
        async with session.post(URL, **options(path)) as response:
            return said(await response.text())

    with intercept(lambda request: f"you said {request.last_user}"):
        assert run(law) == "you said üpload"


def test_a_form_is_read():
    """With its file."""

    async def law(session: Any) -> None:
        form = aiohttp.FormData()
        form.add_field("model", "whisper-1")
        form.add_field("file", b"RIFF", filename="x.wav")
        async with session.post("https://api.openai.com/v1/audio/transcriptions", data=form) as response:
            assert await response.json() == {"text": "heard"}

    with intercept() as llm:
        llm.on(url="/v1/audio/transcriptions").reply(raw({"text": "heard"}))
        run(law)
    assert llm.calls[0].request.model == "whisper-1"


def test_a_body_that_cannot_be_made_is_the_sessions_own_error():
    """Nobody is asked: the request was never whole."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"{"
        raise LookupError("no more")

    async def law(session: Any) -> None:
        with pytest.raises(aiohttp.ClientConnectionError, match="Failed to send bytes"):
            await session.post(URL, data=broken())

    with intercept("ours") as llm:
        run(law)
    assert not llm.calls


# What fails


FAULTS = {
    "no answer": (disconnect(), aiohttp.ServerDisconnectedError, 0),
    "reset at once": (disconnect(reset=True), aiohttp.ClientOSError, 0),
    "refused": (connection_error(), aiohttp.ClientConnectorError, 0),
    "connect": (timeout("connect"), aiohttp.ServerTimeoutError, 0),
    "pool": (timeout("pool"), aiohttp.ServerTimeoutError, 0),
    "write": (timeout("write"), aiohttp.ServerTimeoutError, 0),
    "read": (timeout(), aiohttp.ServerTimeoutError, 0),
    "closed": (disconnect(after=3), aiohttp.ClientPayloadError, 2),
    "closed at a byte": (disconnect(after=5, unit="bytes"), aiohttp.ClientPayloadError, 0),
    "reset": (disconnect(after=3, reset=True), aiohttp.ClientPayloadError, 2),
    "stalled": (stall(after=3), aiohttp.ServerTimeoutError, 2),
    "stalled at once": (stall(), aiohttp.ServerTimeoutError, 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_aiohttps_own_error(name):
    """What comes before it is read, reading on gets the same error, and the call knows."""
    fault, kind, count = FAULTS[name]
    found: list[str] = []

    async def law(session: Any) -> None:
        with pytest.raises(kind) as caught:
            async with session.post(URL, json=chat(stream=True)) as response:
                try:
                    async for part in response.content.iter_any():
                        found.extend(texts(part.decode()))
                except aiohttp.ClientError as error:
                    with pytest.raises(type(error)):
                        await response.content.read()
                    raise
        assert type(caught.value) is getattr(aiohttp, EXACT.get(name, ""), kind)

    with intercept(Reply(deltas=WORDS, fault=fault), time_scale=0) as llm:
        run(law, timeout=aiohttp.ClientTimeout(sock_read=7, total=None))
    assert found == WORDS[:count]
    assert llm.calls[0].error is not None
    assert llm.elapsed >= (7 if "stalled" in name else 0)


EXACT = {
    "connect": "ConnectionTimeoutError",
    "pool": "ConnectionTimeoutError",
    "read": "SocketTimeoutError",
    "stalled": "SocketTimeoutError",
    "stalled at once": "SocketTimeoutError",
}
"""The classes that are newer than 3.9."""


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize(("after", "sock_read"), [(None, None), (2, None), (2, 55)])
def test_a_session_waits_for_so_long_in_all(after, sock_read):
    """The limit of the whole request is kept on the exchange's clock, and its error is aiohttp's for it."""

    async def law(session: Any) -> None:
        with pytest.raises(TimeoutError) as caught:
            await post(session, stream=True)
        assert type(caught.value) is TimeoutError

    with intercept(Reply(deltas=WORDS, fault=stall(after)), time_scale=0, pace=Pace(ttft=10, per_token=5)) as llm:
        run(law, timeout=aiohttp.ClientTimeout(total=60, sock_read=sock_read))
    assert llm.elapsed == pytest.approx(60)


@pytest.mark.usefixtures("only_waits")
def test_all_waits_of_an_answer_count_together():
    """What a body asks for and what a pace asks for are measured apart."""

    async def law(session: Any) -> None:
        with pytest.raises(TimeoutError):
            await post(session, mock_response="late", mock_delay=40)

    with intercept(time_scale=0, pace=Pace(ttft=30)) as llm:
        run(law, timeout=aiohttp.ClientTimeout(total=60))
    assert llm.elapsed == pytest.approx(60)


def test_a_client_may_read_slowly():
    """The limit is how long a server takes, not how long a client does."""

    async def law(session: Any) -> list[str]:
        found: list[str] = []
        async with session.post(URL, json=chat(stream=True)) as response:
            async for part in response.content.iter_any():
                found += texts(part.decode())
                await asyncio.sleep(0.02)
        return found

    with intercept(Reply(deltas=WORDS)):
        assert run(law, timeout=aiohttp.ClientTimeout(sock_read=0.01)) == WORDS


def test_a_real_timeout_ends_a_real_wait():
    """Which is the session's own timer, as ever."""

    async def law(session: Any) -> None:
        with pytest.raises(TimeoutError):
            await post(session, stream=True)

    with intercept("late", pace=Pace(ttft=30)):
        run(law, timeout=aiohttp.ClientTimeout(total=0.05))


def test_faults_of_what_is_said_are_as_they_are():
    """A proxy's page, a body that ends early, one that is broken, none at all."""

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat()) as response:
            assert (response.status, response.content_type) == (502, "text/html")
            with pytest.raises(aiohttp.ContentTypeError):
                await response.json()
        assert "[DONE]" not in await post(session, stream=True)
        with pytest.raises(json.JSONDecodeError):
            said(await post(session))
        assert await post(session) == ""

    with intercept() as llm:
        llm.reply(faults.html_error(502), faults.cut_off(2), malformed(), faults.empty_body())
        run(law)


ERRORS = [
    (aiohttp.ClientPayloadError("mine"), aiohttp.ClientPayloadError),
    (aiohttp.ServerDisconnectedError(), aiohttp.ServerDisconnectedError),
    (TimeoutError("mine"), TimeoutError),
    (httpx.ConnectError("mine"), aiohttp.ClientConnectorError),
    (httpx.ReadTimeout("mine"), aiohttp.ServerTimeoutError),
    (httpx.WriteError("mine"), aiohttp.ClientOSError),
    (httpx.DecodingError("mine"), aiohttp.ClientPayloadError),
    (httpx.RemoteProtocolError("mine"), aiohttp.ServerDisconnectedError),
    (ConnectionRefusedError(111, "mine"), aiohttp.ClientConnectorError),
    (ConnectionResetError(104, "mine"), aiohttp.ClientOSError),
    (LookupError("mine"), LookupError),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS, ids=lambda one: getattr(one, "__name__", type(one).__name__))
def test_an_exception_is_what_the_session_would_raise(error, kind):
    """Given as a reply."""

    async def law(session: Any) -> None:
        with pytest.raises(kind) as caught:
            await post(session)
        assert type(caught.value) is kind or kind is aiohttp.ServerTimeoutError

    with intercept(error) as llm:
        run(law)
    assert llm.calls[0].error is error


def test_a_function_may_fail_as_the_network_does_and_otherwise_says_whose_fault_it_is():
    """At the beginning, and within a stream."""

    async def law(session: Any) -> None:
        with pytest.raises(aiohttp.ClientConnectionError, match="down"):
            await post(session, "network")
        assert "LookupError" in await post(session, "mine")
        async with session.post(URL, json=chat("within", stream=True)) as response:
            with pytest.raises(LookupError, match="mine"):
                await response.read()

    def within() -> Any:
        yield "a"
        raise LookupError("mine")

    def reply(request: Any) -> Any:
        if request.last_user == "within":
            return within()
        raise aiohttp.ClientConnectionError("down") if request.last_user == "network" else LookupError("mine")

    with pytest.raises(Exception, match="LookupError"), intercept(reply):
        run(law)


def test_a_client_that_retries_by_itself_is_answered_again():
    """aiohttp tries a GET a second time where a server has closed the connection, since 3.10."""

    async def law(session: Any) -> int:
        async with session.get("https://api.openai.com/v1/files") as response:
            status: int = response.status
            return status

    with intercept() as llm:
        llm.on(url="/v1/files").reply(aiohttp.ServerDisconnectedError(), raw({}))
        if VERSION < (3, 10):
            with pytest.raises(aiohttp.ServerDisconnectedError):
                run(law)
        else:
            assert run(law) == 200


# Time, and clients that leave


def test_an_answer_keeps_its_pace(stream):
    """On virtual time the waits take none, and are counted."""
    with intercept(Reply(deltas=WORDS), pace=Pace(ttft=60, per_token=10), time_scale=0) as llm:
        assert said(run(lambda session: post(session, stream=stream)), stream=stream) == "".join(WORDS)
    assert llm.elapsed >= 90


async def slowly(_: Any) -> AsyncIterator[str]:
    """Compute the words."""
    for word in WORDS:
        await asyncio.sleep(0.025)
        yield word


PACED = {"reply": Reply(deltas=WORDS), "pace": Pace(ttft=0, per_token=0.025)}


@pytest.mark.parametrize("answer", [PACED, {"reply": slowly}], ids=["paced", "computed"])
def test_a_wait_that_is_given_up_loses_nothing(answer):
    """A client that waits for a line for a while, and then again, reads them all."""

    async def law(session: Any) -> tuple[int, str]:
        async with session.post(URL, json=chat(stream=True)) as response:
            given_up, found = 0, b""
            while not response.content.at_eof():
                try:
                    found += await asyncio.wait_for(response.content.readline(), 0.01)
                except TimeoutError:
                    given_up += 1
            return given_up, said(found.decode(), stream=True)

    with intercept(answer["reply"], pace=answer.get("pace")):
        given_up, text = run(law)
    assert (given_up > 0, text) == (True, "".join(WORDS))


class Computed:
    """Deltas without an end, and what became of them."""

    def __init__(self) -> None:
        self.is_closed = False
        self.tasks: set[Any] = set()

    async def __call__(self, _: Any) -> AsyncIterator[str]:
        try:
            while True:
                self.tasks.add(asyncio.current_task())
                await asyncio.sleep(0)
                yield "word "
        finally:
            self.tasks.add(asyncio.current_task())
            await asyncio.sleep(0)
            self.is_closed = True


def test_what_is_computed_asks_as_the_client_does():
    """A script that both take from is taken in order: what computes a body is no agent beside the client."""

    async def law(session: Any) -> list[str]:
        async def outer(_: Any) -> AsyncIterator[str]:
            for _ in range(2):
                await asyncio.sleep(0)
                yield said(await post(session, "inner"))

        llm.on("outer").reply(outer)
        llm.on("inner").reply("a ", "b ", "c ")
        found: list[str] = []
        async with session.post(URL, json=chat("outer", stream=True)) as response:
            async for part in response.content.iter_any():
                found += texts(part.decode())
                if len(found) == 1:
                    found.append(said(await post(session, "inner")))
        return found

    with intercept() as llm:
        assert run(law) == ["a ", "b ", "c "]


@pytest.mark.parametrize("way", ["release", "close", "cancel", "with", "session"])
def test_a_client_that_leaves_ends_what_is_computed(way):
    """However it leaves; all of it has run in one task."""
    computed = Computed()

    async def reads(session: Any, begun: asyncio.Event) -> None:
        async with session.post(URL, json=chat(stream=True)) as response:
            async for part in response.content.iter_any():
                if texts(part.decode()):
                    begun.set()
                    if way == "with":
                        return
                    if way == "session":
                        await session.close()
                    elif way != "cancel":
                        getattr(response, way)()

    async def law(session: Any) -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(reads(session, begun))
        await begun.wait()
        if way == "cancel":
            task.cancel()
        with suppress(aiohttp.ClientError, asyncio.CancelledError, RuntimeError):
            await task
        for _ in range(5):
            await asyncio.sleep(0)
        assert computed.is_closed

    with intercept(computed) as llm:
        run(law)
    assert len(computed.tasks) == 1
    assert llm.calls[0].complete is False


def test_a_client_that_leaves_before_there_is_a_head_ends_the_call():
    """A cancelled task, while a function is asked."""
    asked = asyncio.Event()

    async def reply(_: Any) -> str:
        asked.set()
        await asyncio.sleep(60)
        return "too late"

    async def law(session: Any) -> None:
        task = asyncio.create_task(post(session))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with intercept(reply) as llm:
        run(law)
    assert type(llm.calls[0].error) is asyncio.CancelledError


def test_a_session_may_be_closed_in_the_middle():
    """What is read afterwards fails as aiohttp fails."""

    async def law(session: Any) -> None:
        response = await session.post(URL, json=chat(stream=True))
        await response.content.readany()
        await session.close()
        with pytest.raises(RuntimeError, match="Connection closed"):
            await response.content.read()
        response.close()

    with intercept(Reply(deltas=WORDS)):
        run(law)


@pytest.mark.parametrize("pace", [Pace(ttft=60), Pace(ttft=0, per_token=60)], ids=["head", "body"])
def test_a_session_that_is_closed_leaves_nobody_waiting(pace):
    """Neither for the head nor for a chunk."""

    async def law(session: Any) -> None:
        waiting = asyncio.ensure_future(post(session, stream=True))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await session.close()
        with pytest.raises(aiohttp.ClientError):
            await waiting

    with intercept(Reply(deltas=WORDS), pace=pace) as llm:
        run(law)
    assert llm.calls[0].complete is not True


def test_a_response_may_be_read_after_the_block():
    """What answers it is at the other end of its connection."""

    async def law(session: Any) -> str:
        with intercept(Reply(deltas=WORDS), time_scale=0, pace=Pace(per_token=1)):
            response = await session.post(URL, json=chat(stream=True))
        async with response:
            return said(await response.text(), stream=True)

    assert run(law) == "".join(WORDS)


# Who answers


def test_many_are_answered_at_once():
    """Each its own answer."""

    async def law(session: Any) -> list[str]:
        texts = await asyncio.gather(*(post(session, f"number {n}", stream=True) for n in range(20)))
        return [said(text, stream=True) for text in texts]

    with intercept(lambda request: request.last_user, time_scale=0, pace=Pace(ttft=1, per_token=1)):
        assert run(law) == [f"number {n}" for n in range(20)]


def test_what_is_answered_waits_for_no_room():
    """In a connector that has none left, as httpx's pools are not asked."""

    class Narrow(aiohttp.TCPConnector):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(limit=1, limit_per_host=1)

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat(stream=True)) as held:
            await held.content.readany()
            assert len(session.connector._acquired) == 1
            assert said(await post(session)) == "ours"

    with intercept("ours"):
        run(law, connector=Narrow)


def test_nested_blocks_and_scripts():
    """The inner block first, then those around it."""

    async def law(session: Any) -> None:
        with intercept("outer"), intercept() as inner:
            inner.on("a").reply("first", "second")
            assert [said(await post(session, user)) for user in ("a", "b", "a")] == ["first", "outer", "second"]

    run(law)


def test_a_context_is_answered_alone():
    """Two tasks hold their own blocks at once; a third is refused by none."""

    async def one(session: Any, name: str, inside: asyncio.Barrier) -> str:
        with intercept(name, scope="context"):
            await inside.wait()
            return said(await post(session))

    async def law(session: Any) -> list[str]:
        inside = asyncio.Barrier(2)
        return await asyncio.gather(one(session, "a", inside), one(session, "b", inside))

    assert run(law) == ["a", "b"]


def test_one_session_is_wrapped():
    """And no other; a function that asks is not asked itself."""

    async def law(session: Any) -> None:
        llm = Interceptor()

        async def reply(request: Any) -> str:
            if request.last_user == "ask":
                with intercept("another's"):
                    return said(await post(other))
            return "ours"

        llm.reply(reply)
        async with aiohttp.ClientSession() as other:
            assert llm.wrap(session) is session
            assert said(await post(session)) == "ours"
            assert said(await post(session, "ask")) == "another's"
            with intercept("the block's"):
                assert said(await post(other)) == "the block's"
                assert said(await post(session)) == "ours"
                llm.unwrap(session)
                assert said(await post(session)) == "the block's"
        assert len(llm.calls) == 3

    run(law)


def test_what_holds_a_session_is_wrapped():
    """As an SDK's client does."""

    class Sdk:
        def __init__(self, session: Any) -> None:
            self.session = session

    async def law(session: Any) -> None:
        sdk = wrap(Sdk(session), "ours")
        assert said(await post(sdk.session)) == "ours"

    run(law)
    with pytest.raises(WrapError, match="aiohttp session"):
        wrap(object(), "ours")


def test_an_unmatched_request_is_a_404_and_is_raised_again():
    """In the API's words."""

    async def law(session: Any) -> None:
        async with session.post(URL, json=chat()) as response:
            assert response.status == 404
            assert "'weather' in it" in (await response.json())["error"]["message"]

    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        llm.on("weather").reply("sunny")
        run(law)


def test_another_path_of_a_known_host_is_refused():
    """Nothing goes to a paid API unasked, by the host of the URL, by a header, by TLS's name."""

    async def law(session: Any) -> None:
        for url, more in (
            ("https://api.openai.com/v1/files", {}),
            ("https://127.0.0.1:9/v1/files", {"headers": {"HOST": "api.openai.com"}}),
            ("https://127.0.0.1:9/v1/files", {"server_hostname": "api.openai.com"}),
        ):
            async with session.get(url, **more) as response:
                assert response.status == 404

    with pytest.raises(UnmatchedRequestError), intercept("ours"):
        run(law)


def test_other_traffic_goes_its_way(server):
    """Untouched, its cookies too."""

    async def law(session: Any) -> None:
        async with session.post(server.url + "/page", data=pieces(b"x" * 30)) as response:
            assert (await response.read(), response.cookies["seen"].value) == (b"x" * 30, "yes")
            assert type(response.content) is aiohttp.StreamReader

    with intercept("ours") as llm:
        run(law)
    assert (len(server.requests), len(llm.calls)) == (1, 0)


def test_nothing_leaves_where_there_is_no_network():
    """It is a refused connection, which says why."""

    async def law(session: Any) -> None:
        with pytest.raises(aiohttp.ClientConnectorError, match="network='none'") as caught:
            await session.get("http://example.test/")
        assert isinstance(caught.value.__cause__, NoNetworkError)

    with intercept("ours", network="none"):
        run(law)


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_a_websocket_is_stopped(scheme):
    """Nobody answers it."""

    async def law(session: Any) -> None:
        with pytest.raises(UnseenClientError, match="WebSocket \\(aiohttp\\) was about to reach"):
            await session.ws_connect(f"{scheme}://api.openai.com/v1/realtime")

    with pytest.raises(UnseenClientError), intercept("ours"):
        run(law)


def test_a_websocket_of_responses_is_answered():
    """As one of websockets' own: turn by turn, by whichever way the session is answered."""
    pytest.importorskip("websockets")

    async def turn(socket: Any, said: str, previous: str | None = None) -> tuple[str, str]:
        await socket.send_json(
            {"type": "response.create", "model": "gpt-6", "input": said, "previous_response_id": previous}
        )
        found = ""
        while True:
            event = await socket.receive_json()
            found += event.get("delta", "") if event["type"] == "response.output_text.delta" else ""
            if event["type"] == "response.completed":
                return found, event["response"]["id"]

    async def law(session: Any) -> None:
        url, key = "wss://api.openai.com/v1/responses", {"Authorization": "Bearer none"}
        async with session.ws_connect(url, headers=key, heartbeat=5, compress=15) as socket:
            first, made = await turn(socket, "one")
            second, _ = await turn(socket, "two", made)
            await socket.ping()
            await socket.send_str("no JSON")
            refused = await socket.receive_json()
        assert (first, second, refused["status"]) == ("you said one", "you said two", 400)
        assert socket.closed
        assert not session.connector._acquired

    async def both(session: Any) -> None:
        with intercept(lambda request: f"you said {request.last_user}") as llm:
            await law(session)
        assert [call.request.api for call in llm.calls] == ["openai.responses"] * 2
        wrap(session, lambda request: f"you said {request.last_user}")
        await law(session)

    run(both)


def test_a_websocket_breaks_as_its_fault_says():
    """The client sees a connection that ends."""
    pytest.importorskip("websockets")

    async def law(session: Any) -> None:
        async with session.ws_connect("wss://api.openai.com/v1/responses") as socket:
            await socket.send_json({"type": "response.create", "model": "gpt-6", "input": "hi"})
            kinds = [message.type.name async for message in socket]
        assert kinds == ["TEXT"] * 2

    with intercept(Reply("ours", fault=disconnect(after=2))):
        run(law)


def test_a_websocket_to_elsewhere_is_spoken():
    """It is nobody's business."""
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    async def echo(request: Any) -> Any:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"heard {message.data}")
        return socket

    async def law(session: Any) -> None:
        app = web.Application()
        app.router.add_get("/ws", echo)
        async with TestServer(app) as server, session.ws_connect(server.make_url("/ws")) as socket:
            await socket.send_str("hi")
            assert await socket.receive_str() == "heard hi"

    with intercept("ours"):
        run(law)


def test_an_application_in_a_test_is_asked_itself():
    """As one behind an `ASGITransport` is; what it asks is answered."""
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    async def handle(request: Any) -> Any:
        async with aiohttp.ClientSession() as session:
            text = said(await post(session, (await request.json())["messages"][0]["content"]))
        return web.json_response({"mine": text})

    async def law() -> Any:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        async with TestClient(TestServer(app)) as client:
            return await (await client.post("/v1/chat/completions", json=chat("hi"))).json()

    with intercept(lambda request: f"heard {request.last_user}") as llm:
        assert asyncio.run(law()) == {"mine": "heard hi"}
    assert len(llm.calls) == 1


def test_where_an_application_in_a_test_sends_its_client_is_no_part_of_it():
    """A redirect to an API is a request to that, which is answered."""
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    async def handle(_: Any) -> Any:
        raise web.HTTPTemporaryRedirect(URL)

    async def law() -> str:
        app = web.Application()
        app.router.add_post("/moved", handle)
        async with TestClient(TestServer(app)) as client:
            return said(await (await client.post("/moved", json=chat())).text())

    with intercept("ours") as llm:
        assert asyncio.run(law()) == "ours"
    assert len(llm.calls) == 1


@pytest.mark.skipif(VERSION < (3, 10), reason="httpx-aiohttp needs 3.10")
def test_httpx_on_aiohttp_is_answered_once():
    """At httpx."""
    httpx_aiohttp = pytest.importorskip("httpx_aiohttp")

    async def law() -> str:
        async with httpx_aiohttp.HttpxAiohttpClient() as client:
            return said((await client.post(URL, json=chat())).text)

    with intercept("ours") as llm:
        assert asyncio.run(law()) == "ours"
    assert len(llm.calls) == 1


ALONE = """
import asyncio, json, sys
for name in ("httpx", "httpx2", "anyio"):  # a program need not have them
    sys.modules[name] = None
assert "aiohttp" not in sys.modules
import aiohttp

async def main():
    async with aiohttp.ClientSession() as session:
        for stream in (False, True):
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": stream}
            async with session.post("https://api.openai.com/v1/chat/completions", json=body) as response:
                print(response.status, "hello" in await response.text())

asyncio.run(main())
"""


def test_a_program_without_httpx_is_answered_by_its_environment(run_python):
    """aiohttp is hooked when it is imported; waits need nothing that it does not bring."""
    ended = run_python(ALONE, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="hello", LLM_INTERCEPT_TIME_SCALE="0")
    assert (ended.stdout.split(), ended.returncode) == (["200", "True"] * 2, 0), ended.stderr


def test_aiohttp_has_the_names_we_stand_on():
    """A canary."""
    from aiohttp.client_proto import ResponseHandler

    assert innermost(member(aiohttp.BaseConnector, "connect")) is member(aiohttp.BaseConnector, "connect")
    assert issubclass(aiohttp_body.AskedFor, aiohttp.StreamReader)
    for name in ("_wait", "wait_eof", "feed_data", "feed_eof", "set_exception"):
        assert member(aiohttp.StreamReader, name) is not None
    for name in ("connection_lost", "set_response_params", "start_timeout", "force_close"):
        assert member(ResponseHandler, name) is not None
    assert {"aiohttp", "aiohttp.test_utils"} == set(aiohttp_door.MODULES)
    assert aiohttp_door.is_session(object()) is False
    assert sys.modules["aiohttp"] is aiohttp
