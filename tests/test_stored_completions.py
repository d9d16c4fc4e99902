"""Stored chat completions: listed, shown, changed, deleted; bounded, and of the interceptor that answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI, NotFoundError, OpenAI

from llm_intercept import Interceptor, InterceptTransport, Reply, api_error, disconnect, intercept, raw, tool_call
from llm_intercept.errors import ReplyError
from llm_intercept.stored.shelves import Stored
from tests.amounts import examples
from tests.support import URL, chat, complete, maybe


def store(client: Any, user: str = "hi", **more: Any) -> str:
    """Ask for an answer that is stored; its id."""
    response = client.post(URL, json=chat(user, store=True, **more))
    assert response.status_code == 200, response.text
    if more.get("stream"):
        return str(response.text.partition('"id":"')[2].partition('"')[0])
    return str(response.json()["id"])


def listed(client: Any, **query: Any) -> list[str]:
    return [one["id"] for one in client.get(URL, params=query).json()["data"]]


def test_what_was_stored_is_listed_shown_changed_and_deleted(case: Any) -> None:
    """Every family, sync and async; what was streamed is the whole message."""

    async def run() -> None:
        client = case.client()
        body = chat("hi", store=True, metadata={"a": "b"}, temperature=0.5, stream=case.stream)
        answer = await maybe(client.post(URL, json=body))
        identifier = answer.text.partition('"id"')[2].split('"')[1]
        shown = (await maybe(client.get(f"{URL}/{identifier}"))).json()
        assert shown["choices"][0]["message"]["content"] == "hello"
        assert (shown["object"], shown["metadata"], shown["temperature"]) == ("chat.completion", {"a": "b"}, 0.5)
        if not case.stream:
            assert answer.json().items() <= shown.items()
        changed = (await maybe(client.post(f"{URL}/{identifier}", json={"metadata": {"c": "d"}}))).json()
        assert changed == {**shown, "metadata": {"c": "d"}}
        found = (await maybe(client.get(URL))).json()
        assert (found["data"], found["first_id"], found["last_id"], found["has_more"]) == (
            [changed],
            identifier,
            identifier,
            False,
        )
        messages = (await maybe(client.get(f"{URL}/{identifier}/messages"))).json()["data"]
        assert messages == [
            {"id": f"{identifier}-0", "role": "user", "content": "hi", "name": None, "content_parts": None}
        ]
        gone = (await maybe(client.request("DELETE", f"{URL}/{identifier}"))).json()
        assert gone == {"object": "chat.completion.deleted", "id": identifier, "deleted": True}
        assert (await maybe(client.get(f"{URL}/{identifier}"))).status_code == 404
        await maybe(client.aclose() if case.is_async else client.close())

    with intercept("hello") as llm:
        complete(run(), is_async=case.is_async)
    assert [call.request.api for call in llm.calls][:2] == ["openai.chat", "openai.chat.stored"]
    assert [call.source for call in llm.calls][1:] == ["default"] * (len(llm.calls) - 1)


def test_the_sdk_reads_it_all() -> None:
    """openai's own methods, with its models, sync and async; a page follows the other."""
    with intercept("hello"):
        client = OpenAI(api_key="none", max_retries=0)
        made = [
            client.chat.completions.create(**chat(f"q{n}"), store=True, metadata={"n": str(n)}).id for n in range(3)
        ]
        assert client.chat.completions.retrieve(made[0]).choices[0].message.content == "hello"
        assert [one.id for one in client.chat.completions.list(limit=2)] == made
        assert [one.id for one in client.chat.completions.list(order="desc", limit=1)] == made[::-1]
        assert [one.id for one in client.chat.completions.list(metadata={"n": "1"})] == [made[1]]
        assert [one.content for one in client.chat.completions.messages.list(made[2])] == ["q2"]
        assert client.chat.completions.update(made[0], metadata={"x": "y"}).metadata == {"x": "y"}
        assert client.chat.completions.delete(made[0]).deleted
        with pytest.raises(NotFoundError, match=f"'{made[0]}' not found"):
            client.chat.completions.retrieve(made[0])

        async def run() -> list[str]:
            return [one.id async for one in AsyncOpenAI(api_key="none").chat.completions.list()]

        assert complete(run(), is_async=True) == made[1:]


@pytest.mark.parametrize("more", [{}, {"store": False}, {"store": None}])
def test_what_is_not_to_be_stored_is_not(more: Any) -> None:
    """Nor is an answer that failed, or broke off."""
    with intercept() as llm, httpx.Client() as client:
        llm.on("error").reply(api_error(500))
        llm.on("breaks").reply(Reply("a b c d", fault=disconnect(after=2)))
        llm.reply("hello")
        client.post(URL, json=chat("hi", **more))
        client.post(URL, json=chat("error", store=True))
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(URL, json=chat("breaks", store=True, stream=True))
        assert listed(client) == []


