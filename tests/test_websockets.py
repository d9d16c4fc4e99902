"""The WebSocket mode of Responses: the client's connection is the library's own, and its other end answers."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import (
    Pace,
    Reply,
    api_error,
    disconnect,
    faults,
    intercept,
    malformed,
    passthrough,
    raw,
    stall,
    timeout,
    tool_call,
)
from llm_intercept.clients import websockets_door
from llm_intercept.clients.hook import innermost, member
from llm_intercept.errors import UnmatchedRequestError, UnseenClientError
from tests.amounts import PATIENCE
from tests.support import collecting, complete, maybe
from tests.upstream import WORDS, serving
from tests.websockets_talk import (
    HTTP_URL,
    LEAVING,
    URL,
    answer,
    asked,
    body,
    connected,
    create,
    hear,
    nothing_served,  # noqa: F401 - a fixture for every test
    receive,
    text_of,
)

pytest.importorskip("websockets.asyncio.client")

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

ConnectionClosedError = import_module("websockets.exceptions").ConnectionClosedError
CALL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}


def run(law: Callable[[Any], Coroutine[Any, Any, Any]], *, is_async: bool, url: str = URL, **options: Any) -> Any:
    """Run a law that is given a connection."""

    async def on_a_connection() -> Any:
        async with connected(is_async, url, **options) as connection:
            return await law(connection)

    return complete(on_a_connection(), is_async=is_async)


@contextmanager
def echoing() -> Iterator[str]:
    """Serve WebSockets on a loopback port, each message answered by one event that has it."""
    from websockets.sync.server import serve

    def echo(connection: Any) -> None:
        for message in connection:
            connection.send(json.dumps({"type": "error", "echo": message}))

    with serve(echo, "localhost", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://localhost:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_the_messages_are_the_events_of_the_same_stream(is_async):
    """To the byte, for the same interceptor."""
    reply = Reply("Let me see.", tool_call("weather", {}))
    with intercept(reply) as llm:
        told = run(lambda connection: asked(connection, tools=[CALL]), is_async=is_async)
    with intercept(reply):
        streamed = httpx.post(HTTP_URL, json=body(tools=[CALL], stream=True))
    assert told == [json.loads(line[6:]) for line in streamed.text.splitlines() if line.startswith("data: ")]
    (call,) = llm.calls
    assert (call.request.url, call.request.stream, call.status, call.complete) == (HTTP_URL, True, 200, True)
    assert (call.request.api, call.source) == ("openai.responses", "rule")


def test_the_handshakes_headers_are_the_requests(is_async):
    """Conditions and calls see them, without those of the connection."""
    sent = {"Authorization": "Bearer sk-test", "X-Tenant": "acme"}
    with intercept() as llm:
        llm.on(headers={"x-tenant": "acme"}).reply("acme's")
        told = run(asked, is_async=is_async, additional_headers=sent, user_agent_header=None)
    assert text_of(told) == "acme's"
    headers = llm.calls[0].request.headers
    assert headers["AUTHORIZATION"] == "Bearer sk-test"
    assert {name.lower() for name in headers} == {"authorization", "x-tenant", "content-type"}


def test_a_connection_answers_many_requests(is_async):
    """One after the other, from a script, beside requests over HTTP: its task is not taken for another."""

    def over_http() -> Any:
        return httpx.post(HTTP_URL, json=body()).json()

    async def law(connection: Any) -> list[str]:
        said = [text_of(await asked(connection))]
        response = over_http()
        said.append(response["output"][0]["content"][0]["text"])
        said.append(text_of(await asked(connection, stream_id="another lane")))
        async with connected(is_async) as second:
            said.append(text_of(await asked(second)))
        return said

    with intercept() as llm:
        llm.on(model="gpt-6*").reply("one", "two", "three", "four")
        assert run(law, is_async=is_async) == ["one", "two", "three", "four"]


def test_lanes_are_answered_at_once_and_each_in_order(is_async):
    """The first request of lane a waits for lane b, which comes after it; the second of a for the first."""
    reached = threading.Event()

    async def slow(request: Any) -> str:
        said = request.last_user
        while said == "a1" and not reached.is_set():  # noqa: ASYNC110 - another thread sets it, or this one
            await asyncio.sleep(0)
        if said == "b1":
            reached.set()
        return said

    async def law(connection: Any) -> list[Any]:
        for lane, said in (("a", "a1"), ("a", "a2"), ("b", "b1"), (None, "c1")):
            more = {} if lane is None else {"stream_id": lane}
            await maybe(connection.send(create(said, **more)))
        return [event for _ in range(4) for event in await answer(connection)]

    with intercept(slow):
        told = run(law, is_async=is_async)
    by_lane = {lane: [event for event in told if event.get("stream_id") == lane] for lane in ("a", "b", None)}
    assert {lane: text_of(lane_events) for lane, lane_events in by_lane.items()} == {"a": "a1a2", "b": "b1", None: "c1"}


@pytest.mark.parametrize("lane", [{}, {"stream_id": "left"}])
def test_an_error_is_an_event(is_async, lane):
    """With the status, the API's words, and the headers that say when to try again; the connection stays."""

    async def law(connection: Any) -> Any:
        return await asked(connection, **lane), await asked(connection)

    with intercept() as llm:
        llm.on(model="gpt-6*").reply(api_error(429, retry_after=3), "ours")
        (error,), told = run(law, is_async=is_async)
    assert error.get("stream_id") == lane.get("stream_id")
    assert (error["type"], error["status"]) == ("error", 429)
    assert error["error"]["code"] == "rate_limit_exceeded"
    assert error["error"]["headers"]["retry-after"] == "3"
    assert text_of(told) == "ours"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("garbage", "invalid_json"),
        ("[1]", "invalid_json"),
        (b"\xff\x00", "invalid_json"),
        (json.dumps({"type": "response.cancel"}), "invalid_value"),
        (json.dumps({"no": "type"}), "invalid_value"),
        (create(background=True), "unsupported_parameter"),
        (create(stream_id=7), None),
        (json.dumps({"type": "response.create", "input": "no model"}), "missing_required_parameter"),
        ("[" * 100_000, "invalid_json"),
    ],
)
def test_what_is_no_request_gets_the_apis_error(is_async, message, code):
    """And the connection stays."""

    async def law(connection: Any) -> Any:
        await maybe(connection.send(message))
        return await hear(connection), await asked(connection)

    with intercept("ours"):
        error, told = run(law, is_async=is_async)
    assert (error["type"], error["status"], error["error"]["code"]) == ("error", 400, code)
    assert text_of(told) == "ours"


