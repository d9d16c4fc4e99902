"""The server, over real sockets: what programs in any language get is what programs in Python get."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from typing import Any

import httpx
import pytest

from llm_intercept import (
    Interceptor,
    Pace,
    Reply,
    connection_error,
    disconnect,
    intercept,
    stall,
    timeout,
)
from llm_intercept.errors import SettingsError, UnmatchedRequestError
from llm_intercept.server import app, serve
from llm_intercept.server.certificate import certificate
from tests.served import CHAT, Ended, ask, connected, raw_request, read_all, say
from tests.support import chat, message

pytest.importorskip("uvicorn")


def rules(llm: Interceptor) -> None:
    llm.on("text").reply("A frog leaps in.")
    llm.reply("else")


@pytest.fixture(scope="module")
def served() -> Any:
    """Serve some rules."""
    with serve(Interceptor(rules=rules)) as url:
        yield url


def test_a_json_answer_says_its_length_and_a_stream_cannot(served):
    """So that a connection is kept for the next request in either way."""
    with httpx.Client() as client:
        lengths = [
            client.post(served + CHAT, json=chat(stream=stream)).headers.get("content-length") for stream in (0, 1)
        ]
    assert lengths[0] is not None
    assert lengths[1] is None


def test_where_an_answer_says_to_ask_next_is_the_server() -> None:
    """As the results of a batch, which the SDK asks for where it is told to: else its key went to a real API."""
    anthropic = pytest.importorskip("anthropic")
    with serve(Interceptor("hello")) as url, anthropic.Anthropic(api_key="none", base_url=url) as client:
        batches = client.messages.batches
        made = batches.create(requests=[{"custom_id": "1", "params": message("hi")}])
        assert batches.retrieve(made.id).results_url == f"{url}/v1/messages/batches/{made.id}/results"
        (result,) = batches.results(made.id)
    assert result.result.message.content[0].text == "hello"


@pytest.mark.parametrize("stream", [True, False])
def test_the_openai_sdk_is_answered_at_a_base_url(served, stream):
    """An unmodified client that is told another base URL."""
    openai = pytest.importorskip("openai")
    with openai.OpenAI(api_key="none", base_url=f"{served}/v1") as client:
        made = client.chat.completions.create(**chat("a frog of text"), stream=stream)
        said = (
            "".join(c.choices[0].delta.content or "" for c in made if c.choices)
            if stream
            else made.choices[0].message.content
        )
        assert said == "A frog leaps in."
        assert client.models.list().data
        assert client.responses.create(model="gpt-5", input="text").output_text == "A frog leaps in."


def test_the_sdks_of_other_makers_are_answered_at_a_base_url(served):
    """Each at the paths of its own API, whose models list is told by the headers it sends."""
    anthropic, genai = pytest.importorskip("anthropic"), pytest.importorskip("google.genai")
    with anthropic.Anthropic(api_key="none", base_url=served) as client:
        asked = {"model": "claude-opus-4-6", "max_tokens": 99, "messages": [{"role": "user", "content": "text"}]}
        assert client.messages.create(**asked).content[0].text == "A frog leaps in."
        assert client.models.list().data[0].type == "model"
    with genai.Client(api_key="none", http_options={"base_url": served}) as client:
        assert client.models.generate_content(model="gemini-3-pro", contents="text").text == "A frog leaps in."
        assert next(iter(client.models.list())).name.startswith("models/")


def test_a_request_stands_for_the_host_where_its_api_is_at_home():
    """Of any prefix; a host of a model API that the client names stays, and so does what nobody knows."""
    llm = Interceptor("hello")
    llm.on(url="/own/page").reply("never")
    served = app(llm)
    asked = {
        "/v1/chat/completions": "https://api.openai.com/v1/chat/completions",
        "/any/prefix/v1/chat/completions?x=%20y": "https://api.openai.com/any/prefix/v1/chat/completions?x=%20y",
        "/openai/deployments/d/chat/completions": "https://api.openai.com/openai/deployments/d/chat/completions",
    }
    for path, url in asked.items():
        assert ask(served, "POST", path, json=chat()).status_code == 200
        assert llm.calls[-1].request.url == url
    assert ask(served, "POST", CHAT, json=chat(), headers={"host": "api.mistral.ai"}).status_code == 200
    assert llm.calls[-1].request.url == "https://api.mistral.ai/v1/chat/completions"
    assert "x-ms-region" in ask(served, "POST", "/openai/deployments/d/chat/completions", json=chat()).headers
    assert ask(served, "GET", "/v1/models").json()["object"] == "list"
    assert ask(served, "GET", "/own/else").status_code == 404


def test_an_upstream_is_what_requests_stand_for():
    """Its path comes first, but where the request's own begins with it."""
    for upstream in ("https://llm.test/proxy", "https://llm.test/proxy/"):
        llm = Interceptor("hello")
        served = app(llm, upstream=upstream)
        for path in ("/proxy/v1/chat/completions", "/v1/chat/completions"):
            ask(served, "POST", path, json=chat())
            assert llm.calls[-1].request.url == "https://llm.test/proxy/v1/chat/completions"


