"""A real answer is recorded while the client reads it, and replayed to the byte, to any client, without a network."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import Interceptor, InterceptTransport, Recordings, Redaction, intercept, wrap
from llm_intercept.cli.app import app
from llm_intercept.errors import (
    DamagedRecordingWarning,
    OldRecordingWarning,
    RecordingError,
    SecretInRecordingError,
    SettingsError,
    UnmatchedRequestError,
)
from llm_intercept.recording import capture
from tests.amounts import PATIENCE
from tests.conftest import FAMILIES, Case
from tests.support import URL, chat, collecting, said
from tests.support import upstream as api
from tests.upstream import WORDS, serving

APIS = ("chat", "responses", "messages")
KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
ASKED = 1767225600.0  # seconds since the epoch: when what is recorded is asked, in a test that has a clock of its own
GAP = 100.0  # seconds on the clock that recording looks at, which nobody waits for
HEADERS = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def upstream(tmp_path):
    with serving(tmp_path) as served:
        yield served


@pytest.fixture
def gate(upstream):
    """Hold back each event of a stream but the first, until it is let through."""
    upstream.gate = threading.Semaphore(0)
    yield upstream.gate
    upstream.gate.release(100)


def client(case, upstream, **options):
    known = {"headers": HEADERS, "trust_env": False, "timeout": PATIENCE}
    return case.client(verify=ssl.create_default_context(cafile=upstream.ca), **{**known, **options})


def ask(case, upstream, user="hi", **more):
    return case.send(case.body(user, **more), client=client(case, upstream), url=upstream.of(case.api))


def takes(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def same(one, other):
    assert one.status_code == other.status_code
    assert one.content == other.content
    assert one.headers["content-type"] == other.headers["content-type"]
    assert one.headers.get("x-request-id") == other.headers.get("x-request-id")


@pytest.mark.parametrize("user", ["hi", "gzip", "naïve 🍂"])
def test_what_was_recorded_is_replayed_to_the_byte(case, upstream, tmp_path, user):
    tape = tmp_path / "tape"
    with intercept(mode="record", recordings=tape) as llm:
        recorded = ask(case, upstream, user)
    assert [call.source for call in llm.calls] == ["live"]
    assert case.text(recorded) == "".join(WORDS)
    with intercept(mode="replay", recordings=tape) as llm:
        same(ask(case, upstream, user), recorded)
    assert [(call.source, call.status) for call in llm.calls] == [("recording", 200)]
    assert len(upstream.seen) == 1
    assert (llm.calls[0].usage is not None) is (case.api != "chat" or not case.stream)
    assert "secret" not in "".join(path.read_text() for path in tape.iterdir())


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_errors_are_recorded_as_what_they_were(case, upstream, tmp_path, status):
    body = json.dumps({"error": {"message": "no", "type": "x", "param": None, "code": "y"}}, indent=4).encode() + b"\n"
    headers = {"Content-Type": "application/json; charset=utf-8", "Retry-After": "20"}
    upstream.answers.append((status, headers, body))
    with intercept(mode="record", recordings=Recordings(tmp_path / "tape", keep_errors=True)):
        recorded = ask(case, upstream)
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        again = ask(case, upstream)
    same(recorded, again)
    assert again.headers["retry-after"] == "20"
    assert again.headers.get("retry-after-ms") == ("1" if status in {429, 500, 503} else None)


def test_repeats_play_in_recorded_order_and_end(case, upstream, tmp_path):
    with intercept(mode="record", recordings=tmp_path / "tape"):
        recorded = [ask(case, upstream).content for _ in range(3)]
    assert len(set(recorded)) == 3
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        assert [ask(case, upstream).content for _ in range(3)] == recorded
    with intercept(mode="replay", recordings=Recordings(tmp_path / "tape", repeat_last=True)):
        assert [ask(case, upstream).content for _ in range(4)] == [*recorded, recorded[2]]
    with (
        pytest.raises(UnmatchedRequestError, match=r"3 times, and they have been played; .*repeat_last"),
        intercept(mode="replay", recordings=tmp_path / "tape"),
    ):
        responses = [ask(case, upstream) for _ in range(4)]
    assert [one.status_code for one in responses] == [200, 200, 200, 404]
    assert responses[3].headers["x-should-retry"] == "false"


def test_a_take_answers_the_other_shape(case, upstream, tmp_path):
    other = Case(case.family, case.is_async, not case.stream, case.api)
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(other, upstream)
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        answer = ask(case, upstream)
    assert case.text(answer) == "".join(WORDS)
    assert answer.headers["content-type"].startswith("text/event-stream" if case.stream else "application/json")
    assert answer.headers["x-request-id"] if other.stream is False else True


@pytest.mark.parametrize("recorded_with", [True, False])
def test_a_stream_has_usage_just_where_it_is_asked_for(family, is_async, upstream, tmp_path, recorded_with):
    case = Case(family, is_async, stream=True)
    usage = {"stream_options": {"include_usage": True}}
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(case, upstream, **(usage if recorded_with else {}))
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        answer = ask(case, upstream, **({} if recorded_with else usage))
    chunks = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]
    assert case.text(answer) == "".join(WORDS)
    assert all(chunk["choices"] for chunk in chunks) is recorded_with
    assert bool(chunks[-1].get("usage")) is not recorded_with


@pytest.mark.parametrize("asks", [True, False])
def test_the_usage_of_a_replayed_stream_is_what_it_reports(family, is_async, upstream, tmp_path, asks):
    """The chunk at the end has it, where it was asked for; a budget counts it as a JSON answer's."""
    case = Case(family, is_async, stream=True)
    usage = {"stream_options": {"include_usage": True}} if asks else {}
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(case, upstream, **usage)
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm:
        ask(case, upstream, **usage)
    counted = llm.calls[0].usage
    assert (counted and (counted.input_tokens, counted.output_tokens)) == ((9, 6) if asks else None)


