"""Pace: times from numbers and distributions, the same for the same source of chance."""

from __future__ import annotations

import asyncio
import statistics
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Pace, Recordings, auto, intercept
from llm_intercept.errors import RuleFileError, SettingsError
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.recording.take import Event, Take, TakeRequest, TakeResponse, write_take
from llm_intercept.rulefiles.load import read_rules
from llm_intercept.settings import BY_NAME
from llm_intercept.settings.environment import from_environment
from llm_intercept.timing.batch import Batch
from llm_intercept.timing.pace import lognormal, normal
from llm_intercept.timing.pace_text import pace_of
from tests.amounts import examples
from tests.support import URL, chat, said

if TYPE_CHECKING:
    from pathlib import Path

MANY = 4000


def drawn(duration: Any, count: int = MANY, **more: Any) -> list[float]:
    pace = Pace(ttft=duration, **more)
    return [pace.times(str(number)).first for number in range(count)]


def test_a_number_is_itself() -> None:
    """Without jitter every time is the one given."""
    assert drawn(0.25, 3) == [0.25, 0.25, 0.25]


@pytest.mark.parametrize("make", [normal, lognormal])
def test_a_distribution_has_the_mean_and_deviation_it_is_made_of(make: Any) -> None:
    """Of the times themselves, for both."""
    times = drawn(make(0.5, 0.1))
    assert statistics.mean(times) == pytest.approx(0.5, rel=0.02)
    assert statistics.stdev(times) == pytest.approx(0.1, rel=0.1)
    assert min(times) >= 0


def test_lognormal_times_are_mostly_short_and_sometimes_long() -> None:
    """Their median is below their mean."""
    times = drawn(lognormal(1, 2))
    assert statistics.median(times) < 0.6 < max(times)


def test_times_are_never_negative() -> None:
    """Not even where the deviation is larger than the mean; no mean is no time."""
    assert min(drawn(normal(0.1, 5))) == 0
    assert drawn(lognormal(0, 1), 3) == [0, 0, 0]


def test_jitter_is_a_share_of_each_time() -> None:
    """Up to so much more or less, and both happen."""
    times = drawn(1.0, jitter=0.2)
    assert 0.8 <= min(times) < 0.85
    assert 1.15 < max(times) <= 1.2


def test_tokens_per_second_is_the_inverse_of_the_time_per_token() -> None:
    """50 tokens a second are 20 ms a token; without either, tokens take no time."""
    assert Pace(tokens_per_second=50).times("x").told(3) == pytest.approx(0.06)
    assert Pace(ttft=1).times("x").gap is None
    assert Pace(ttft=1).times("x").told(3) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"ttft": -1},
        {"ttft": "1s"},
        {"per_token": float("inf")},
        {"per_token": True},
        {"jitter": 1.5},
        {"jitter": -0.1},
        {"tokens_per_second": 0},
        {"tokens_per_second": 10, "per_token": 0.1},
        {"length": "long"},
        {"load": -0.1},
        {"max_batch": 0},
        {"max_batch": 1.5},
    ],
)
def test_what_is_no_time_is_refused(options: dict[str, Any]) -> None:
    """With the name of the argument."""
    with pytest.raises(SettingsError, match=next(iter(options))):
        Pace(**options)


@pytest.mark.parametrize("make", [lambda: normal(-1, 0), lambda: normal(1, "a"), lambda: lognormal(1, -1)])
def test_a_distribution_of_nonsense_is_refused(make: Any) -> None:
    """At once, not when it is drawn from."""
    with pytest.raises(SettingsError, match="normal"):
        make()


def keep(folder: Path, name: str, **response: Any) -> None:
    """Put a take on a tape."""
    partial, url = response.pop("partial", None), response.pop("url", URL)
    request = TakeRequest(method="POST", url=url)
    made = TakeResponse(status=200, **response)
    take = Take(fingerprint="0" * 64, request=request, response=made, partial=partial)
    (folder / name).write_bytes(write_take(take))


def test_a_tape_says_how_fast_its_answers_came(tmp_path: Path) -> None:
    """Each time is one that was measured; of streams, where there are any."""
    with pytest.raises(SettingsError, match="No whole answer"):
        Pace.from_tape(tmp_path)
    keep(tmp_path, "a.json", after_ms=900, body={})
    whole = Pace.from_tape(str(tmp_path)).times("x")
    assert (whole.first, whole.gap) == (0.9, None)
    (tmp_path / "damaged.json").write_text("{")
    keep(tmp_path, "b.json", after_ms=5000, events=(Event(gap_ms=1), Event(gap_ms=7)), partial="it broke off")
    keep(tmp_path, "c.json", after_ms=300, events=(Event(gap_ms=0), Event(gap_ms=20), Event(gap_ms=40)))
    pace = Pace.from_tape(Recordings(tmp_path))
    assert {pace.times(str(number)).first for number in range(9)} == {0.3}
    gap = pace.times("x").gap
    assert gap is not None
    assert {gap() for _ in range(30)} == {0.02, 0.04}
    assert pace.tokens("x") is None
    assert repr(pace).endswith("takes=Takes(1 answers that began after some 0.3 s))")
    llm = Interceptor("one two three", pace=pace, time_scale=0)
    with httpx.Client(transport=InterceptTransport(interceptor=llm), timeout=None) as client:
        client.post(URL, json=chat(stream=True))
    assert llm.elapsed >= 0.36


