"""The key that stands in where a program has none: when it is there, and that it never leaves this machine."""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import pytest
import requests
from websockets.sync.client import connect

from llm_intercept import Interceptor, intercept, wrap
from llm_intercept.base.dummy_keys import DUMMY, VARIABLES, missing
from llm_intercept.errors import DummyKeyError
from llm_intercept.server import serve
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Send = Callable[[str, Mapping[str, str]], object]

BASIC = httpx.BasicAuth("user", DUMMY)._auth_header
HEADERS = [
    ("authorization", f"Bearer {DUMMY}"),
    ("authorization", BASIC),
    ("x-api-key", DUMMY),
    ("api-key", DUMMY),
    ("x-goog-api-key", DUMMY),
    ("cf-aig-authorization", f"Bearer {DUMMY}"),
    ("x-portkey-api-key", DUMMY),
    ("sec-websocket-protocol", f"realtime, openai-insecure-api-key.{DUMMY}"),
]
"""Where a request may have its key."""
HEADER = {"x-litellm-api-key": DUMMY}
GATEWAY = "https://gateway.corp.test/v1/other"
UNCLAIMED = "https://api.openai.com/v1/other"


def test_a_dummy_stands_in_for_a_key_while_a_block_is_active(monkeypatch):
    """Where nothing is set, and only then; blocks may be in one another."""
    for names in VARIABLES:
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROQ_API_KEY", "mine")
    monkeypatch.setenv("GOOGLE_API_KEY", "mine")
    before = dict(os.environ)
    with intercept("hi"):
        assert os.environ["OPENAI_API_KEY"] == os.environ["ANTHROPIC_API_KEY"] == DUMMY
        assert os.environ["GROQ_API_KEY"] == "mine"
        assert "GEMINI_API_KEY" not in os.environ
        with intercept("ho"):
            os.environ["MISTRAL_API_KEY"] = "set since"
        assert os.environ["OPENAI_API_KEY"] == DUMMY
    assert os.environ.pop("MISTRAL_API_KEY") == "set since"
    assert {name: one for name, one in os.environ.items() if name != "PYTEST_CURRENT_TEST"} == {
        name: one for name, one in before.items() if name != "PYTEST_CURRENT_TEST"
    }
    for options in ({"mode": "block"}, {"unmatched": "passthrough"}):
        with intercept(**options):  # type: ignore[arg-type]
            assert "OPENAI_API_KEY" not in os.environ
    assert missing({"OPENAI_API_KEY": ""})["OPENAI_API_KEY"] == DUMMY


def test_a_dummy_that_is_brought_back_is_no_key(monkeypatch):
    """By who restores what there was within a block; an empty value is brought back as well."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    with intercept("hi"), pytest.MonkeyPatch.context() as within:
        within.setenv("OPENAI_API_KEY", "sk-test")
    assert os.environ["OPENAI_API_KEY"] == ""
    monkeypatch.delenv("OPENAI_API_KEY")
    within = pytest.MonkeyPatch()
    with intercept("hi"):
        within.setenv("OPENAI_API_KEY", "sk-test")
    within.undo()
    assert os.environ["OPENAI_API_KEY"] == DUMMY
    with intercept("hi"):
        assert os.environ["OPENAI_API_KEY"] == DUMMY
    assert "OPENAI_API_KEY" not in os.environ


def test_a_program_without_a_key_is_answered():
    """The SDKs raise where they find none; under the environment variable they find the dummy."""
    code = (
        "import os\nfrom openai import OpenAI\nfrom anthropic import Anthropic\n"
        "print(OpenAI().chat.completions.create(model='gpt-4o', messages=[{'role': 'user', 'content': 'a'}])"
        ".choices[0].message.content)\n"
        "chunks = OpenAI().chat.completions.create(model='gpt-4o', messages=[{'role': 'user', 'content': 'a'}], stream=True)\n"
        "print(''.join(chunk.choices[0].delta.content or '' for chunk in chunks))\n"
        "print(Anthropic().messages.create(model='claude-opus-4-6', max_tokens=9, "
        "messages=[{'role': 'user', 'content': 'a'}]).content[0].text)"
    )
    known = {name for names in VARIABLES for name in names}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    environment |= {"LLM_INTERCEPT": "mock", "LLM_INTERCEPT_REPLY": "hi", "LLM_INTERCEPT_QUIET": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("hi\nhi\nhi\n", "")


def test_a_wrapped_client_changes_no_environment(monkeypatch):
    """It has its key already."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with httpx.Client() as client:
        wrap(client, "hi")
        assert "OPENAI_API_KEY" not in os.environ


# What leaves this machine


