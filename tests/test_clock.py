"""Time: real, scaled and virtual, of a clock and of one exchange."""

from __future__ import annotations

import asyncio
import threading
import time

import anyio
import pytest

from llm_intercept.errors import SettingsError
from llm_intercept.timing.clock import SHORTEST, SLACK, Clock, Timeline
from tests.support import nearest_median_gap


@pytest.mark.parametrize("scale", [-1, "1", None, True, float("nan"), float("inf")])
def test_a_scale_is_a_number(scale: object) -> None:
    """Anything else is refused, with what can be used."""
    with pytest.raises(SettingsError, match="time_scale"):
        Clock(scale)  # type: ignore[arg-type]


def test_virtual_waits_take_no_time_and_time_goes_on() -> None:
    """An hour passes for the clock, and next to nothing for the program."""
    clock = Clock(0)
    begun = time.perf_counter()
    Timeline(clock).wait(3600, None).sleep()
    assert 3600 <= clock.now() < 3700
    assert time.perf_counter() - begun < 100  # on a machine that is busy, too


def test_scaled_waits_take_a_share_of_the_time() -> None:
    """Ten simulated seconds at a thousandth take ten milliseconds."""
    clock = Clock(0.001)
    begun = time.perf_counter()
    Timeline(clock).wait(10, None).sleep()
    assert 0.009 <= time.perf_counter() - begun < 5
    assert clock.now() >= 10


@pytest.mark.parametrize("scale", [0, 0.0001])
def test_a_wait_longer_than_the_clients_patience_is_cut(scale: float) -> None:
    """It lasts as long as the client waits, and is said to be late."""
    waiting = Timeline(Clock(scale)).wait(60, 5)
    assert waiting.is_late
    assert waiting.seconds == 5
    assert not Timeline(Clock(scale)).wait(5, 60).is_late
    assert not Timeline(Clock(scale)).wait(60, None).is_late


def test_waits_are_due_at_moments_of_a_plan() -> None:
    """What a reader took between two waits is taken from the second; a slow reader finds its chunks ready."""
    timeline = Timeline(Clock(1))
    assert timeline.wait(0, 1).seconds == 0
    timeline._passed -= 10  # the reader took ten seconds
    assert timeline.wait(4, 1).seconds == 0
    assert timeline.wait(4, 1).seconds == 0
    late = timeline.wait(4, 1)
    assert late.seconds == 1
    assert late.is_late


def test_the_first_wait_is_as_long_as_it_says() -> None:
    """Exactly: nothing was due before it."""
    assert Timeline(Clock(1)).wait(12.5, None).seconds == 12.5


@pytest.mark.usefixtures("only_waits")
def test_virtual_exchanges_have_each_their_own_time() -> None:
    """Two at once that wait a minute each take a minute together; one after the other, two."""
    clock = Clock(0)
    first, second = Timeline(clock), Timeline(clock)
    for timeline in (first, second):
        timeline.wait(60, None).sleep()
    assert clock.now() == pytest.approx(60)
    Timeline(clock).wait(60, None).sleep()
    assert clock.now() == pytest.approx(120)


def test_time_never_goes_back() -> None:
    """Threads that wait at once only ever move it on, to the furthest of them."""
    clock = Clock(0)
    seen: list[float] = []

    def wait(seconds: float) -> None:
        timeline = Timeline(clock)
        for _ in range(100):
            timeline.wait(seconds, None).sleep()
            own = timeline.now()
            seen.append(clock.now() - own)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() >= 800
    assert min(seen) > -0.5  # but for what the threads' own turns take


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_virtual_waits_can_be_cancelled(backend: str) -> None:
    """A task that waits without end in virtual time gives way, on either loop."""

    async def wait() -> int:
        timeline = Timeline(Clock(0))
        count = 0
        with anyio.move_on_after(0.02):
            while True:
                await timeline.wait(1, None).asleep()
                count += 1
        return count

    assert anyio.run(wait, backend=backend) > 0


def test_a_cancelled_real_wait_ends_at_once() -> None:
    """And does not move a virtual clock, since nothing was waited for."""
    clock = Clock(1)

    async def run() -> None:
        task = asyncio.create_task(Timeline(clock).wait(600, None).asleep())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    begun = time.perf_counter()
    asyncio.run(run())
    assert time.perf_counter() - begun < 300


@pytest.mark.parametrize(
    ("scale", "asked", "waited", "kept"),
    [
        (1, 1, 1.0, True),
        (1, 1, 0.5, False),
        (1, 1, 9.0, True),
        (0, 60, SHORTEST, True),
        (0, 60, 0.001, False),
        (0, 60, SHORTEST + SLACK + 0.1, False),  # the program's own plan, which is not what was asked
        (0, 60, 1.1, True),  # `retry-after` cannot say less than a second
        (0, 60, 61, True),
        (0.01, 60, 0.6, True),
        (0.01, 60, 0.3, False),
    ],
)
def test_whether_a_client_kept_what_it_was_told(scale: float, asked: float, waited: float, kept: bool) -> None:
    """Real waits are measured against what was shown, where time is scaled."""
    assert Clock(scale).kept(asked, waited) is kept


def test_gaps_are_what_was_asked_for() -> None:
    """In real time, waits of 20 ms are within 10 % at the median, and end when the plan does: they do not drift."""
    ends: list[float] = []

    def measure() -> list[float]:
        timeline = Timeline(Clock(1))
        moments = [time.perf_counter()]
        for _ in range(30):
            timeline.wait(0.02, None).sleep()
            moments.append(time.perf_counter())
        ends.append(moments[-1] - moments[0])
        return moments

    assert nearest_median_gap(measure, 0.02) == pytest.approx(0.02, rel=0.1)
    assert 0.599 <= min(ends) < 1