def test_a_tape_may_be_behind_a_url(tmp_path: Path) -> None:
    """Of whatever fsspec knows, as `s3://`."""
    fsspec = pytest.importorskip("fsspec")
    keep(tmp_path, "a.json", after_ms=700, body={})
    fsspec.filesystem("memory").pipe("/paces/a.json", (tmp_path / "a.json").read_bytes())
    assert pace_of("pace", "tape=memory://paces,load=0.1").times("x").first == 0.7


def stream_of(tokens: int, words: int, gap_ms: int, first: int) -> dict[str, Any]:
    """Make a stream of so many tokens in so many events, whose usage says so."""
    data = [{"choices": [{"index": 0, "delta": {"content": "x"}}]} for _ in range(words)]
    data.append({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1}})
    events = tuple(Event(gap_ms=gap_ms if number else 0, data=one) for number, one in enumerate(data))
    return {"after_ms": first, "events": events, "headers": {"content-type": "text/event-stream"}}


def test_an_answer_has_the_times_and_the_length_of_one_take(tmp_path: Path) -> None:
    """Whichever is drawn; its tokens take as long as they did, however many came in an event."""
    keep(tmp_path, "quick.json", **stream_of(40, 10, 20, 100))
    keep(tmp_path, "slow.json", **stream_of(200, 100, 50, 2000))
    pace = Pace.from_tape(tmp_path, load=0.1)
    drawn = [(pace.times(str(n)), pace.tokens(str(n))) for n in range(40)]
    told = {(times.first, tokens, round(times.told(tokens or 0), 6)) for times, tokens in drawn}
    assert told == {(0.1, 40, 0.2), (2.0, 200, 5.0)}
    llm = Interceptor(auto(), pace=pace, time_scale=0)
    with httpx.Client(transport=InterceptTransport(interceptor=llm), timeout=None) as client:
        for number in range(8):
            client.post(URL, json=chat(f"question {number}", stream=number % 2 == 0))
    assert {call.usage.output_tokens for call in llm.calls if call.usage} == {40, 200}


def test_a_length_is_that_of_texts_that_nobody_wrote() -> None:
    """Not of what a user wrote, nor of what a schema asks for; the limit of a request holds."""
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
    with intercept(auto(), pace=Pace(length=normal(120, 20)), time_scale=0) as llm, httpx.Client() as client:
        llm.on("mine").reply(auto("What I said."))
        texts = [said(client.post(URL, json=chat(words, **more))) for words, more in (
            ("one", {}), ("two", {}), ("one", {}), ("mine", {}), ("json", {"response_format": schema}))]  # fmt: skip
        client.post(URL, json=chat("cut", max_tokens=5))
    tokens = [call.usage.output_tokens for call in llm.calls if call.usage]
    assert len(set(texts)) == 5
    assert all(60 < one < 180 for one in tokens[:3])
    assert texts[3:] == ["What I said.", "{}"]
    assert tokens[5] == 5
    with intercept(auto(), pace=Pace(length=normal(120, 20)), time_scale=0), httpx.Client() as client:
        assert said(client.post(URL, json=chat("one"))) == texts[0]


# Load


async def asked(count: int, pace: Pace, text: str = "a b c d e", *, stream: bool, **more: Any) -> float:
    """Ask so many times at once in virtual time; return the time that all take."""
    llm = Interceptor(text, pace=pace, time_scale=0, **more)
    transport = InterceptTransport(interceptor=llm)
    async with httpx.AsyncClient(transport=transport, timeout=None) as client, asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(client.post(URL, json=chat(f"question {number}", stream=stream)))
    return llm.elapsed


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_each_answer_under_way_slows_the_tokens_of_all(count: int, stream: bool) -> None:
    """By its share, and not the first byte; JSON and streams alike."""
    pace = Pace(ttft=2, per_token=0.5, load=0.1)
    took = asyncio.run(asked(count, pace, stream=stream))
    assert took == pytest.approx(2 + 5 * 0.5 * (1 + 0.1 * (count - 1)))


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_what_is_more_than_the_batch_waits_for_a_place(stream: bool) -> None:
    """In the order of asking: twelve in a batch of four take three times as long as four."""
    pace = Pace(ttft=1, per_token=0.2, max_batch=4)
    times = [asyncio.run(asked(count, pace, stream=stream)) for count in (1, 4, 5, 12)]
    assert times == pytest.approx([2, 2, 4, 6])