def read_stream(case, upstream, hear, user="hi"):
    """Read a stream, and call `hear` with each chunk when it comes."""
    body, opened = chat(user, stream=True), client(case, upstream, timeout=10 * GAP)

    async def run():
        async with opened as one, one.stream("POST", upstream.chat, json=body) as response:
            async for chunk in response.aiter_raw():
                hear(chunk)

    if case.is_async:
        asyncio.run(run())
        return
    with opened as one, one.stream("POST", upstream.chat, json=body) as response:
        for chunk in response.iter_raw():
            hear(chunk)


@pytest.fixture
def recorded_gaps(family, is_async, upstream, gate, tmp_path, monkeypatch):
    """Record a stream whose n-th chunk comes n times `GAP` after the one before: each is sent when that has been read."""
    now = 0.0
    monkeypatch.setattr(capture, "time", SimpleNamespace(time=lambda: ASKED + now, perf_counter=lambda: now))
    heard = []

    def hear(chunk):
        nonlocal now
        heard.append(chunk)
        now += GAP * len(heard)
        gate.release()

    with intercept(mode="record", recordings=tmp_path / "tape"):
        read_stream(Case(family, is_async, stream=True), upstream, hear)
    assert len(heard) == len(WORDS) + 3
    return [GAP * number for number in range(len(heard))]


@pytest.mark.usefixtures("is_async", "family")
def test_while_recording_each_chunk_reaches_the_client_as_it_arrives_and_its_gap_is_kept(recorded_gaps, tmp_path):
    """The upstream sends none before the client has the one before."""
    (take,) = takes(tmp_path / "tape")
    assert [event["gap_ms"] for event in take["response"]["events"]] == [1000 * gap for gap in recorded_gaps]
    assert datetime.fromisoformat(take["recorded_at"]).timestamp() == ASKED


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize(("speed", "factor"), [("instant", 0), ("recorded", 1), (0.5, 0.5)])
def test_streams_are_replayed_at_once_or_with_their_gaps(
    family, is_async, upstream, recorded_gaps, tmp_path, speed, factor
):
    """In simulated time."""
    moments = [0.0]
    with intercept(mode="replay", recordings=tmp_path / "tape", replay_speed=speed, time_scale=0) as llm:
        read_stream(Case(family, is_async, stream=True), upstream, lambda _: moments.append(llm.elapsed))
    gaps = [after - before for before, after in pairwise(moments)]
    assert gaps == pytest.approx([factor * gap for gap in recorded_gaps])


