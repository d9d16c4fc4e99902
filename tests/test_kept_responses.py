"""`call.response`: what was answered is kept as it was sent, with the simulated moments, and within bounds."""

from __future__ import annotations

import itertools
import json
import pickle

import httpx
import pytest

from llm_intercept import InterceptTransport, Pace, api_error, disconnect, intercept, stall
from llm_intercept.journal import journal, kept_response
from tests.support import GEMINI, URL, chat, contents, message, respond, upstream

ASKED = {
    "openai.chat": (URL, chat),
    "openai.responses": ("https://api.openai.com/v1/responses", respond),
    "anthropic": ("https://api.anthropic.com/v1/messages", message),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", ASKED)
def test_what_the_client_read_is_what_is_kept(api, stream):
    url, body = ASKED[api]
    with intercept("a few words to say") as llm:
        answer = httpx.post(url, json=body(stream=stream))
    kept = llm.calls.one().response
    assert (kept.status, kept.content, kept.text) == (200, answer.content, answer.text)
    assert dict(kept.headers)["content-type"] == answer.headers["content-type"]
    if stream:
        assert "".join(event.text for event in kept.events) == answer.text
        assert len(kept.pieces) > 3
    else:
        assert kept.json() == answer.json()
        assert kept.events == ()
        assert len(kept.pieces) == 1


@pytest.mark.usefixtures("only_waits")
def test_events_say_when_they_were_sent():
    """In simulated seconds after the request, whatever the program itself took."""
    with intercept("one two three four", pace=Pace(ttft=2.0, per_token=0.5), time_scale=0) as llm:
        httpx.post(URL, json=chat(stream=True))
    call = llm.calls.one()
    times = [event.at for event in call.response.events]
    assert call.response.first_byte == pytest.approx(2.0)
    assert times == sorted(times)
    said = [event.at for event in call.response.events if '"content":" ' in event.text]
    assert [after - before for before, after in itertools.pairwise(said)] == pytest.approx([0.5, 0.5])
    assert call.elapsed == pytest.approx(times[-1])


def test_what_went_wrong_is_kept_too():
    """An error, a broken stream up to its break, a request that nothing answers."""
    with intercept(unmatched="error") as llm, llm.expect_unmatched():
        llm.on("limit").reply(api_error(429))
        llm.on("break").reply(disconnect(after=3))
        httpx.post(URL, json=chat("limit"))
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(URL, json=chat("break", stream=True))
        httpx.post(URL, json=chat("nothing"))
        httpx.post(URL, content=b"{}")
    limited, broken, unmatched, refused = llm.calls
    assert limited.response.json()["error"]["code"]
    assert 1 <= len(broken.response.events) <= 4
    assert "no rule answers" in unmatched.response.json()["error"]["message"]
    assert (refused.source, refused.response.status) == ("refused", 400)
    with pytest.raises(ValueError, match="Expecting"):
        broken.response.json()


@pytest.mark.usefixtures("only_waits")
def test_the_time_of_a_client_that_gave_up_is_its_own():
    with intercept(stall(after=2), time_scale=0) as llm, pytest.raises(httpx.ReadTimeout):
        httpx.post(URL, json=chat(stream=True), timeout=7)
    assert llm.calls.one().elapsed == pytest.approx(7)


def test_nothing_is_kept_of_what_a_real_api_answered():
    inner = InterceptTransport(unmatched="passthrough", inner=upstream("hello"))
    with httpx.Client(transport=inner) as client:
        client.post(URL, json=chat(), headers={"authorization": "Bearer sk-none"})
    assert [(call.source, call.response) for call in inner.calls] == [("live", None)]


@pytest.mark.parametrize("stream", [False, True])
def test_answers_of_older_calls_are_forgotten_in_time(monkeypatch, stream):
    """So that a program that asks for days does not keep them all; the calls themselves stay."""
    most = 2_000_000 if stream else 20_000
    monkeypatch.setattr(journal, "ANSWERS", most)
    with intercept(lambda _: "x" * 1000) as llm:
        for _ in range(60):
            httpx.post(URL, json=chat(stream=stream))
        calls = llm.calls
    kept = [call for call in calls if call.response is not None]
    assert len(calls) == 60
    assert kept == list(calls)[-len(kept) :]
    assert 0 < sum(kept_response.weight(call.answered) for call in kept) <= most


def test_of_a_stream_without_end_the_beginning_is_kept(monkeypatch):
    """By its bytes, whatever the size of its pieces."""
    monkeypatch.setattr("llm_intercept.engine.watched.LARGEST", 50_000)
    with intercept(lambda _: (f"{n} " for n in range(400))) as llm:
        answer = httpx.post(URL, json=chat(stream=True))
    call = llm.calls.one()
    assert 50_000 < len(call.response.content) < len(answer.content) - 10_000
    assert answer.content.startswith(call.response.content)
    assert (call.complete, call.failed) == (True, False)


def test_what_is_kept_travels():
    with intercept("words to say", pace="tokens_per_second=20", time_scale=0) as llm:
        httpx.post(URL, json=chat(stream=True))
    call = llm.calls.one()
    assert pickle.loads(pickle.dumps(call)).response == call.response
    assert json.loads(call.response.events[0].text.removeprefix("data: "))["object"]


def test_gemini_keeps_both_of_its_shapes():
    with intercept("some words") as llm:
        answer = httpx.post(f"{GEMINI}:generateContent", json=contents())
        stream = httpx.post(f"{GEMINI}:streamGenerateContent?alt=sse", json=contents())
    assert [call.response.content for call in llm.calls] == [answer.content, stream.content]