def test_steering_is_refused_with_what_was_sent(is_async):
    """A response that is not there, one that has ended, in the lane that it had, and what is no input."""

    async def law(connection: Any) -> Any:
        told = await asked(connection)
        in_lane = await asked(connection, stream_id="one")
        failed = []
        targets = ["resp_nobody", told[-1]["response"]["id"], in_lane[-1]["response"]["id"]]
        for target, given in (*((target, "left") for target in targets), (targets[1], []), ("", "left")):
            event = {"type": "response.steer", "previous_response_id": target, "input": given}
            await maybe(connection.send(json.dumps(event)))
            failed.append(await hear(connection))
        return failed

    with intercept("ours"):
        failed = run(law, is_async=is_async)
    ended = "response_already_completed"
    codes = ["response_not_found", ended, ended, "invalid_input", "invalid_input"]
    assert [event["error"]["code"] for event in failed] == codes
    assert [event["steer"]["input"] for event in failed] == ["left"] * 3 + [[], "left"]
    assert [event.get("stream_id") for event in failed] == [None, None, "one", None, None]


def test_what_prepares_a_conversation_takes_no_reply(is_async):
    """The response has an id and no output; a forced tool is not called, and no script advances."""

    async def law(connection: Any) -> Any:
        warm = await asked(connection, generate=False, tools=[CALL], tool_choice="required")
        return warm, await asked(connection, previous_response_id=warm[-1]["response"]["id"])

    with intercept("first") as llm:
        warm, told = run(law, is_async=is_async)
    assert [event["type"] for event in warm] == ["response.created", "response.in_progress", "response.completed"]
    assert warm[-1]["response"]["output"] == []
    assert text_of(told) == "first"
    assert [call.source for call in llm.calls] == ["default", "rule"]