def test_an_abandoned_stream_is_kept_as_partial_and_never_replayed(family, is_async, upstream, gate, tmp_path):
    case = Case(family, is_async, stream=True)

    async def first_chunk(opened):
        async with opened as one, one.stream("POST", upstream.chat, json=chat(stream=True)) as response:
            async for _ in response.aiter_raw():
                return

    def first_chunk_sync(opened):
        with opened as one, one.stream("POST", upstream.chat, json=chat(stream=True)) as response:
            next(response.iter_raw())

    with intercept(mode="record", recordings=tmp_path / "tape"):
        opened = client(case, upstream)
        asyncio.run(first_chunk(opened)) if is_async else first_chunk_sync(opened)
    (kept,) = takes(tmp_path / "tape")
    assert kept["partial"] == "the client closed it"
    assert len(kept["response"]["events"]) == 1
    gate.release(100)
    with (
        pytest.raises(UnmatchedRequestError, match="it is partial"),
        intercept(mode="replay", recordings=tmp_path / "tape"),
    ):
        assert ask(case, upstream).status_code == 404
    with intercept(mode="auto", recordings=tmp_path / "tape"):
        assert ask(case, upstream).status_code == 200
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        assert case.text(ask(case, upstream)) == "".join(WORDS)


def test_a_stream_left_to_the_garbage_collector_is_partial(family, upstream, gate, tmp_path):
    case = Case(family, is_async=False, stream=True)
    with intercept(mode="record", recordings=tmp_path / "tape"):
        opened = client(case, upstream)
        with collecting():
            request = opened.build_request("POST", upstream.chat, json=chat(stream=True))
            response = opened.send(request, stream=True)
            next(chunks := response.iter_raw())
            with contextlib.suppress(Exception):
                response.stream._stream.close()
            del response, chunks, request
        opened.close()
    assert [one["partial"] for one in takes(tmp_path / "tape")] == ["the client closed it"]


def test_reading_up_to_done_is_reading_to_the_end(family, upstream, tmp_path):
    case = Case(family, is_async=False, stream=True)
    with (
        intercept(mode="record", recordings=tmp_path / "tape"),
        client(case, upstream) as opened,
        opened.stream("POST", upstream.chat, json=chat(stream=True)) as response,
    ):
        assert "data: [DONE]" in response.iter_lines()
    assert "partial" not in takes(tmp_path / "tape")[0]


@pytest.mark.parametrize("user", ["drop before", "drop in the middle"])
def test_a_failure_of_the_network_reaches_the_client_and_is_no_take_to_replay(case, upstream, tmp_path, user):
    if user == "drop in the middle" and not case.stream:
        pytest.skip("JSON comes in one piece")
    tape = tmp_path / "tape"
    with intercept(mode="record", recordings=tape), pytest.raises(case.module.TransportError):
        ask(case, upstream, user)
    kept = takes(tape) if tape.exists() else []
    assert [one["partial"] for one in kept] == (
        ["it broke off: RemoteProtocolError"] if case.stream and user != "drop before" else []
    )
    with pytest.raises(UnmatchedRequestError), intercept(mode="replay", recordings=tape):
        assert ask(case, upstream, user).status_code == 404


def test_auto_records_what_is_missing_and_replays_the_rest(case, upstream, tmp_path):
    with intercept(mode="auto", recordings=tmp_path / "tape") as llm:
        first = ask(case, upstream, "one")
    assert [call.source for call in llm.calls] == ["live"]
    with intercept(mode="auto", recordings=tmp_path / "tape") as llm:
        same(ask(case, upstream, "one"), first)
        second = ask(case, upstream, "one")
        ask(case, upstream, "two")
    assert [call.source for call in llm.calls] == ["recording", "live", "live"]
    with intercept(mode="auto", recordings=tmp_path / "tape"):
        same(ask(case, upstream, "one"), first)
        same(ask(case, upstream, "one"), second)
    assert len(upstream.seen) == 3