FAULTS = {
    "disconnect": (disconnect(), httpx.RemoteProtocolError),
    "reset": (disconnect(reset=True), httpx.ReadError),
    "refused": (connection_error(), httpx.ReadError),
    "timeout": (timeout(), httpx.ReadTimeout),
    "stall": (stall(), httpx.ReadTimeout),
    "within": (disconnect(2), httpx.RemoteProtocolError),
    "stall within": (stall(1), httpx.ReadTimeout),
}


@pytest.mark.parametrize("words", FAULTS)
def test_a_fault_is_one_of_the_connection(words):
    """The client's own library raises what it raises on a bad network; a refusal is a reset, since there is a connection."""
    fault, error = FAULTS[words]
    llm = Interceptor(Reply(deltas=["one ", "two "], fault=fault))
    ended, patience = Ended(llm), 0.15 if error is httpx.ReadTimeout else 60
    with serve(llm) as url, httpx.Client(timeout=httpx.Timeout(60, read=patience)) as client:
        with pytest.raises(error):
            client.post(url + CHAT, json=chat(stream=True))
        assert ended.wait()
    assert llm.calls[0].complete is not True


def test_a_client_that_leaves_ends_what_is_made_for_it():
    """A stall of an hour does not outlive the connection."""
    llm = Interceptor(Reply("x", pace=Pace(ttft=3600)))
    ended = Ended(llm)
    with serve(llm) as url:
        with connected(url) as one:
            one.sendall(raw_request(chat()))
        assert ended.wait()
    assert isinstance(llm.calls[0].error, asyncio.CancelledError)


def test_a_served_block_ends_as_a_block_does():
    """What nothing answered is raised, and noted on another error."""
    with pytest.raises(UnmatchedRequestError, match="weather"), serve(Interceptor()) as url:
        assert httpx.post(url + CHAT, json=chat("weather")).status_code == 404
    with pytest.raises(LookupError) as raised, serve(Interceptor()) as url:
        httpx.post(url + CHAT, json=chat("weather"))
        raise LookupError("own")
    assert "weather" in raised.value.__notes__[0]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_interceptor_of_a_block_can_be_served():
    """A program that is no child of Python's is answered by the same rules, and counted by the block."""
    with intercept() as llm, serve(llm) as url:
        llm.on("hi").reply("hello")
        command = ["curl", "-s", url + CHAT, "-d", json.dumps(chat())]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout)["choices"][0]["message"]["content"] == "hello"
    assert len(llm.calls) == 1


def test_a_key_is_for_us_alone_whatever_was_there_before(tmp_path):
    """A file that all may read gives way to one that they may not."""
    pytest.importorskip("trustme")
    (tmp_path / "server.pem").touch(mode=0o644)
    made = certificate(tmp_path)
    assert (made.chain.stat().st_mode & 0o777, "PRIVATE KEY" in made.chain.read_text()) == (0o600, True)


def test_tls_is_spoken_by_a_certificate_made_on_the_spot(tmp_path):
    """Who trusts the authority connects."""
    pytest.importorskip("trustme")
    with serve(Interceptor("hello"), tls=tmp_path) as url:
        trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        assert httpx.post(url + CHAT, json=chat(), verify=trusted).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.post(url + CHAT, json=chat())
    assert url.startswith("https://")
    assert (tmp_path / "server.pem").stat().st_mode & 0o077 == 0