def test_lanes_are_bounded(is_async):
    """As the API bounds them."""

    async def law(connection: Any) -> Any:
        for number in range(33):
            told = await asked(connection, stream_id=str(number))
        return told

    with intercept("ours"):
        assert run(law, is_async=is_async)[-1]["error"]["code"] == "websocket_stream_limit_reached"


def test_messages_may_come_in_fragments_and_pings_are_answered(is_async):
    """The other end speaks the protocol, not only messages."""

    async def law(connection: Any) -> Any:
        text = create()
        await maybe(connection.send([text[:7], text[7:9], text[9:]]))
        told = await answer(connection)
        ponged = await maybe(connection.ping())
        if is_async:
            await ponged
        else:
            assert ponged.wait(PATIENCE)
        return told

    with intercept("ours"):
        assert text_of(run(law, is_async=is_async)) == "ours"


@pytest.mark.parametrize("garbage", [b"\x00" * 20, b"\x81\x05hello", b"\xff" * 300], ids=repr)
def test_garbage_closes_the_connection(is_async, garbage):
    """What is no frame is a protocol error, to the client too."""

    async def law(connection: Any) -> Any:
        if is_async:
            connection.transport.write(garbage)
        else:
            connection.socket.sendall(garbage)
        return await receive(connection)

    with intercept("ours"), pytest.raises(ConnectionClosedError) as caught:
        run(law, is_async=is_async)
    assert caught.value.rcvd.code == 1002


def test_options_of_the_client_hold(is_async):
    """Compression is offered and declined; a proxy, TLS and a host to connect to are not asked."""
    with intercept("a long text, " * 20), pytest.raises(ConnectionClosedError) as caught:
        run(asked, is_async=is_async, max_size=300, proxy="http://proxy.invalid:1")
    assert caught.value.sent.code == 1009


# What goes wrong


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (disconnect(), 0),
        (timeout(), 0),
        (timeout("connect"), 0),
        (disconnect(after=3), 3),
        (disconnect(after=2, reset=True), 2),
        (stall(after=2), 2),
        (faults.cut_off(after=4), 4),
        (faults.missing_done(), 9),
        (faults.empty_body(), 0),
    ],
    ids=repr,
)
def test_a_network_that_fails_loses_the_connection(is_async, fault, count):
    """Without a close; what came before arrives. A new connection is answered."""
    seen = []

    async def law(connection: Any) -> None:
        await maybe(connection.send(create()))
        while True:
            seen.append(await hear(connection))

    with intercept(time_scale=0) as llm:
        llm.on(model="gpt-6*").reply(Reply("one two", fault=fault), "again")
        with pytest.raises(ConnectionClosedError) as caught:
            run(law, is_async=is_async)
        assert text_of(run(asked, is_async=is_async)) == "again"
    assert (caught.value.rcvd, len(seen)) == (None, count)
    assert [one.status for one in llm.calls][1:] == [200]


def test_broken_events_arrive_broken(is_async):
    """And the stream goes on."""

    async def law(connection: Any) -> Any:
        await maybe(connection.send(create()))
        broken = await receive(connection)
        return broken, await answer(connection)

    with intercept(Reply("ours", fault=malformed(after=0))):
        broken, told = run(law, is_async=is_async)
    with pytest.raises(ValueError, match=r"."):
        json.loads(broken)
    assert text_of(told) == "ours"