@pytest.mark.parametrize(("ci", "goes_out"), [("true", False), ("1", False), ("false", True), ("", True)])
def test_in_ci_auto_replays_alone(upstream, tmp_path, monkeypatch, ci, goes_out):
    monkeypatch.setenv("CI", ci)
    case = Case("httpx", is_async=False, stream=False)
    block = intercept(mode="auto", recordings=tmp_path / "tape")
    if goes_out:
        with block:
            assert ask(case, upstream).status_code == 200
        return
    with pytest.raises(UnmatchedRequestError, match="in CI mode 'auto' records nothing"), block:
        assert ask(case, upstream).status_code == 404
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "replay"}, "Record it: mode='auto' in place of mode='replay' in the code."),
        ({}, "Record it: mode='auto' beside recordings=, which alone means 'replay'."),
    ],
)
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_miss_says_where_the_mode_was_said(upstream, tmp_path, options, said, is_empty):
    """And a command that gives an old answer the new request, if there is any: of this test, and no other."""
    if not is_empty:
        with intercept(mode="record", recordings=tmp_path / "tape"):
            ask(Case("httpx", is_async=False, stream=False), upstream, "one")
    with (
        pytest.raises(UnmatchedRequestError) as caught,
        intercept(recordings=tmp_path / "tape", **options),
        contextlib.suppress(AssertionError),
    ):
        assert httpx.post(URL, json=chat()).is_success
    told = str(caught.value)
    assert said in told
    command = "-- python -m pytest 'tests/test_recordings.py::test_a_miss_says_where"
    assert (command in told) != is_empty


def test_takes_that_were_not_played_are_an_error_where_all_are_to_be(upstream, tmp_path):
    """Of a block that replays and ends well, even if it asked nothing; one that records may leave them."""
    case, tape = Case("httpx", is_async=False, stream=False), tmp_path / "tape"
    wanted: Any = {"recordings": tape, "all_played": True}
    with intercept(mode="record", **wanted):
        ask(case, upstream, "one")
        ask(case, upstream, "two")
    with (
        pytest.raises(RecordingError, match=r"1 take in .* not played:\n  \S*two\S*\nDelete them"),
        intercept(**wanted),
    ):
        ask(case, upstream, "one")
    with pytest.raises(RecordingError, match="2 takes in"), intercept(**wanted):
        pass
    with pytest.raises(KeyError), intercept(**wanted):
        raise KeyError
    with intercept(**wanted):
        ask(case, upstream, "two")
        ask(case, upstream, "one")
    with intercept(mode="auto", **wanted):
        ask(case, upstream, "three")


def test_takes_that_are_older_than_they_may_be_are_told(upstream, tmp_path):
    """Those that are played, once a block: as a warning, or where that is wanted as an error."""
    case = Case("httpx", is_async=False, stream=False)
    with intercept(mode="record", recordings=tmp_path):
        ask(case, upstream, "one")
        ask(case, upstream, "two")
    file = next(tmp_path.glob("*two*"))
    take = json.loads(file.read_text())
    file.write_text(json.dumps({**take, "recorded_at": "2020" + take["recorded_at"][4:]}))
    with intercept(recordings=tmp_path, max_age=90, old_takes="error"):
        ask(case, upstream, "one")
    said = rf"max_age=90 days.*\n  {file.name}$"
    with pytest.warns(OldRecordingWarning, match=said), intercept(recordings=tmp_path, max_age=90):
        ask(case, upstream, "two")
    with (
        pytest.raises(RecordingError, match=said),
        intercept(recordings=tmp_path, max_age=90, old_takes="error"),
    ):
        ask(case, upstream, "two")


def test_rules_come_before_recordings_in_every_mode(case, upstream, tmp_path):
    for mode in ("record", "auto", "replay"):
        with intercept(mode=mode, recordings=tmp_path / "tape") as llm:
            llm.on("ruled").reply("by a rule")
            assert case.text(ask(case, upstream, "ruled")) == "by a rule"
            assert case.text(ask(case, upstream, "not")) == "".join(WORDS)
        assert [call.source for call in llm.calls] == ["rule", "recording" if mode != "record" else "live"]
    assert len(takes(tmp_path / "tape")) == 1


def test_a_block_inside_asks_its_recordings_before_the_rules_around_it(case, upstream, tmp_path):
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(case, upstream, "kept")
    with intercept("outer"), intercept(mode="replay", recordings=tmp_path / "tape"):
        assert case.text(ask(case, upstream, "kept")) == "".join(WORDS)
        assert case.text(ask(case, upstream, "new")) == "outer"


