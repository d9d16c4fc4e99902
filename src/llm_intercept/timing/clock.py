"""The time of an interceptor: real, scaled, or virtual, where waits take no time and everything else is the same.

Knows: seconds. Must not know: who waits, or for what. Imports nothing heavy: clients use it at interpreter start.
"""

from __future__ import annotations

import math
import threading
import time

from llm_intercept.base.checks import is_number
from llm_intercept.errors import SettingsError

SHORTEST = 0.02
"""Real seconds that the shortest shown wait has where time is scaled: enough to tell whether a client kept it."""
SLACK = 0.35
"""Real seconds that a client may take longer than it was told to wait, before it is said to wait by its own plan."""


class Clock:
    """Simulated time.

    Args:
        scale: Real seconds that a simulated second takes: 1 is real time, 0.01 a hundredth, 0 virtual time, in which
            waits take no time at all. What the program itself takes counts as it is, divided by the scale if there is
            one.
        said: The moment that `second` always tells, in Unix seconds; None for the present.

    Raises:
        SettingsError: `scale` is not a number, 0 or more.

    """

    def __init__(self, scale: float = 1.0, said: int | None = None) -> None:
        if not is_number(scale, 0):
            raise SettingsError(
                "time_scale", scale, "a number: 1 for real time, 0.01 for a hundredth, 0 for no waiting"
            )
        self.scale = float(scale)
        self._said = said
        self._rate = 1 / self.scale if self.scale else 1.0
        self._zero = time.perf_counter()
        self._skipped = 0.0
        self._lock = threading.Lock()

    def afresh(self) -> Clock:
        """Make another that begins now, and is as this one else."""
        return Clock(self.scale, self._said)

    @property
    def is_virtual(self) -> bool:
        """Whether waits take no time."""
        return self.scale == 0

    def now(self) -> float:
        """The simulated seconds since the clock was made; of virtual time, the furthest any exchange has come."""
        return (time.perf_counter() - self._zero) * self._rate + self._skipped

    def passed(self) -> float:
        """The simulated seconds that have really passed, without those that were skipped."""
        return (time.perf_counter() - self._zero) * self._rate

    def second(self) -> int:
        """The simulated moment at which answers say they were made, in Unix seconds; or the one they always say."""
        if self._said is not None:
            return self._said
        if self.scale == 1:
            return int(time.time())
        return int(time.time() + (time.perf_counter() - self._zero) * (self._rate - 1) + self._skipped)

    def advance_to(self, moment: float) -> None:
        """Skip to a moment in virtual time; it is no earlier for anybody afterwards."""
        if self.is_virtual:
            with self._lock:
                self._skipped = max(self._skipped, moment - self.passed())

    def shown(self, seconds: float) -> float:
        """How many real seconds a client should wait that is to wait `seconds`."""
        return seconds if self.scale == 1 else max(seconds * self.scale, SHORTEST)

    def kept(self, asked: float, waited: float) -> bool:
        """Whether a client waited (real seconds) as asked (simulated seconds); a much longer wait is its own plan."""
        if self.scale == 1 or waited >= asked:
            return waited >= asked * 0.95 - 0.005
        told = self.shown(asked)
        return any(one * 0.95 <= waited <= one + SLACK for one in (told, float(whole(told))))


def whole(seconds: float) -> int:
    """Round a time up to whole seconds, at least one, as `retry-after` can say it."""
    return max(1, math.ceil(seconds))


class Timeline:
    """The time of one exchange: it has waited for what itself waited for, whatever others did meanwhile.

    What is waited for is due at moments of a plan, as at a server that writes whether or not anybody reads: a wait
    begins where the one before it ended, and the time a reader took in between is taken from it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._begin = self._now = clock.now()
        self._due: float | None = None
        self._passed = clock.passed()

    def now(self) -> float:
        """The exchange's simulated time."""
        passed = self.clock.passed()
        self._now += passed - self._passed
        self._passed = passed
        return self._now

    def elapsed(self) -> float:
        """The simulated seconds of the exchange since this timeline was made."""
        return self.now() - self._begin

    def wait(self, seconds: float, limit: float | None) -> Waiting:
        """Plan a wait of simulated seconds after what was due last; a client gives up after `limit`, if it has one."""
        now = self.now()
        if self._due is None:
            self._due, missing = now + seconds, seconds
        else:
            self._due += seconds
            missing = max(0.0, self._due - now)
        is_late = limit is not None and missing > limit
        return Waiting(self, limit if is_late and limit is not None else missing, is_late=is_late)

    def skip(self, seconds: float) -> None:
        """Say that `seconds` were waited for that took no time."""
        if self.clock.is_virtual:
            self._now += seconds
            self.clock.advance_to(self._now)


class Waiting:
    """One wait to be carried out, with `sleep` or `asleep`; `is_late` tells whether the client gives up at its end."""

    def __init__(self, timeline: Timeline, seconds: float, *, is_late: bool) -> None:
        self.timeline, self.seconds, self.is_late = timeline, seconds, is_late

    def sleep(self) -> None:
        """Wait in this thread."""
        real = self.seconds * self.timeline.clock.scale
        if real > 0:
            time.sleep(real)
        self.timeline.skip(self.seconds)

    async def asleep(self) -> None:
        """Wait in this task, whichever loop runs it; it can be cancelled, in virtual time too."""
        await _sleep(self.seconds * self.timeline.clock.scale)
        self.timeline.skip(self.seconds)


async def _sleep(seconds: float) -> None:
    """Wait on the loop that runs: asyncio's, or what anyio knows besides; to ask anyio each time took 4 µs."""
    import asyncio  # noqa: PLC0415 - clients use clocks at interpreter start; where somebody awaits it is loaded

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio  # noqa: PLC0415 - it knows trio; httpx's families bring it

        await anyio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
