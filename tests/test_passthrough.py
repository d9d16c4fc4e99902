"""What is let out by `passthrough=[…]` and `passthrough()`, and that all else stays blocked."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

from llm_intercept import InterceptTransport, intercept, passthrough, when
from llm_intercept.errors import SettingsError, UnmatchedRequestError
from tests.support import URL, ask, chat, said

PATH = "/v1/chat/completions"


def echoed(response: Any) -> Any:
    """What the loopback server got, which is what it answers."""
    return json.loads(response.content)


@pytest.mark.parametrize(
    "given",
    ["127.0.0.1", ["127.0.0.1"], ["127.0.*"], ["mistral-*"], ("x", "mistral-small"), {"MISTRAL-*", "mistral-?mall"}],
)
def test_a_host_or_model_is_let_out_and_all_else_is_answered_or_blocked(case, server, given):
    """One provider goes through, before any rule is asked; a known host without a rule is still stopped."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept(passthrough=given) as llm:
        llm.on("mocked").reply("mock")
        out = case.post("out", url=server.url + PATH, model="mistral-small")
        inside = case.post("mocked", model="gpt-4o")
        blocked = case.post("hi", model="gpt-4o")
    assert echoed(out)["messages"][0]["content"] == "out"
    assert case.text(inside) == "mock"
    assert blocked.status_code == 404
    assert [call.source for call in llm.calls] == ["live", "rule", "unmatched"]
    assert len(caught.value.unmatched) == 1
    assert len(server.requests) == 1