@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_wherever_a_request_has_it_the_dummy_never_goes_out(tmp_path, name, value):
    """By no way on which a request goes on; to this machine it may."""
    for options in ({"passthrough": ["*"]}, {"unmatched": "passthrough"}, {"mode": "record", "recordings": tmp_path}):
        with pytest.raises(DummyKeyError, match="has no key"), intercept(**options) as llm, httpx.Client() as client:  # type: ignore[arg-type]
            response = client.post(URL, json=chat("a"), headers={name: value})
            assert response.status_code == 500
            assert llm.calls.last.source != "live"
        assert "OPENAI_API_KEY" in response.text


def _by_aiohttp(way: str, url: str, headers: Mapping[str, str]) -> None:
    async def send() -> None:
        async with aiohttp.ClientSession() as session, getattr(session, way)(url, headers=headers):
            pass

    asyncio.run(send())


def _by_urllib(url: str, headers: Mapping[str, str]) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers))):
        pass


def _by_http_client(url: str, headers: Mapping[str, str]) -> None:
    """Tell header by header."""
    connection = http.client.HTTPSConnection(urlsplit(url).netloc)
    connection.putrequest("GET", urlsplit(url).path)
    for header in headers.items():
        connection.putheader(*header)
    connection.endheaders()


DOORS: dict[str, Send] = {
    "httpx": lambda url, headers: httpx.get(url, headers=dict(headers)),
    "httpx2": lambda url, headers: httpx2.get(url, headers=dict(headers)),
    "requests": lambda url, headers: requests.get(url, headers=dict(headers), timeout=1),
    "aiohttp": lambda url, headers: _by_aiohttp("get", url, headers),
    "aiohttp's WebSocket": lambda url, headers: _by_aiohttp("ws_connect", url, headers),
    "websockets": lambda url, headers: connect(url.replace("https", "wss"), additional_headers=dict(headers)).close(),
    "urllib": _by_urllib,
    "http.client": _by_http_client,
}


@pytest.mark.parametrize("url", [GATEWAY, UNCLAIMED])
@pytest.mark.parametrize("door", DOORS)
def test_by_no_door_does_the_dummy_go_out(monkeypatch, door, url):
    """Though the request is nobody's business, or let out; no name is looked up for it, and the block says so."""
    sought: list[Any] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **_: sought.append(args) or [])
    told = pytest.raises(DummyKeyError, match=urlsplit(url).hostname)
    with told, intercept(passthrough=["*"]), suppress(Exception):
        DOORS[door](url, HEADER)
    assert not sought


@pytest.mark.parametrize("url", [GATEWAY, URL])
def test_a_body_and_a_url_are_looked_at_too(url):
    """As an API's parameter `key=`, and what is asked with a token in its body."""
    for asked, more in ((f"{url}?key={DUMMY}", {"json": chat()}), (url, {"json": {**chat(), "api_key": DUMMY}})):
        with pytest.raises(DummyKeyError), intercept(passthrough=["*"]), suppress(httpx.HTTPError):
            httpx.post(asked, **more)  # type: ignore[arg-type]


def test_a_server_sends_no_dummy_on(tmp_path):
    """At paths that no API claims too, and where only the body has it."""
    pytest.importorskip("uvicorn")
    llm = Interceptor(mode="record", recordings=tmp_path)
    with pytest.raises(DummyKeyError), serve(llm, upstream="https://gateway.corp.test") as url:
        for path in ("/v1/other", "/v1/chat/completions"):
            answer = httpx.post(url + path, json=chat(), headers=HEADER, trust_env=False)
            assert (answer.status_code, "has no key" in answer.text) == (500, True)
        assert httpx.post(f"{url}/token", json={"secret": DUMMY}, trust_env=False).status_code == 500


def test_what_needs_a_key_of_its_own_finds_no_dummy(monkeypatch):
    """A program that reads its keys from a file does so where none is set; the innermost block decides."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for options in ({"passthrough": ["api.anthropic.com"]}, {"passthrough": ["gpt-4o-mini"]}):
        with intercept("hi"):
            with intercept(**options):  # type: ignore[arg-type]
                assert "OPENAI_API_KEY" not in os.environ
                with intercept("ho"):
                    assert os.environ["OPENAI_API_KEY"] == DUMMY
                os.environ["OPENAI_API_KEY"] = "from a file"
            assert os.environ.pop("OPENAI_API_KEY") == "from a file"
    for place in ("localhost:8000", "127.0.0.1", "[::1]:8000", "localhost/v1"):
        with intercept("hi", passthrough=[place]):
            assert os.environ["OPENAI_API_KEY"] == DUMMY
