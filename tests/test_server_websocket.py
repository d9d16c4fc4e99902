"""An API's WebSocket at the server: the same messages as in process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llm_intercept import Interceptor, Reply, disconnect, intercept, stall, tool_call
from llm_intercept.server import app, serve
from tests.amounts import PATIENCE
from tests.served import Ended
from tests.websockets_talk import URL, create

pytest.importorskip("uvicorn")
client = pytest.importorskip("websockets.sync.client")
exceptions = pytest.importorskip("websockets.exceptions")
PLACE = "/v1/responses"


def talk(url: str, *messages: str, test: str = "") -> list[Any]:
    """Send messages, and read what answers each to its last."""
    headers = {"x-llm-intercept-test": test} if test else {}
    found = []
    with client.connect(url.replace("http", "ws", 1) + PLACE, additional_headers=headers, proxy=None) as one:
        for message in messages:
            one.send(message)
            while True:
                found.append(json.loads(one.recv(PATIENCE)))
                if found[-1]["type"] in {"response.completed", "error"}:
                    break
    return found


@pytest.fixture(scope="module")
def served() -> Any:
    """Serve some rules."""
    llm = Interceptor()
    llm.on("call", turn=1).reply(tool_call("weather", city="Paris"))
    llm.on("go").reply("one", "two").repeat_last()
    llm.reply(Reply(deltas=["Packets ", "fall."]))
    with serve(llm) as url:
        yield url


def test_the_messages_are_those_that_a_program_in_python_gets(served):
    """A text, a call of a tool, and what the API refuses, on one connection."""
    asked = [create("hi"), create("a call"), "no JSON", create("again")]
    outside = talk(served, *asked, test="same")
    inside = []
    with intercept() as llm:
        llm.on("call").reply(tool_call("weather", city="Paris"))
        llm.reply(Reply(deltas=["Packets ", "fall."]))
        with client.connect(URL) as one:
            for message in asked:
                one.send(message)
                while True:
                    inside.append(json.loads(one.recv(PATIENCE)))
                    if inside[-1]["type"] in {"response.completed", "error"}:
                        break
    assert outside == inside
    assert [one["type"] for one in outside].count("response.completed") == 3


def test_a_connection_continues_what_nobody_stores(served):
    """A warm-up that says nothing yet, an answer, and what a tool said: Codex asks so, with `store` off throughout."""
    with client.connect(served.replace("http", "ws", 1) + PLACE, proxy=None) as one:

        def told(said: Any, **more: Any) -> Any:
            one.send(json.dumps({"type": "response.create", "model": "gpt-5", "store": False, "input": said, **more}))
            while (event := json.loads(one.recv(PATIENCE)))["type"] not in {"response.completed", "error"}:
                pass
            assert event["type"] == "response.completed", event
            return event["response"]

        warm = told([], generate=False)
        called = told([{"role": "user", "content": "a call"}], previous_response_id=warm["id"])
        output = {"type": "function_call_output", "call_id": called["output"][0]["call_id"], "output": "sunny"}
        assert told([output], previous_response_id=called["id"])["output"][0]["content"][0]["text"] == "Packets fall."


def test_each_test_has_a_socket_of_its_own_rules(served):
    """By the header of the handshake."""
    said = [talk(served, create("go"), test=test)[-1]["response"]["output"][0]["content"][0]["text"] for test in "abab"]
    assert said == ["one", "one", "two", "two"]


def test_a_path_that_has_no_socket_is_refused(served):
    """In the handshake; so is an id that is none."""
    for path, headers in (("/v1/chat/completions", {}), (PLACE, {"x-llm-intercept-test": "x" * 300})):
        with pytest.raises(exceptions.InvalidStatus) as refused:
            client.connect(served.replace("http", "ws", 1) + path, additional_headers=headers, proxy=None)
        assert refused.value.response.status_code == 403


def test_a_connection_that_is_to_fail_ends_without_a_close():
    """What came before is there."""
    with serve(Interceptor(Reply(deltas=["one ", "two "], fault=disconnect(after=4)))) as url:
        with client.connect(url.replace("http", "ws", 1) + PLACE, proxy=None) as one:
            one.send(create("hi"))
            heard = []
            with pytest.raises(exceptions.ConnectionClosedError) as closed:
                while True:
                    heard.append(json.loads(one.recv(PATIENCE))["type"])
        assert closed.value.rcvd is None
        assert heard[0] == "response.created"
        assert len(heard) == 4


def test_a_client_that_leaves_ends_what_is_made_for_it():
    """A stall of an hour does not outlive the connection."""
    llm = Interceptor(Reply(deltas=["one ", "two "], fault=stall(3)))
    ended = Ended(llm)
    with serve(llm) as url:
        with client.connect(url.replace("http", "ws", 1) + PLACE, proxy=None) as one:
            one.send(create("hi"))
            one.recv(PATIENCE)
        assert ended.wait()


def test_a_client_that_leaves_while_it_is_told_harms_nobody(served):
    """Nothing is left of its task."""
    for _ in range(3):
        with client.connect(served.replace("http", "ws", 1) + PLACE, proxy=None) as one:
            one.send(create("hi"))
            one.socket.close()
    assert talk(served, create("hi"))[-1]["type"] == "response.completed"


def test_the_application_refuses_what_is_no_scope_of_http():
    """ASGI may have others."""
    import asyncio

    with pytest.raises(TypeError, match="no 'carrier pigeon'"):
        asyncio.run(app(Interceptor("x"))({"type": "carrier pigeon"}, None, None))