def test_an_error_within_a_stream_has_the_shape_it_has_here(is_async):
    """It is nested, and flat over HTTP."""
    with intercept(Reply("ours", fault=faults.stream_error(after=3, form="event"))):
        told = run(asked, is_async=is_async)
    assert (len(told), told[-1]["type"]) == (4, "error")
    assert told[-1]["error"]["message"]
    assert "message" not in told[-1]


@pytest.mark.parametrize(
    "fault", [faults.rechunk(how="bytes"), faults.crlf(), faults.keep_alive(text="wait")], ids=repr
)
def test_an_event_is_a_message_however_the_bytes_come(is_async, fault):
    """Chunks are cut into events."""
    with intercept("ours") as llm:
        plain = run(asked, is_async=is_async)
    with intercept(Reply("ours", fault=fault)) as llm:
        assert run(asked, is_async=is_async) == plain
    assert llm.calls[0].complete


def test_a_sign_of_life_is_a_message_of_its_own(is_async):
    """It has a number, as over HTTP."""
    with intercept(Reply("ours", fault=faults.keep_alive(every=2))):
        told = run(asked, is_async=is_async)
    assert [one["sequence_number"] for one in told] == list(range(len(told)))
    assert [number for number, one in enumerate(told) if one["type"] == "keepalive"] == list(range(2, len(told), 3))
    assert text_of([one for one in told if one["type"] != "keepalive"]) == "ours"


def test_a_proxys_page_is_an_error_with_its_text(is_async):
    """Its status says what it is."""
    with intercept(Reply("ours", fault=faults.html_error(503))):
        (error,) = run(asked, is_async=is_async)
    assert (error["status"], error["error"]["type"]) == (503, "server_error")
    assert "503 Service Unavailable" in error["error"]["message"]


def test_what_is_no_stream_is_an_error_event(is_async):
    """A ready text would be nothing that a client could tell from a lost connection."""
    with intercept(raw("plain")):
        (error,) = run(asked, is_async=is_async)
    assert "no stream of events" in error["error"]["message"]


def test_a_client_that_cannot_begin_leaves_nothing(is_async):
    """What is wrong with its options is its own error."""
    with collecting(), intercept("ours"), pytest.raises(ValueError, match="compression"):
        run(asked, is_async=is_async, compression="brotli")


def test_limits_are_told(is_async):
    """A simulated limit is the API's error, with what is left."""

    async def law(connection: Any) -> Any:
        return await asked(connection), await asked(connection)

    with intercept("ours") as llm:
        llm.rate_limit(requests_per_minute=1)
        told, (error,) = run(law, is_async=is_async)
    assert text_of(told) == "ours"
    assert (error["status"], error["error"]["headers"]["x-ratelimit-remaining-requests"]) == (429, "0")


def test_time_is_virtual_here_too(is_async):
    """A minute to the first byte and a second a token take none."""
    with intercept("one two three", pace=Pace(ttft=60, tokens_per_second=1), time_scale=0) as llm:
        assert text_of(run(asked, is_async=is_async)) == "one two three"
        assert llm.elapsed > 60


# Who answers


def test_what_nothing_answers_is_an_error_event(is_async):
    """Which says why; the block ends with it."""
    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        llm.on(model="other").reply("no")
        (error,) = run(asked, is_async=is_async)
    assert (error["status"], error["error"]["code"]) == (404, "llm_intercept_unmatched")
    assert "other" in error["error"]["message"]


def test_what_would_be_raised_is_an_error_event(is_async):
    """Nobody here could raise it in the client."""
    with pytest.raises(UnmatchedRequestError), intercept(unmatched="raise"):
        (error,) = run(asked, is_async=is_async)
    assert "no rule" in error["error"]["message"]