def test_one_client_and_one_transport_record_and_replay(case, upstream, tmp_path):
    tape = tmp_path / "tape"
    recorded = case.send(
        case.body(), client=wrap(client(case, upstream), mode="record", recordings=tape), url=upstream.of(case.api)
    )
    replaying = case.client(transport=InterceptTransport(mode="replay", recordings=tape))
    same(case.send(case.body(), client=replaying, url=upstream.of(case.api)), recorded)


def test_what_is_ignored_makes_no_difference(case, upstream, tmp_path):
    with intercept(mode="record", recordings=tmp_path / "tape"):
        recorded = ask(case, upstream, "hi", temperature=1)
    given = [{"ignore": "$.temperature"}, {"ignore": ("$.temperature",)}, {"key": lambda request: request.last_user}]
    for loosened in given:
        with intercept(mode="replay", recordings=Recordings(tmp_path / "tape", **loosened)):
            same(ask(case, upstream, "hi", temperature=2), recorded)


def test_a_key_that_raises_is_named(upstream, tmp_path):
    case = Case("httpx", is_async=False, stream=False)
    with (
        pytest.raises(Exception, match=r"key=.*ZeroDivisionError"),
        intercept(mode="replay", recordings=Recordings(tmp_path, key=lambda _: 1 / 0)),
    ):
        assert ask(case, upstream).status_code == 500


def test_a_miss_names_the_nearest_take_field_by_field_and_a_command(case, upstream, tmp_path):
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(case, upstream, "What is the weather in Paris?")
        ask(case, upstream, "Write a poem.", temperature=0.5, n=1)
    with pytest.raises(UnmatchedRequestError) as caught, intercept(mode="replay", recordings=tmp_path / "tape"):
        response = ask(case, upstream, "What is the weather in Rome?", temperature=0.7)
    text = str(caught.value)
    assert response.json()["error"]["message"] == text
    near = text.index("001-what-is-the-weather-in-paris-")
    assert near < text.index("001-write-a-poem-")
    assert "temperature: recorded without; now 0.7" in text
    said = "input" if case.api == "responses" else "messages"
    assert f"{said}[0].content: recorded '…t is the weather in Paris?'; now '…t is the weather in Rome?'" in text
    assert "temperature: recorded 0.5; now 0.7" in text
    assert f"llm-intercept recordings rekey {tmp_path / 'tape'} -- python -m pytest 'tests/test_recordings.py::" in text
    assert len(upstream.seen) == 2


@pytest.mark.parametrize(
    ("place", "told"), [("tapes", "There are no recordings in it"), ("tapse", "There is no such folder. Did you mean")]
)
def test_a_miss_on_an_empty_tape_says_so(upstream, tmp_path, place, told):
    case = Case("httpx", is_async=False, stream=False)
    (tmp_path / "tapes").mkdir()
    with (
        pytest.raises(UnmatchedRequestError, match=told),
        intercept(mode="replay", recordings=tmp_path / place),
    ):
        ask(case, upstream)


@pytest.mark.parametrize("mode", ["replay", "auto"])
def test_a_damaged_take_is_a_miss_that_names_it_and_nothing_goes_out(case, upstream, tmp_path, mode):
    with intercept(mode="record", recordings=tmp_path / "tape"):
        ask(case, upstream)
        ask(case, upstream)
    path = min((tmp_path / "tape").iterdir())
    path.write_text("{")
    with (
        pytest.warns(DamagedRecordingWarning, match=path.name),
        pytest.raises(UnmatchedRequestError, match=rf"{path.name}: it is damaged: it is not JSON"),
        intercept(mode=mode, recordings=tmp_path / "tape"),
    ):
        assert ask(case, upstream).status_code == 404
    assert len(upstream.seen) == 2


