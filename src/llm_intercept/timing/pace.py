"""How fast a simulated model answers: `Pace`, and the distributions its times may come from.

Knows: seconds and chance. Must not know: what is sent, who waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.base.checks import is_number
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


@dataclass(frozen=True, slots=True)
class Normal:
    """Times around a mean, as often above as below; none is below 0."""

    mean: float
    sd: float

    def draw(self, chance: Random) -> float:
        return max(0.0, chance.gauss(self.mean, self.sd))


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Times that are mostly short and sometimes long, as latencies are."""

    mean: float
    sd: float

    def draw(self, chance: Random) -> float:
        if not self.mean:
            return 0.0
        spread = math.log1p((self.sd / self.mean) ** 2)
        return chance.lognormvariate(math.log(self.mean) - spread / 2, math.sqrt(spread))


@dataclass(frozen=True, slots=True)
class Measured:
    """Times that were measured, each as likely as the others."""

    values: tuple[float, ...]

    def draw(self, chance: Random) -> float:
        return chance.choice(self.values)

    def __repr__(self) -> str:
        return f"Measured({len(self.values)} times around {sorted(self.values)[len(self.values) // 2]:g} s)"


Distribution = Normal | Lognormal | Measured
Duration = float | Distribution


def normal(mean: float, sd: float) -> Normal:
    """Make a normal distribution of times in seconds, cut off at 0; raises `SettingsError` at a negative one."""
    return Normal(_seconds("normal(mean=…)", mean), _seconds("normal(sd=…)", sd))


def lognormal(mean: float, sd: float) -> Lognormal:
    """Make a log-normal distribution, as latencies have, of times with this mean and deviation in seconds."""
    return Lognormal(_seconds("lognormal(mean=…)", mean), _seconds("lognormal(sd=…)", sd))


@dataclass(frozen=True)
class Pace:
    """How long a model takes to answer.

    Args:
        ttft: Seconds until the first byte, the headers with it; a number, `normal(…)` or `lognormal(…)`.
        per_token: Seconds between two tokens of a stream; a JSON answer takes as long as all its tokens do.
        jitter: How far each time may be off, as a share of it: 0.2 is up to 20 % more or less.
        tokens_per_second: Instead of `per_token`.

    The times drawn are the same for the same request and seed, in whatever order requests arrive.

    Raises:
        SettingsError: A value cannot be used.

    """

    ttft: Duration = 0.0
    per_token: Duration | None = None
    jitter: float = 0.0
    tokens_per_second: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.ttft, Distribution):
            _seconds("Pace(ttft=…)", self.ttft)
        if self.per_token is not None and not isinstance(self.per_token, Distribution):
            _seconds("Pace(per_token=…)", self.per_token)
        if _seconds("Pace(jitter=…)", self.jitter) > 1:
            raise SettingsError("Pace(jitter=…)", self.jitter, "a share from 0 to 1: 0.2 for 20 % more or less")
        if self.tokens_per_second is not None and not _seconds("Pace(tokens_per_second=…)", self.tokens_per_second):
            raise SettingsError("Pace(tokens_per_second=…)", self.tokens_per_second, "a number above 0")
        if self.per_token is not None and self.tokens_per_second is not None:
            raise SettingsError(
                "Pace(tokens_per_second=…)", self.tokens_per_second, "it without per_token, its inverse"
            )

    def first(self, chance: Random) -> float:
        """Draw the time until the first byte."""
        return self._drawn(self.ttft, chance)

    def gaps(self, chance: Random) -> Callable[[], float] | None:
        """Return what draws the time before each token; None where tokens take no time."""
        per_token = 1 / self.tokens_per_second if self.tokens_per_second else self.per_token
        if not per_token:
            return None
        return lambda: self._drawn(per_token, chance)

    def _drawn(self, duration: Duration, chance: Random) -> float:
        seconds = duration.draw(chance) if isinstance(duration, Distribution) else duration
        return seconds * chance.uniform(1 - self.jitter, 1 + self.jitter) if self.jitter else seconds


def check_pace(name: str, value: object) -> Pace | None:
    """Return `value` if it is a pace, or None; else raise `SettingsError`."""
    if value is None or isinstance(value, Pace):
        return value
    raise SettingsError(name, value, "a Pace(ttft=…, per_token=…)")


def _seconds(name: str, value: object) -> float:
    if not is_number(value, 0):
        raise SettingsError(name, value, "a number, 0 or more, or where it is a time normal(…) or lognormal(…)")
    return value