def test_a_block_that_has_ended_closes_the_connection(is_async):
    """With the next request, and says so."""

    async def law() -> None:
        with intercept("ours") as llm:
            opened = connected(is_async)
            connection = await opened.__aenter__()
            assert text_of(await asked(connection)) == "ours"
        assert len(llm.calls) == 1
        await maybe(connection.send(create()))
        with pytest.raises(import_module("websockets.exceptions").ConnectionClosed) as caught:
            await hear(connection)
        assert (caught.value.rcvd.code, "has ended" in caught.value.rcvd.reason) == (1001, True)
        await opened.__aexit__(None, None, None)

    complete(law(), is_async=is_async)


def test_the_innermost_block_answers_each_message(is_async):
    """Also one that begins while the connection is open, for the process."""

    async def law(connection: Any) -> Any:
        with intercept("inner"):
            inner = text_of(await asked(connection))
        return inner, text_of(await asked(connection))

    with intercept("outer"):
        assert run(law, is_async=is_async) == ("inner", "outer")


def test_a_block_of_a_context_answers_the_connections_that_begin_in_it(is_async):
    """And no others."""
    with intercept("ours", scope="context") as llm:
        assert text_of(run(asked, is_async=is_async)) == "ours"
    assert len(llm.calls) == 1


@pytest.mark.parametrize(
    "url", ["wss://api.openai.com/v1/realtime?model=gpt-realtime", "wss://api.openai.com/v1/other"]
)
def test_other_websockets_of_a_known_host_are_stopped(is_async, url):
    """When they connect, before a name is looked up."""
    with pytest.raises(UnseenClientError), intercept("ours"), pytest.raises(UnseenClientError) as caught:
        run(asked, is_async=is_async, url=url)
    assert "websockets" in str(caught.value)


@pytest.mark.parametrize("options", [{"passthrough": ["localhost"]}, {"unmatched": "passthrough"}], ids=str)
def test_a_host_that_is_let_out_is_really_connected_to(is_async, options):
    """With the same block answering the same URL where it is not."""
    with echoing() as url:
        with intercept("ours", **options):
            (event,) = run(asked, is_async=is_async, url=f"{url}/v1/responses")
        with intercept("ours"):
            told = run(asked, is_async=is_async, url=f"{url}/v1/responses")
    assert json.loads(event["echo"])["input"] == "hello"
    assert text_of(told) == "ours"


def test_nothing_is_sent_on_over_a_connection_that_is_answered(is_async, tmp_path):
    """A tape that would record asks for another transport; what it recorded over HTTP is played."""
    with intercept(mode="auto", recordings=tmp_path) as llm:
        (error,) = run(asked, is_async=is_async)
    assert "HTTP transport" in error["error"]["message"]
    assert llm.calls[0].error is not None


def test_what_an_outer_block_lets_out_is_answered_by_the_inner(is_async):
    """As over HTTP, where its rules come first; what they do not answer is not sent on either."""

    async def law(connection: Any) -> Any:
        return await asked(connection, "ours?"), await asked(connection, "out?")

    with intercept(passthrough=["api.openai.com"]), intercept() as llm:
        llm.on("ours?").reply("ours")
        llm.on("out?").reply(passthrough())
        told, (error,) = run(law, is_async=is_async)
    assert text_of(told) == "ours"
    assert "sends nothing on" in error["error"]["message"]


def test_another_applications_websocket_goes_its_way(is_async):
    """Its path is one that many have; a header that only the API's clients send makes it the API's."""
    with echoing() as url:
        with intercept("ours"):
            (event,) = run(asked, is_async=is_async, url=f"{url}/form/responses")
        with intercept("ours"):
            headers = {"X-Stainless-Lang": "python"}
            told = run(asked, is_async=is_async, url=f"{url}/form/responses", additional_headers=headers)
    assert "echo" in event
    assert text_of(told) == "ours"


@pytest.mark.parametrize("streamed", [True, False])
def test_what_was_recorded_over_http_is_played(is_async, streamed, tmp_path):
    """In either shape, as the events of a stream."""
    said = [{"role": "user", "content": "hello"}]
    with serving(tmp_path) as upstream:
        url = upstream.url + "/v1/responses"
        with intercept(mode="record", recordings=tmp_path / "tape"):
            context = ssl.create_default_context(cafile=upstream.ca)
            httpx.post(url, json=body(said, stream=streamed), verify=context)
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm:
        told = run(partial(asked, said=said), is_async=is_async, url=url.replace("https://", "wss://"))
    assert text_of(told) == "".join(WORDS)
    assert llm.calls[0].source == "recording"


