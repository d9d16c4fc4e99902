"""`call.response` of what is not kept: written again, it has the bytes that were delivered, whatever has changed since."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_intercept import (
    InterceptTransport,
    Pace,
    Reply,
    auto,
    disconnect,
    intercept,
    raw,
    reasoning,
    refusal,
    tool_call,
)
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.engine import again
from llm_intercept.faults import cut_off, malformed
from llm_intercept.model import Citation, Usage
from llm_intercept.model.wire import WireResponse
from tests.amounts import examples
from tests.apis import AMAZON, APIS
from tests.drawn_replies import reply_of
from tests.support import ELSEWHERE, RESPONSES, URL, VERTEX_GEMINI, chat, contents, respond

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call

ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    **APIS,
    "openai.completions": ("https://api.openai.com/v1/completions",) * 2
    + ({"model": "gpt-3.5-turbo-instruct", "prompt": "hi"},),
    "ollama.generate": ("http://localhost:11434/api/generate",) * 2 + ({"model": "llama3.2", "prompt": "hi"},),
    "bedrock.invoke, a prompt": (
        f"{AMAZON}/meta.llama3-70b-instruct-v1%3A0/invoke",
        f"{AMAZON}/meta.llama3-70b-instruct-v1%3A0/invoke-with-response-stream",
        {"prompt": "hi"},
    ),
    "Azure": ("https://mine.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",) * 2
    + (chat(),),
    "Vertex AI": (f"{VERTEX_GEMINI}:generateContent", f"{VERTEX_GEMINI}:streamGenerateContent?alt=sse", contents()),
    "OpenRouter": ("https://openrouter.ai/api/v1/chat/completions",) * 2 + (chat(model="meta-llama/llama-3"),),
    "a host of nobody's": (ELSEWHERE,) * 2 + (chat(),),
    "chat, with usage": (URL,) * 2 + (chat(n=2, stream_options={"include_usage": True}),),
}
"""Where each API is asked for JSON and for a stream, also as hosts speak it, and a question."""
REPLIES: dict[str, Any] = {
    "text": "A few words, ünd 🙂 more.",
    "parts": Reply(reasoning("Hm.", signature="c2ln"), "So.", finish_reason="length"),
    "deltas": Reply(deltas=["one ", "two"]),
    "call": tool_call("weather", {"city": "Rome"}),
    "refusal": refusal("No."),
    "said beside": Reply("Yes.", usage=Usage(7, 3), model="another"),
    "auto": auto(),
    "raw": raw(b'{"error": 1}', status=201, headers={"x-mine": "1"}),
}
WAYS = pytest.mark.parametrize("stream", [False, True], ids=["JSON", "stream"])


def is_kept(call: Call) -> bool:
    return isinstance(call.answered, WireResponse)


def asking(api: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    whole, streamed, body = ASKED[api]
    body = body if stream else {name: value for name, value in body.items() if name != "stream_options"}
    return (streamed, body) if whole != streamed else (whole, {**body, "stream": stream})


def post(client: httpx.Client, api: str, *, stream: bool, **more: Any) -> httpx.Response:
    url, body = asking(api, stream=stream)
    return client.post(url, json={**body, **more})


def assert_alike(call: Call, answer: httpx.Response) -> None:
    found = call.response
    assert found is not None
    assert (found.status, found.content) == (answer.status_code, answer.content)
    assert [(name.lower(), value) for name, value in found.headers] == answer.headers.multi_items()


@WAYS
@pytest.mark.parametrize("api", ASKED)
def test_what_is_written_again_is_what_was_delivered(api: str, *, stream: bool) -> None:
    """Each reply twice, whose ids are others, when all is over and its rules are gone."""
    for reply in REPLIES.values():
        answers, calls = answered(reply, api, stream=stream)
        cannot_say = {answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR for answer in answers}
        assert set(map(is_kept, calls)) == cannot_say, reply
        assert not any(cannot_say) or not isinstance(reply, str)
        for call, answer in zip(calls, answers, strict=True):
            assert_alike(call, answer)


def answered(reply: Any, api: str, *, stream: bool) -> tuple[list[httpx.Response], list[Call]]:
    """Ask twice, and end."""
    transport = InterceptTransport(reply, validate="off", created=1_700_000_000)
    with httpx.Client(transport=transport) as client:
        answers = [post(client, api, stream=stream) for _ in range(2)]
    return answers, [*transport.calls]


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reply_of(), st.sampled_from(sorted(APIS)), st.booleans())
def test_whatever_a_reply_says(reply: Reply, api: str, stream: bool) -> None:
    answers, calls = answered(reply, api, stream=stream)
    for call, answer in zip(calls, answers, strict=True):
        assert_alike(call, answer)


@pytest.mark.parametrize("api", ASKED)
def test_of_a_stream_that_was_left_what_was_read(api: str) -> None:
    url, body = asking(api, stream=True)
    with intercept("one two three four " * 20) as llm, httpx.Client() as client:
        for read in range(3):
            with client.stream("POST", url, json=body) as answer:
                came = answer.iter_raw()
                pieces = [next(came) for _ in range(read)]
                under_way = llm.calls.last.response
            assert (under_way, llm.calls.last.complete) == (llm.calls.last.response, False)
            assert not is_kept(llm.calls.last)
            assert list(under_way.pieces) == pieces


def test_a_request_that_was_changed_since() -> None:
    """By who looks at the calls; a function that looks at it before may have changed it, so its answer is kept."""
    with intercept() as llm, httpx.Client() as client:
        llm.on("see").reply("Seen.")
        llm.on(lambda request: request.raw.update(model="o3") or True).reply("Changed.")
        seen, changed = (client.post(URL, json=chat(text)) for text in ("see", "any"))
        llm.calls[0].request.raw.update(model="o3")  # type: ignore[attr-defined]
    first, second = llm.calls
    assert (is_kept(first), is_kept(second)) == (False, True)
    assert_alike(first, seen)
    assert_alike(second, changed)


@pytest.mark.parametrize("way", ["httpx", "aiohttp", "requests"])
def test_headers_that_are_seen_are_not_changed(way: str) -> None:
    """Whoever looks at a call: some answers say other things to other clients, and are written again by the headers."""
    with intercept("Hi.") as llm:
        answer = asked_by(way)
        headers: Any = llm.calls.one().request.headers
        with pytest.raises(TypeError):
            headers["user-agent"] = "mistral-client"
        assert not hasattr(headers, "update")
        assert headers["Content-Type"] == "application/json"
        for other in (copy.deepcopy(llm.calls.one().request), pickle.loads(pickle.dumps(llm.calls.one().request))):
            assert other == llm.calls.one().request
            assert other.headers["content-type"] == "application/json"
    assert llm.calls.one().response is not None
    assert llm.calls.one().response.content == answer


def asked_by(way: str) -> bytes:
    if way == "httpx":
        return httpx.post(ELSEWHERE, json=chat()).content
    if way == "requests":
        return bytes(pytest.importorskip("requests").post(ELSEWHERE, json=chat()).content)
    aiohttp = pytest.importorskip("aiohttp")

    async def ask() -> bytes:
        async with aiohttp.ClientSession() as session, session.post(ELSEWHERE, json=chat()) as answer:
            return bytes(await answer.read())

    return asyncio.run(ask())


class _Odd(EstimatingTokenizer):
    """Splits a text another way each time."""

    def __init__(self) -> None:
        self.times = 0

    def split(self, text: str, model: str) -> list[str]:
        self.times += 1
        return [text[: self.times], text[self.times :]]


KEPT: dict[str, tuple[Any, dict[str, Any]]] = {
    "an iterator": (lambda _: Reply(deltas=iter(["one ", "two"])), {}),
    "an iterable": (Reply(deltas=dict.fromkeys(["one ", "two"]).keys()), {}),
    "a pace": ("one two", {"pace": Pace(ttft=1.0, per_token=0.5), "time_scale": 0}),
    "a tokenizer of the user's": ("one two three", {"tokenizer": _Odd()}),
    "mappings of the user's": (Reply("one", annotations=[Citation(raw={"type": "url_citation"})]), {}),
    "the beginning before a fault": (Reply("one two three", fault=disconnect(after=2)), {}),
    "half of what a fault cuts": (Reply("one two three", fault=cut_off(after=1)), {}),
    "what a fault spoils": (Reply("one two three", fault=malformed()), {}),
}
"""What goes into an answer beside request and reply, so that it is kept as it was given."""


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("api", APIS)
def test_what_cannot_be_written_again_is_kept(api: str, kind: str) -> None:
    reply, more = KEPT[kind]
    transport = InterceptTransport(reply, **more)
    url, body = asking(api, stream=True)
    pieces: list[bytes] = []
    with httpx.Client(transport=transport) as client, client.stream("POST", url, json=body) as answer:
        try:
            pieces += answer.iter_raw()
        except httpx.HTTPError:
            assert "fault" in kind
    call = transport.calls.one()
    assert is_kept(call)
    assert call.response is not None
    assert list(call.response.pieces) == pieces
    assert pieces


def test_what_continues_an_answer_is_kept() -> None:
    """It may be forgotten, or another; so is what is worked on in the background."""
    with intercept("one") as llm, httpx.Client() as client:
        first = client.post(RESPONSES, json=respond())
        second = client.post(RESPONSES, json=respond(previous_response_id=first.json()["id"]))
        later = client.post(RESPONSES, json=respond(background=True))
    assert [is_kept(call) for call in llm.calls] == [False, True, True]
    for call, answer in zip(llm.calls, (first, second, later), strict=True):
        assert_alike(call, answer)


def test_writing_again_does_nothing_else() -> None:
    """No answer is kept by its id a second time, no usage is counted, and no call is made."""
    with intercept("one") as llm, httpx.Client() as client:
        answer = client.post(RESPONSES, json=respond())
        assert client.delete(f"{RESPONSES}/{answer.json()['id']}").status_code == 200
        usage = llm.calls[0].usage
        assert llm.calls[0].response == llm.calls[0].response
        assert client.get(f"{RESPONSES}/{answer.json()['id']}").status_code == 404
    assert llm.calls[0].usage == usage
    assert len(llm.calls.matching(api="openai.responses")) == 1


def test_a_long_stream_is_written_again_as_far_as_one_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "LARGEST", 50_000)
    with intercept(Reply(deltas=[f"{n} " for n in range(400)])) as llm:
        answer = httpx.post(URL, json=chat(stream=True))
    call = llm.calls.one()
    assert not is_kept(call)
    assert 50_000 <= len(call.response.content) < 51_000
    assert answer.content.startswith(call.response.content)