def test_calls_parts_and_ready_bodies_are_kept() -> None:
    """As they were answered and asked."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    ready = {"id": "mine", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    with intercept() as llm, httpx.Client() as client:
        llm.on("ab").reply(tool_call("f", x=1))
        llm.on("ready").reply(raw(ready))
        call = client.post(
            URL, json={"model": "m", "store": True, "messages": [{"role": "user", "content": parts}]}
        ).json()
        assert client.get(f"{URL}/{call['id']}").json()["choices"] == call["choices"]
        (message,) = client.get(f"{URL}/{call['id']}/messages").json()["data"]
        assert (message["content"], message["content_parts"]) == ("ab", parts)
        assert store(client, "ready") == "mine"
        assert client.get(f"{URL}/mine").json().items() >= ready.items()


def test_it_belongs_to_the_interceptor_that_answered() -> None:
    """An inner block sees what the outer answered; what the inner answered is gone with it; others know nothing."""
    with intercept("outer") as outer, httpx.Client() as client:
        first = store(client, "a")
        with intercept() as inner:
            inner.on("b").reply("inner")
            second = store(client, "b")
            assert listed(client) == [first, second]
            assert client.post(f"{URL}/{first}", json={"metadata": {"x": "y"}}).status_code == 200
            assert store(client, "c") != second
        assert len(listed(client)) == 2
        assert client.get(f"{URL}/{first}").json()["metadata"] == {"x": "y"}
        assert client.get(f"{URL}/{second}").status_code == 404
    with intercept("x"), httpx.Client() as client:
        assert listed(client) == []
    assert len(outer.calls) > 0


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/chatcmpl-x", "/chatcmpl-x/messages"])
def test_an_unknown_id_is_the_apis_own_404(method: str, path: str) -> None:
    """Which is an answer, and no reason for a test to fail; a change without metadata is a 400."""
    if path.endswith("messages") and method != "GET":
        pytest.skip("there is no such request")
    with intercept("x"), httpx.Client() as client:
        response = client.request(method, URL + path, json={"metadata": {}} if method == "POST" else None)
        assert client.post(f"{URL}/x", json={}).status_code == 400
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (404, "invalid_request_error")
    assert error["message"] == "Chat completion with id 'chatcmpl-x' not found."


def test_a_rule_says_otherwise() -> None:
    """By its name or the end of the path; a text is a mistake that is told."""
    with pytest.raises(ReplyError, match=r"raw\(\{…\}\)"), intercept("x") as llm, httpx.Client() as client:
        llm.on(api="openai.chat.stored", url="*/mine").reply(raw({"id": "mine"}))
        llm.on(api="openai.chat.stored", url="*/text").reply("text")
        assert client.get(f"{URL}/mine").json() == {"id": "mine"}
        assert client.get(f"{URL}/text").status_code == 500


def test_somebody_elses_chats_go_their_way(server: Any) -> None:
    """A page of a host that nobody knows, asked for by no SDK, is not answered for."""
    with intercept("x"), httpx.Client() as client:
        assert client.get(f"{server.url}/v1/chat/completions/7").status_code == 200
    assert len(server.requests) == 1


def test_answers_that_are_stored_at_once_are_all_kept() -> None:
    """From many threads, to one interceptor."""
    llm = Interceptor("hello")
    with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: store(client, f"q{n}"), range(50)))
        assert sorted(listed(client, limit=100)) == sorted(made)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.tuples(st.sampled_from("kd"), st.sampled_from("abcdefgh"), st.integers(0, 12)), max_size=40))
def test_a_store_is_never_more_than_it_may_be(steps: list[tuple[str, str, int]]) -> None:
    """Of values and of bytes; the newest are kept, and their order is that of their first keeping."""
    kept = Stored(most=4, largest=20)
    model: dict[str, int] = {}
    for what, key, size in steps:
        if what == "d":
            assert kept.drop("kind", key) is (model.pop(key, None) is not None)
            continue
        kept.keep("kind", key, (key, size), size)
        model[key] = size
        while len(model) > 4 or sum(model.values()) > 20:
            del model[next(iter(model))]
        assert kept.all("kind") == list(model.items())
        assert kept.get("kind", key) == ((key, size) if key in model else None)
        assert kept.get("other", key) is None
    assert kept._size == sum(model.values())