def test_what_cannot_be_recorded_is_said_at_the_end_and_does_not_touch_the_answer(case, upstream, tmp_path):
    (tmp_path / "tape").mkdir()
    (tmp_path / "tape").chmod(0o500)

    def hook(document):
        if "response" in document:
            raise ValueError(KEY)
        return document

    with (
        pytest.raises(RecordingError) as caught,
        intercept(mode="record", recordings=Recordings(tmp_path / "tape", redaction=Redaction(hook=hook))),
    ):
        assert case.text(ask(case, upstream)) == "".join(WORDS)
    assert "ValueError" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_secret_in_a_finished_tape_fails_the_run_without_being_printed(case, upstream, tmp_path):
    def hook(document):
        document["request"]["body"]["metadata"] = {"note": KEY}
        return document

    with (
        pytest.raises(SecretInRecordingError, match=r"001-hi-\w+\.json: request.body.metadata.note: sk- key") as caught,
        intercept(mode="record", recordings=Recordings(tmp_path / "tape", redaction=Redaction(hook=hook))),
    ):
        ask(case, upstream)
    assert KEY not in str(caught.value)


def test_requests_made_at_once_are_all_recorded(upstream, tmp_path):
    case = Case("httpx2", is_async=False, stream=True)
    with intercept(mode="record", recordings=tmp_path / "tape"):
        threads = [threading.Thread(target=ask, args=(case, upstream, f"question {n % 4}")) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(takes(tmp_path / "tape")) == 12
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        assert len({ask(case, upstream, f"question {n % 4}").content for n in range(12)}) == 12


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "replay"},
        {"mode": "record", "recordings": ""},
        {"mode": "replay", "recordings": "x", "match": "a"},
        {"mode": "replay", "recordings": "x", "pace": "slow"},
        {"mode": "replay", "recordings": "x", "pace": -1},
        {"mode": "replay", "recordings": 3},
        {"mode": "play", "recordings": "x"},
    ],
)
def test_settings_that_cannot_be_used_are_refused(options):
    with pytest.raises(SettingsError):
        Interceptor(**options)


PROGRAM = """
import json, socket, ssl, sys
url, ca, network, *families = sys.argv[1:]
if network == "forbidden":
    def refuse(*_): raise SystemExit("a socket was opened")
    socket.socket.connect = refuse
context = ssl.create_default_context(cafile=ca)
for family in families:
    with __import__(family).Client(verify=context, headers={"authorization": "Bearer SECRET"}) as client:
        for user in ("one", "gzip"):
            for stream in (False, True):
                body = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"{user} of {family}"}], "stream": stream}
                print(client.post(url, json=body).content)
""".replace("SECRET", KEY)


def test_a_fresh_process_with_sockets_forbidden_sees_the_same_bytes(upstream, tmp_path, run_python):
    """By either family."""
    tape = str(tmp_path / "tape")
    where = (upstream.chat, upstream.ca)
    recorded = run_python(PROGRAM, *where, "open", *FAMILIES, LLM_INTERCEPT="record", LLM_INTERCEPT_RECORDINGS=tape)
    assert recorded.returncode == 0, recorded.stderr
    assert "recorded in" in recorded.stderr
    replayed = run_python(
        PROGRAM, *where, "forbidden", *FAMILIES, LLM_INTERCEPT="replay", LLM_INTERCEPT_RECORDINGS=tape
    )
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout == recorded.stdout
    assert recorded.stdout.count("chatcmpl") > 10 * len(FAMILIES)
    assert len(upstream.seen) == 4 * len(FAMILIES)


def test_the_environment_names_what_is_missing(run_python):
    failed = run_python("print('ran')", LLM_INTERCEPT="replay")
    assert failed.returncode == 2
    assert "LLM_INTERCEPT_RECORDINGS" in failed.stderr
    assert "ran" not in failed.stdout


def test_what_no_dialect_claims_is_recorded_and_replayed_too(case, upstream, tmp_path):
    url = upstream.url + "/v1/rerank"
    upstream.answers += [(200, {"Content-Type": "application/json"}, b'{"id": "1"}')]
    body = {"model": "m", "input": "hi", "messages": [{"content": "for the upstream"}]}
    with intercept(mode="record", recordings=tmp_path / "tape") as llm:
        recorded = case.send(body, client=client(case, upstream), url=url)
    assert [call.source for call in llm.calls] == ["live"]
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm:
        same(case.send(body, client=client(case, upstream), url=url), recorded)
    assert [call.source for call in llm.calls] == ["recording"]
    with (
        pytest.raises(UnmatchedRequestError, match="input: recorded 'hi'; now 'ho'"),
        intercept(mode="replay", recordings=tmp_path / "tape"),
    ):
        assert case.send({**body, "input": "ho"}, client=client(case, upstream), url=url).status_code == 404
    assert len(upstream.seen) == 1