OTHERS = {
    "chat": ("https://api.openai.com/v1/chat/completions", chat()),
    "embeddings": ("https://api.openai.com/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}),
    "moderations": ("https://api.openai.com/v1/moderations", {"model": "omni-moderation-latest", "input": "x"}),
    "a model with wildcards in its name": (URL, chat(model="my[best]*model?")),
    "a model with a path in its name": (URL, chat(model="meta-llama/Llama-3-70b")),
    "a model that looks like a URL": (URL, chat(model="hf://me/model")),
    "the model in the path": (
        "https://generativelanguage.googleapis.com/v1beta/models/imagen-4:predict",
        {"instances": []},
    ),
    "a file": ("https://api.openai.com/v1/files", {"purpose": "x"}),
    "no JSON": ("https://api.openai.com/v1/audio/speech", b"\x00\x01"),
}
"""Requests of every kind that nothing answers."""


def unanswered(url: str, body: Any, **options: Any) -> tuple[str, str]:
    """Post to a transport whose own inner transport stands for the network: the answer, and what the block says."""
    inner = httpx.MockTransport(lambda _: httpx.Response(200, text="went out"))
    transport = InterceptTransport(inner=inner, **options)
    with httpx.Client(transport=transport) as client:
        response = client.post(url, content=body if isinstance(body, bytes) else json.dumps(body).encode())
    try:
        transport.interceptor.raise_unmatched()
    except UnmatchedRequestError as error:
        return response.text, str(error)
    return response.text, ""


@pytest.mark.parametrize("kind", OTHERS)
def test_what_a_message_says_lets_a_request_out_does(kind):
    """Word by word, and nothing else goes out by it: another model and another path do not."""
    url, body = OTHERS[kind]
    text, message = unanswered(url, body)
    assert text != "went out"
    if kind == "embeddings":  # which have a default
        message = "passthrough=['text-embedding-*']"
    for advice in re.findall(r"(unmatched|passthrough)=('[^']*'|\[[^\n]*?\])(?=[ ,.]|$)", message):
        assert unanswered(url, body, **{advice[0]: ast.literal_eval(advice[1])}) == ("went out", "")
        if advice[0] == "passthrough":
            other = url.replace("/v1", "/v2")
            assert unanswered(other, chat(model="another"), passthrough=ast.literal_eval(advice[1]))[0] != "went out"


def test_a_path_is_let_out_with_its_host():
    """And nothing beside it; the model is read wherever an API has it."""
    files = "https://api.openai.com/v1/files"
    assert unanswered(files, {}, passthrough=["api.openai.com/v1/fil*"])[0] == "went out"
    assert unanswered(files, {}, passthrough=["api.openai.com/v1/models"])[0] != "went out"
    gemini = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:predict"
    assert unanswered(gemini, {}, passthrough=["gemini-*"])[0] == "went out"
    azure = "https://me.openai.azure.com/openai/deployments/gpt-4o/audio/speech?api-version=1"
    assert unanswered(azure, {}, passthrough=["gpt-4o"])[0] == "went out"
    assert unanswered(azure, {}, passthrough=["gpt-4"])[0] != "went out"


def test_a_url_stands_for_its_host(case, server):
    """With scheme, port and path."""
    with intercept("mock", passthrough=[server.url + "/v1"]) as llm:
        assert echoed(case.post(url=server.url + PATH))["model"] == "gpt-4o"
        assert case.text(case.post()) == "mock"
    assert [(call.source, call.status) for call in llm.calls] == [("live", 200), ("rule", 200)]


def test_a_model_glob_heeds_case_and_a_host_does_not(server):
    """As their names do."""
    with intercept("mock", passthrough=["LOCALHOST", "Mistral-*"]) as llm:
        local = server.url.replace("127.0.0.1", "localhost")
        assert "messages" in httpx.post(local + PATH, json=chat()).json()
        httpx.post(URL, json=chat(model="mistral-small"))
        httpx.post(server.url + PATH, json=chat(model="Mistral-small"))
    assert [call.source for call in llm.calls] == ["live", "rule", "live"]


def test_passthrough_as_a_reply_lets_a_request_out(case, server):
    """Among a script, too; the calls say that it was live."""
    with intercept("mock") as llm:
        llm.on("out").reply("first", passthrough(), "third").optional()
        llm.on(when(url=server.url) & when("in")).reply("in")
        said = [case.post("out", url=server.url + PATH) for _ in range(3)]
        assert case.text(case.post("in", url=server.url + PATH)) == "in"
    assert [case.text(said[0]), case.text(said[2])] == ["first", "third"]
    assert echoed(said[1])["messages"][0]["content"] == "out"
    assert [call.source for call in llm.calls] == ["rule", "live", "rule", "rule"]
    assert llm.calls[1].rule is not None
    assert llm.calls[1].response.content == said[1].content
    assert len(server.requests) == 1


def test_passthrough_may_be_what_a_function_returns(case, server):
    """Decided for each request."""
    with intercept(lambda request: passthrough() if request.model == "real" else "mock"):
        assert echoed(case.post(url=server.url + PATH, model="real"))["model"] == "real"
        assert case.text(case.post(url=server.url + PATH)) == "mock"


def test_the_headers_of_what_is_let_out_are_the_clients(case, server):
    """It goes out exactly as it would have."""
    with intercept("mock", passthrough=["127.0.0.1"]):
        case.post(client=case.client(headers={"Authorization": "Bearer k"}), url=server.url + PATH)
    assert server.requests[0].headers["authorization"] == "Bearer k"


def test_an_inner_blocks_list_holds_before_an_outer_blocks_rules(server):
    """Each block has its own."""
    with intercept("outer"):
        with intercept(passthrough="127.0.0.1"):
            assert "messages" in httpx.post(server.url + PATH, json=chat()).json()
        assert "choices" in httpx.post(server.url + PATH, json=chat()).json()


@pytest.mark.parametrize("given", [3, [3], [""], [None], {"a": 1}, b"host"])
def test_a_list_that_names_no_hosts_or_models_is_refused(given):
    """The message gives an example."""
    with pytest.raises(SettingsError, match=r"passthrough=.*a list of hosts and models, such as \["):
        intercept("x", passthrough=given)


async def _ask_by_aiohttp(url: str = URL) -> str:
    async with aiohttp.ClientSession() as session, session.post(url, json=chat()) as response:
        return str((await response.json())["choices"][0]["message"]["content"])


NESTED = {
    "httpx": lambda: ask(httpx),
    "httpx2": lambda: ask(httpx2),
    "requests": lambda: said(requests.post(URL, json=chat(), timeout=1)),
    "aiohttp": lambda: asyncio.run(_ask_by_aiohttp()),
}


@pytest.mark.parametrize("by", NESTED)
def test_what_is_asked_of_another_host_while_a_request_is_let_out_is_another_request(by):
    """A transport that asks somebody else, such as one that falls back, is no way out for that."""

    class Falling(httpx.BaseTransport):
        def handle_request(self, request):
            return httpx.Response(200, text=NESTED[by]())

    with intercept("ours", passthrough=["gateway.test"]) as llm, httpx.Client(transport=Falling()) as client:
        assert client.post("https://gateway.test/v1/chat/completions", json=chat()).text == "ours"
        assert [call.source for call in llm.calls] == ["live", "rule"]


def test_a_task_that_outlives_a_request_that_is_let_out_is_not_let_out_with_it():
    """Though it asks the same host, such as a worker that begins with the first request."""
    tasks = []

    class Beginning(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            ended = asyncio.Event()
            tasks.append((ended, asyncio.create_task(self.later(ended))))
            return httpx.Response(200, json={})

        async def later(self, ended):
            await ended.wait()
            return await _ask_by_aiohttp("https://gateway.test/v1/chat/completions")

    async def main():
        async with httpx.AsyncClient(transport=Beginning()) as client:
            await client.post("https://gateway.test/v1/chat/completions", json=chat(model="let-out"))
            ((ended, task),) = tasks
            ended.set()
            return await task

    with intercept("ours", passthrough=["let-out"]) as llm:
        assert asyncio.run(main()) == "ours"
        assert [call.source for call in llm.calls] == ["live", "rule"]