def test_network_none_is_no_hindrance(is_async):
    """Nothing leaves the process."""
    with intercept("ours", network="none"):
        assert text_of(run(asked, is_async=is_async)) == "ours"


# The end


def test_closing_in_the_middle_closes_the_replys_generator(is_async):
    """As closing an HTTP answer does."""
    closed = threading.Event()

    def deltas(_: Any) -> Any:
        try:
            for number in range(10_000_000):
                yield f"{number} "
        finally:
            closed.set()

    async def law(connection: Any) -> None:
        await maybe(connection.send(create()))
        for _ in range(8):
            await hear(connection)

    with intercept(deltas) as llm:
        run(law, is_async=is_async, **LEAVING)
        assert closed.wait(PATIENCE)
    assert not llm.calls[0].complete


def test_deltas_that_are_awaited_reach_the_client_one_by_one(is_async):
    """In the client's own loop, or one of our own; leaving in the middle closes the generator."""
    closed = threading.Event()

    async def deltas(request: Any) -> Any:
        try:
            for word in ("one ", "two ", "three"):
                await asyncio.sleep(0)
                yield word
            while request.last_user == "endless":
                await asyncio.sleep(0)
                yield "more "
        finally:
            closed.set()

    async def law(connection: Any) -> Any:
        told = await asked(connection)
        closed.clear()
        await maybe(connection.send(create("endless")))
        for _ in range(12):
            await hear(connection)
        return told

    with intercept(deltas):
        told = run(law, is_async=is_async, **LEAVING)
    assert closed.wait(PATIENCE)
    assert [event["delta"] for event in told if "delta" in event] == ["one ", "two ", "three"]


def test_a_reader_that_is_cancelled_leaves_the_connection_whole():
    """The library's own promise: no message is lost."""

    async def law(connection: Any) -> Any:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await connection.recv()
        return await asked(connection)

    with intercept("ours"):
        assert text_of(run(law, is_async=True)) == "ours"


def test_many_connections_leave_nothing(is_async):
    """No task, no thread, no socket: warnings are errors."""

    async def law() -> None:
        for number in range(20):
            async with connected(is_async, **LEAVING) as connection:
                await maybe(connection.send(create()))
                for _ in range(number):
                    await hear(connection) if number < 9 else None
        if is_async:
            for _ in range(10):
                await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == 1

    with collecting(), intercept("ours"):
        complete(law(), is_async=is_async)


def test_a_loop_that_ends_leaves_nothing():
    """The client forgets to close its connection, which asyncio's end of the loop does not do."""

    async def law() -> None:
        from websockets.asyncio.client import connect

        connection = await connect(URL)
        await asked(connection)
        connection.transport.abort()

    with collecting(), intercept("ours"):
        asyncio.run(law())


def test_a_client_that_connects_again_is_answered():
    """`async for connection in connect(…)`, as the library's guide has it."""

    async def law() -> list[str]:
        from websockets.asyncio.client import connect

        said = []
        async for connection in connect(URL):
            try:
                said.append(text_of(await asked(connection)))
            except ConnectionClosedError:
                said.append("lost")
            else:
                break
        return said

    with intercept() as llm:
        llm.on(model="gpt-6*").reply(Reply("no", fault=disconnect(after=1)), "again")
        assert asyncio.run(law()) == ["lost", "again"]


@pytest.mark.parametrize("name", websockets_door.MODULES)
def test_the_library_has_the_names_we_patch(name):
    """A canary: what opens a connection is a Python function in this version."""
    found = websockets_door.doors(import_module(name))
    assert found
    assert all(innermost(member(holder, method)) is not None for holder, method, _ in found)