def test_an_sdk_retries_in_replay_as_it_did_and_does_not_sleep(upstream, tmp_path, monkeypatch):
    openai = pytest.importorskip("openai")
    error = json.dumps(
        {"error": {"message": "slow down", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    )
    upstream.answers += [(429, {"Content-Type": "application/json", "Retry-After-Ms": "700"}, error.encode())]
    family = "httpx2" if int(openai.__version__.split(".")[0]) > 2 else "httpx"
    http = client(Case(family, is_async=False, stream=False), upstream)
    sdk = openai.OpenAI(api_key=KEY, base_url=upstream.url + "/v1", http_client=http)

    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def seconds():
        slept.clear()
        answer = sdk.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
        assert answer.choices[0].message.content == "".join(WORDS)
        return sum(slept)

    with intercept(mode="record", recordings=Recordings(tmp_path / "tape", keep_errors=True)):
        assert seconds() >= 0.7
    assert [one["response"]["status"] for one in takes(tmp_path / "tape")] == [429, 200]
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm:
        assert seconds() < 0.1
    assert [call.status for call in llm.calls] == [429, 200]
    with intercept(mode="replay", recordings=tmp_path / "tape", replay_speed="recorded"):
        assert seconds() >= 0.7
    sdk.close()


def test_the_projects_own_tapes_are_in_order():
    """That they replay is seen where the examples are run."""
    checked = CliRunner().invoke(app, ["recordings", "check", str(Path(__file__).parents[1] / "recordings")])
    assert checked.exit_code == 0, checked.output


def test_a_body_that_is_no_text_is_not_kept_but_told_apart(upstream, tmp_path):
    import httpx

    url = "https://api.openai.com/v1/audio/transcriptions"
    with (
        pytest.raises(UnmatchedRequestError, match="content_hash"),
        intercept(mode="replay", recordings=_transcription(tmp_path, url)),
    ):
        assert httpx.post(url, content=b"\xff\x02").status_code == 404
        assert httpx.post(url, content=b"\xff\x01").json() == {"text": "one"}


def _transcription(folder, url):
    import hashlib

    from llm_intercept.recording.bodies import Chunk
    from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
    from llm_intercept.recording.store import FolderStore
    from llm_intercept.recording.tape import Tape

    digest = hashlib.blake2b(b"\xff\x01", digest_size=20).hexdigest()
    one = sanitize_request("POST", url, {}, {"content_hash": digest}, Redaction())
    response = sanitize_response(
        one, 200, [("content-type", "application/json")], [Chunk(b'{"text": "one"}', 0.0)], Redaction()
    )
    Tape(FolderStore(folder / "tape")).record(take_of(one, response, partial=None, versions={}))
    return folder / "tape"


def test_what_the_api_would_refuse_is_recorded_as_it_refuses_it(upstream, tmp_path):
    """A request that cannot be read goes out where recordings are made, and its answer is played."""
    bad = {"model": "gpt-4o"}
    upstream.answers.append((400, {"content-type": "application/json"}, b'{"error": {"message": "their own words"}}'))
    for mode in ("record", "replay"):
        with (
            intercept(mode=mode, recordings=tmp_path / "tape"),
            httpx.Client(verify=ssl.create_default_context(cafile=upstream.ca)) as client,
        ):
            answer = client.post(upstream.chat, json=bad)
            assert (answer.status_code, answer.json()["error"]["message"]) == (400, "their own words"), mode


def test_a_take_has_the_request_as_it_was_sent_whatever_a_users_code_made_of_it(tmp_path):
    """And is found by it."""

    def spoil(request):
        request.raw[(1, 2)] = object()
        request.raw["model"] = None
        return False

    for mode in ("record", "replay"):
        with InterceptTransport(recordings=tmp_path, mode=mode, inner=api("hello")) as transport:
            transport.interceptor.on(spoil).reply("never").optional()
            with httpx.Client(transport=transport) as client:
                assert said(client.post(URL, json=chat("hi"))) == "hello"
    (take,) = (json.loads(path.read_text()) for path in tmp_path.glob("0*.json"))
    assert take["request"]["body"] == chat("hi")
