"""The contract of a door, by the one that is no client's transport: the server's application."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, Pace, Reply, api_error, disconnect, passthrough
from llm_intercept.model.wire import CONNECTION_HEADERS
from llm_intercept.server import app
from tests.conftest import events
from tests.support import URL, chat, said

if TYPE_CHECKING:
    from collections.abc import Coroutine


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def post(llm: Interceptor, *, url: str = URL, **more: Any) -> httpx.Response:
    """Ask the application as any test of an ASGI application does."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app(llm))) as client:
            return await client.post(url, json=chat(**more))

    return run(ask())


def serve(llm: Interceptor, **more: Any) -> tuple[list[Any], BaseException | None]:
    """Hand one request to the application as a server does; return what it sent, and what it raised."""
    bodies, sent = [json.dumps(chat(**more)).encode()], []

    async def receive() -> Any:
        if not bodies:
            await asyncio.Event().wait()  # the client stays
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> BaseException | None:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": [(b"host", b"api.openai.com")],
        }
        try:
            await app(llm)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - a server catches all
            return error
        return None

    return sent, run(ask())


def test_a_door_answers_in_json():
    """The body is read, a rule is found and its reply is written."""
    llm = Interceptor("else")
    llm.on("hi").reply("hello")
    response = post(llm)
    assert said(response) == "hello"
    assert [(call.status, call.source) for call in llm.calls] == [(200, "rule")]


@pytest.mark.parametrize(("pace", "messages"), [(None, 1), (Pace(per_token=1), 3)])
def test_events_are_joined_where_nothing_comes_between_them(pace, messages):
    """A system call less for each; what is waited for is sent before the wait, and together they say the reply."""
    sent, error = serve(Interceptor(Reply(deltas=["one ", "two"]), pace=pace, time_scale=0), stream=True)
    bodies = [message["body"] for message in sent[1:]]
    assert error is None
    assert len(bodies[:-1]) == messages
    assert all(body.endswith(b"\n\n") for body in bodies[:-1])
    said = [chunk["choices"][0]["delta"].get("content") for chunk in events(b"".join(bodies).decode())]
    assert [text for text in said if text] == ["one ", "two"]
    assert bodies[-1] == b""


def test_a_server_says_itself_what_belongs_to_its_connection():
    """All of the API's headers but those of a connection."""
    llm = Interceptor("hello")
    door = dict(post(llm).headers)
    with httpx.Client(transport=InterceptTransport("hello")) as client:
        api = dict(client.post(URL, json=chat()).headers)
    assert set(api) - set(door) == {"date", "transfer-encoding", "connection", "server"} <= CONNECTION_HEADERS
    assert int(door.pop("content-length")) > 0
    assert door == {name: value for name, value in api.items() if name in door}


@pytest.mark.parametrize("stream", [True, False])
def test_a_door_keeps_the_pace(stream):
    """On virtual time the waits take none, and are counted."""
    llm = Interceptor(Reply(deltas=["one ", "two ", "three"]), pace=Pace(ttft=60, per_token=10), time_scale=0)
    assert post(llm, stream=stream).status_code == 200
    assert llm.elapsed >= 80


def test_a_door_waits_in_real_time():
    """The time to the first byte is waited for."""
    began = time.monotonic()
    assert said(post(Interceptor("hello", pace=Pace(ttft=0.05)))) == "hello"
    assert time.monotonic() - began >= 0.05


def test_an_api_error_comes_with_its_headers():
    """Clients read from them how long to wait."""
    response = post(Interceptor(api_error(429, retry_after=7)))
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.json()["error"]["type"]


def test_a_break_in_mid_stream_drops_the_connection():
    """What came before it is sent, the end of the body never, and the journal knows."""
    llm = Interceptor(Reply(deltas=["one ", "two ", "three"], fault=disconnect(2)))
    sent, error = serve(llm, stream=True)
    assert isinstance(error, ConnectionAbortedError)
    assert [message["body"].count(b"\n\n") for message in sent[1:]] == [2]
    assert all(message.get("more_body", True) for message in sent)
    assert llm.calls[0].complete is False
    assert type(llm.calls[0].error).__name__ == "NetworkFaultError"


def test_an_unmatched_request_is_a_404_in_the_apis_words():
    """As at any door; nobody has a block to end, so it is told when asked."""
    llm = Interceptor()
    llm.on("weather").reply("sunny")
    response = post(llm)
    assert response.status_code == 404
    assert "'weather' in it" in response.json()["error"]["message"]
    assert len(llm.unmatched) == 1


def test_what_is_to_pass_is_refused_where_there_is_nowhere_to_send_it():
    """A path that no API has at home has no host but the server's own, and would come back."""
    llm = Interceptor()
    llm.on(url="/own/page").reply(passthrough())
    response = post(llm, url="http://own.test/own/page")
    assert response.status_code == 501
    assert "nobody knows where to send POST http://own.test/own/page" in response.json()["error"]["message"]


def test_a_request_that_is_no_apis_is_the_doors_own_affair():
    """The engine gives it back untouched."""
    assert post(Interceptor("hello"), url="http://own.test/health").status_code == 404


def test_a_users_function_may_fail_as_the_network_does():
    """An exception that a door takes for the network's is its own; another one is a 500 that says whose it is."""

    def reply(request: Any) -> Any:
        raise httpx.ConnectError("down") if request.last_user == "network" else LookupError("mine")

    _, error = serve(Interceptor(reply), user="network")
    assert isinstance(error, ConnectionAbortedError)
    assert isinstance(error.__cause__, httpx.ConnectError)
    assert post(Interceptor(reply), user="other").status_code == 500


@pytest.mark.parametrize("stream", [True, False])
def test_the_openai_sdk_talks_to_a_door(stream):
    """Its own models read what the application sends."""
    openai = pytest.importorskip("openai")
    import httpx2

    async def ask() -> str:
        module = httpx2 if int(openai.__version__.partition(".")[0]) >= 3 else httpx
        http = module.AsyncClient(transport=module.ASGITransport(app=app(Interceptor("hello"))))
        async with openai.AsyncOpenAI(api_key="sk-test", http_client=http) as client:
            made = await client.chat.completions.create(**chat(), stream=stream)
            if not stream:
                return made.choices[0].message.content
            return "".join([chunk.choices[0].delta.content or "" async for chunk in made if chunk.choices])

    assert run(ask()) == "hello"
