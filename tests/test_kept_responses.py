"""`call.response`: what was answered is kept as it was sent, with the simulated moments, and within bounds."""

from __future__ import annotations

import gzip
import itertools
import json
import pickle
import time
import zlib
from sys import getsizeof

import httpx
import pytest

from llm_intercept import InterceptTransport, Pace, api_error, disconnect, intercept, stall
from llm_intercept.journal import journal, kept_response
from llm_intercept.model.wire import Wait
from tests.support import GEMINI, URL, chat, contents, message, respond

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


def test_on_a_real_clock_events_say_when_they_were_taken():
    """As the reader got them, who may be slower than the plan."""
    with intercept("one two three", pace=Pace(per_token=0.001)) as llm:
        with httpx.stream("POST", URL, json=chat(stream=True)) as answer:
            lines = answer.iter_lines()
            next(lines)
            begin = time.perf_counter()
            while time.perf_counter() < begin + 0.05:
                pass
            assert [*lines]
        assert llm.calls.one().response.content.endswith(b"data: [DONE]\n\n")
    first, *rest = (event.at for event in llm.calls.one().response.events)
    assert rest[0] - first >= 0.05
    assert rest == sorted(rest)


@pytest.mark.parametrize("mode", ["record", "passthrough"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_real_api_answered_is_kept(mode, packed, tmp_path):
    """With the moments at which its pieces came, decoded; while it is read, too."""
    pieces = [b"data: {}\n\n", b"data: [DONE]\n\n"]
    squeezer = zlib.compressobj(wbits=31)
    sent = [
        squeezer.compress(pieces[0]) + squeezer.flush(zlib.Z_SYNC_FLUSH),
        squeezer.compress(pieces[1]) + squeezer.flush(),
    ]
    headers = {"content-type": "text/event-stream"} | ({"content-encoding": "gzip"} if packed else {})
    real = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=iter(sent if packed else pieces)))
    given = {"mode": "record", "recordings": tmp_path} if mode == "record" else {"unmatched": "passthrough"}
    transport = InterceptTransport(inner=real, **given)
    body = chat(stream=True)
    client = httpx.Client(transport=transport, headers={"authorization": "Bearer sk-none"})
    with client, client.stream("POST", URL, json=body) as answer:
        (call,) = transport.calls
        assert (call.response is None, call.outcome) == (packed, "200")
        read = b"".join(answer.iter_bytes())
    kept = call.response
    assert (call.source, kept.content, kept.pieces) == ("live", read, tuple(pieces))
    assert "content-encoding" not in dict(kept.headers)
    assert 0 < kept.times[0] <= kept.times[1] <= call.duration
    assert [event.text for event in kept.events] == [one.decode() for one in pieces]


@pytest.mark.parametrize(
    ("encoding", "content", "left"),
    [
        ("", b"x" * 90, 40),
        ("gzip", gzip.compress(b"y" * 5000), None),
        ("nobody's", b"z" * 90, None),
        ("gzip", b"none", None),
    ],
    ids=["whole", "packed", "packed by nobody we know", "not packed"],
)
def test_of_a_real_answer_as_much_is_kept_as_there_is_room_for(encoding, content, left, monkeypatch):
    """By the memory that its pieces take. And nothing that nobody can read. The client gets all of it."""
    monkeypatch.setattr("llm_intercept.engine.overheard.LARGEST", 4 * (getsizeof(bytes(10)) + getsizeof(Wait(0.0))))
    pieces = [content[at : at + 10] for at in range(0, len(content), 10)]
    real = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": encoding} if encoding else {}, content=iter(pieces))
    )
    transport = InterceptTransport(inner=real, unmatched="passthrough")
    client = httpx.Client(transport=transport, headers={"authorization": "Bearer sk-none"})
    with client, client.stream("POST", URL, json=chat()) as answer:
        assert b"".join(answer.iter_raw()) == content
    kept = transport.calls.one().response
    assert (None if kept is None else len(kept.content)) == left


def test_a_real_answer_that_breaks_off_is_kept_as_far_as_it_came():
    def broken():
        yield b"data: {}\n\n"
        raise httpx.ReadError("reset")

    real = httpx.MockTransport(lambda _: httpx.Response(200, content=broken()))
    transport = InterceptTransport(inner=real, unmatched="passthrough")
    client = httpx.Client(transport=transport, headers={"authorization": "Bearer sk-none"})
    with client, pytest.raises(httpx.ReadError):
        client.post(URL, json=chat(stream=True))
    call = transport.calls.one()
    assert (call.response.content, call.outcome, call.failed) == (b"data: {}\n\n", "200 and ReadError", True)


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