@pytest.mark.usefixtures("only_waits")
def test_who_comes_one_after_the_other_slows_nobody() -> None:
    """Nor does one who asks another model, or who leaves; what nobody reads has its place as long as it would take."""
    pace = Pace(ttft=1, per_token=1, load=1, max_batch=1)
    llm = Interceptor("a b c", pace=pace, time_scale=0)
    with httpx.Client(transport=InterceptTransport(interceptor=llm), timeout=None) as client:
        client.post(URL, json=chat())
        client.post(URL, json=chat())
        assert llm.elapsed == pytest.approx(8)
        before = llm.elapsed
        with client.stream("POST", URL, json=chat(stream=True)):
            client.post(URL, json=chat())  # waits for what is not read
            assert llm.elapsed - before == pytest.approx(8)
        before = llm.elapsed
        with client.stream("POST", URL, json=chat(stream=True)):
            client.post(URL, json=chat(model="another"))
            assert llm.elapsed - before == pytest.approx(5)
        before = llm.elapsed
        with client.stream("POST", URL, json=chat(stream=True)):
            pass
        client.post(URL, json=chat())  # the one before has left
        assert llm.elapsed - before == pytest.approx(5)


@given(
    arrivals=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), min_size=1, max_size=25),
    places=st.one_of(st.none(), st.integers(1, 4)),
)
@settings(max_examples=examples(180), deadline=None)
def test_no_more_answers_are_under_way_than_there_are_places(arrivals: Any, places: int | None) -> None:
    """Nobody begins before asking, those who asked first begin first, and an idle model lets nobody wait."""
    batch, times = Batch(0.0, places), Pace(ttft=0.5, per_token=0.1).times("x")
    now, spans = 0.0, []
    for gap, tokens in arrivals:
        now += gap
        place = batch.join(now, times, tokens)
        assert place.begins >= now
        assert place.ends == pytest.approx(place.begins + 0.5 + tokens * 0.1)
        if not any(end > now for _, end in spans):
            assert place.begins == now
        spans.append((place.begins, place.ends))
        under_way = sum(begin <= place.begins < end for begin, end in spans)
        assert places is None or under_way <= places
    assert [begin for begin, _ in spans] == sorted(begin for begin, _ in spans)


def test_what_has_ended_is_not_kept() -> None:
    """Of a million answers."""
    batch, times = Batch(0.01, None), Pace(ttft=1).times("x")
    for number in range(6000):
        batch.join(float(number), times, 0)
    assert len(batch._ends) == len(batch._begins) < 2100
    assert batch.slowed(5999.5) == 1


# As text

SAID = {
    "ttft=0.3,tokens_per_second=60": Pace(ttft=0.3, tokens_per_second=60),
    " ttft = lognormal(0.8, 0.3), per_token=normal(0.05,0.01) ,jitter=0.1": Pace(
        ttft=lognormal(0.8, 0.3), per_token=normal(0.05, 0.01), jitter=0.1
    ),
    "length=200,load=0.02,max_batch=64": Pace(length=200, load=0.02, max_batch=64),
}


@pytest.mark.parametrize("text", SAID)
def test_text_says_a_pace(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an argument, a variable, in a file of rules, at the control."""
    assert pace_of("pace", text) == SAID[text]
    assert engine_of(Interceptor("x", pace=text)).service.pace == SAID[text]
    assert engine_of(Interceptor("x", **(from_environment({"LLM_INTERCEPT": "mock", "LLM_INTERCEPT_PACE": text}) or {}))).service.pace == SAID[text]  # fmt: skip
    rule = read_rules({"rules": [{"reply": "x", "pace": text}]}, "here")[0]
    assert rule.given_pace == SAID[text]


@pytest.mark.parametrize("text", ["", " ", "fast", "ttft", "ttft=", "ttft=a", "ttft=1,ttft=2", "ttft=-1", "max_batch=1.5", "ttft=uniform(1,2)", "tape=x,ttft=1", "per_token=1,tokens_per_second=1"])  # fmt: skip
def test_text_that_says_no_pace_is_told(text: str) -> None:
    """With what it may be, wherever it stands; before anything is asked."""
    with pytest.raises(SettingsError, match=r"^pace="):
        Interceptor("x", pace=text)
    with pytest.raises(RuleFileError, match="pace"):
        read_rules({"rules": [{"reply": "x", "pace": text}]}, "here")


def test_a_tape_is_one_from_where_it_is_written(tmp_path: Path) -> None:
    """In a file of rules that file's folder; in a variable the current one."""
    (tmp_path / "tape").mkdir()
    keep(tmp_path / "tape", "a.json", after_ms=900, body={})
    (tmp_path / "rules.toml").write_text('[[rules]]\nreply = "x"\npace = "tape=tape,load=0.5"\n')
    (rule,) = engine_of(Interceptor(rules=tmp_path / "rules.toml")).book.all()
    assert rule.given_pace == Pace.from_tape(tmp_path / "tape", load=0.5)
    assert BY_NAME["pace"].kind.seen_from("/srv", "load=1,tape=./t") == "load=1,tape=/srv/t"
    assert BY_NAME["pace"].kind.seen_from("/srv", "tape=s3://b/t") == "tape=s3://b/t"
