"""Pace: times from numbers and distributions, the same for the same source of chance."""

from __future__ import annotations

import statistics
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, Pace, Recordings
from llm_intercept.errors import SettingsError
from llm_intercept.recording.take import Event, Take, TakeRequest, TakeResponse, write_take
from llm_intercept.timing.pace import lognormal, normal
from tests.support import URL, chat

if TYPE_CHECKING:
    from pathlib import Path

MANY = 4000


def drawn(duration: Any, count: int = MANY, **more: Any) -> list[float]:
    chance = Random(1)
    pace = Pace(ttft=duration, **more)
    return [pace.first(chance) for _ in range(count)]


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
    gap = Pace(tokens_per_second=50).gaps(Random(1))
    assert gap is not None
    assert gap() == pytest.approx(0.02)
    assert Pace(ttft=1).gaps(Random(1)) is None


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


def test_a_tape_says_how_fast_its_answers_came(tmp_path: Path) -> None:
    """Each time is one that was measured; of streams, where there are any."""

    def keep(name: str, **response: Any) -> None:
        partial = response.pop("partial", None)
        request = TakeRequest(method="POST", url=URL)
        take = Take(
            fingerprint="0" * 64, request=request, response=TakeResponse(status=200, **response), partial=partial
        )
        (tmp_path / name).write_bytes(write_take(take))

    tape = Recordings(tmp_path)
    with pytest.raises(SettingsError, match="No whole answer"):
        tape.pace()
    keep("a.json", after_ms=900, body={})
    assert tape.pace().first(Random(1)) == 0.9
    assert tape.pace().gaps(Random(1)) is None
    (tmp_path / "damaged.json").write_text("{")
    keep("b.json", after_ms=5000, events=(Event(gap_ms=1), Event(gap_ms=7)), partial="it broke off")
    keep("c.json", after_ms=300, events=(Event(gap_ms=0), Event(gap_ms=20), Event(gap_ms=40)))
    pace, chance = tape.pace(), Random(1)
    assert {pace.first(chance) for _ in range(9)} == {0.3}
    gap = pace.gaps(chance)
    assert gap is not None
    assert {gap() for _ in range(30)} == {0.02, 0.04}
    llm = Interceptor("one two three", pace=pace, time_scale=0)
    with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
        client.post(URL, json=chat(stream=True))
    assert llm.elapsed >= 0.36