def test_pages_of_a_browser_may_ask():
    """They are told that they may read, and of some origins alone, if that is said."""
    origin = {"origin": "http://localhost:5173"}
    question = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for cors, allowed in (("*", "*"), ("http://localhost:5173", "http://localhost:5173"), ("http://else.test", None)):
        served = app(Interceptor("hello"), cors=cors)
        before = ask(served, "OPTIONS", CHAT, headers=question)
        asked = ask(served, "POST", CHAT, json=chat(), headers=origin)
        assert [one.headers.get("access-control-allow-origin") for one in (before, asked)] == [allowed, allowed]
        assert (before.status_code, before.content) == (204, b"")
        assert before.headers.get("access-control-allow-headers") == ("authorization" if allowed else None)
    assert "access-control-allow-origin" not in ask(served, "POST", CHAT, json=chat()).headers


def test_a_body_that_is_too_large_or_too_slow_is_refused_in_the_apis_words():
    """Before it is read, where its head says so; while it is, where it does not."""

    async def drip() -> Any:
        for _ in range(5):
            yield b"x" * 300

    served = app(Interceptor("hello"), max_body=1000)
    for content in (b"x" * 1001, drip()):
        refused = ask(served, "POST", CHAT, content=content)
        assert refused.status_code == 413
        assert "more than 1,000 bytes" in refused.json()["error"]["message"]
        assert refused.headers["connection"] == "close"
    llm = Interceptor("hello")
    with serve(llm, body_timeout=0.05) as url, connected(url) as one:
        one.sendall(raw_request(chat())[:-5])
        assert read_all(one).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_body", 0),
        ("calls", -1),
        ("tests", "x"),
        ("body_timeout", 0),
        ("upstream", "api.openai.com"),
        ("cors", 7),
        ("cors", "localhost:5173"),
        ("cors", ["https://example.com/"]),
        ("prot", 1),
    ],
)
def test_an_option_that_cannot_be_used_is_told(name, value):
    """With its name and its value."""
    with pytest.raises(SettingsError, match=name):
        app(Interceptor("hello"), **{name: value})


def test_a_port_that_is_taken_is_told():
    """With the port, why, and what to do; so is an address that this machine has not."""
    with serve(Interceptor("hello")) as url:
        port = int(url.rpartition(":")[2])
        told = rf"port={port} .*another program listens there.* 0 for one that is free"
        with pytest.raises(SettingsError, match=told), serve(Interceptor("hello"), port=port):
            pass
    for host in ("", "203.0.113.5", "256.1.1.1", "no such name", "::zz"):
        with pytest.raises(SettingsError, match=f"host='{host}' .*0.0.0.0 for all"), serve(Interceptor("x"), host=host):
            pass


def test_a_client_that_does_not_hang_up_keeps_no_server_from_stopping(tmp_path, monkeypatch):
    """By TLS a connection's end is answered, by clients that look."""
    pytest.importorskip("trustme")
    monkeypatch.setattr("llm_intercept.server.uvicorn_server.GRACE", 60)
    with serve(Interceptor("hello"), tls=tmp_path) as url, connected(url) as one:
        trusted = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        client = trusted.wrap_socket(one, server_hostname="127.0.0.1")
        client.sendall(raw_request(chat()))
        assert client.recv(65536)
        begun = time.monotonic()
    assert time.monotonic() - begun < 30, "that is nearly as long as answers have"
    client.close()


def test_uvicorn_is_not_imported_unless_it_serves():
    """The application needs no server."""
    code = "import sys, llm_intercept; from llm_intercept.server import app; app(llm_intercept.Interceptor('x')); print('uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_hypercorn_serves_the_application():
    """As any ASGI server does."""
    pytest.importorskip("hypercorn")
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config

    from llm_intercept.server.running import listening

    with listening("127.0.0.1", 0) as bound:
        port, config, stop = bound.getsockname()[1], Config(), asyncio.Event()
        config.bind = [f"fd://{bound.fileno()}"]
        loop = asyncio.new_event_loop()
        serving = hypercorn(app(Interceptor("hello")), config, shutdown_trigger=stop.wait)
        thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
        thread.start()
        try:
            for stream in (True, False):
                answer = httpx.post(f"http://127.0.0.1:{port}{CHAT}", json=chat(stream=stream))
                assert answer.status_code == 200
                assert "hello" in answer.text
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()
            bound.detach()


def test_say_is_answered():
    """Nothing is left of one request in the next."""
    served = app(Interceptor("hello"))
    assert [say(served, stream=stream).status_code for stream in (True, False, True)] == [200, 200, 200]
