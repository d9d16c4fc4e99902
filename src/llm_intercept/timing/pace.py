"""How fast a simulated model answers, and how much: `Pace`, and the distributions its numbers may come from.

Knows: seconds, tokens, chance; what measures a tape. Must not know: what is sent, who waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.spelling import spelt_class
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from llm_intercept.recording.config import Recordings


@dataclass(frozen=True, slots=True)
class Normal:
    """Numbers around a mean, as often above as below; none is below 0."""

    mean: float
    sd: float

    def draw(self, chance: Random) -> float:
        return max(0.0, chance.gauss(self.mean, self.sd))


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Numbers that are mostly small and sometimes large, as latencies are."""

    mean: float
    sd: float

    def draw(self, chance: Random) -> float:
        if not self.mean:
            return 0.0
        spread = math.log1p((self.sd / self.mean) ** 2)
        return chance.lognormvariate(math.log(self.mean) - spread / 2, math.sqrt(spread))


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer that was measured.

    Attributes:
        first: Seconds until its first byte.
        gaps: Seconds between two of its tokens, each as likely as the others.
        tokens: How many it had; None where that is not known.

    """

    first: float
    gaps: tuple[float, ...] = ()
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Takes:
    """Answers that were measured, each as likely as the others."""

    all: tuple[Taken, ...]

    def __repr__(self) -> str:
        first = sorted(one.first for one in self.all)[len(self.all) // 2]
        return f"Takes({len(self.all)} answers that began after some {first:g} s)"


Distribution = Normal | Lognormal
UNDRAWN = Random(0)  # noqa: S311 - nothing is drawn of it
Duration = float | Distribution


def normal(mean: float, sd: float) -> Normal:
    """Make a normal distribution, of seconds or tokens, cut off at 0; raises `SettingsError` at a negative number."""
    return Normal(_seconds("normal(mean=…)", mean), _seconds("normal(sd=…)", sd))


def lognormal(mean: float, sd: float) -> Lognormal:
    """Make a log-normal distribution, as latencies have, of seconds or tokens with this mean and deviation."""
    return Lognormal(_seconds("lognormal(mean=…)", mean), _seconds("lognormal(sd=…)", sd))


@dataclass(frozen=True, slots=True)
class Times:
    """How long one answer takes.

    Attributes:
        first: Seconds until its first byte.
        gap: Draws the seconds before a token; None where tokens take no time.
        mean: What `gap` draws on the average.

    """

    first: float
    gap: Callable[[], float] | None = None
    mean: float = 0.0

    def told(self, tokens: int) -> float:
        """Draw the seconds that so many tokens take."""
        gap = self.gap
        return 0.0 if gap is None else sum(gap() for _ in range(tokens))


_BEGINS = "ttft= says after how many seconds an answer begins."
OF_OTHERS = {
    **dict.fromkeys(("delay", "latency", "seconds", "first"), _BEGINS),
    **dict.fromkeys(("tps", "speed", "rate"), "tokens_per_second= says how fast it comes."),
}
"""What others call what is an argument of `Pace`."""


@partial(spelt_class, words=OF_OTHERS)
@dataclass(frozen=True)
class Pace:
    """How long a model takes to answer, and how long its answers are.

    Args:
        ttft: Seconds until the first byte, the headers with it; a number, `normal(…)` or `lognormal(…)`.
        per_token: Seconds between two tokens of a stream; a JSON answer takes as long as all its tokens do.
        jitter: How far each time may be off, as a share of it: 0.2 is up to 20 % more or less.
        tokens_per_second: Instead of `per_token`.
        length: How many tokens a text has that nobody wrote, that of `auto()`; a number or a distribution.
        load: By what share each further answer under way slows the tokens of all: 0.02 is 2 %.
        max_batch: How many answers the model makes at the same time; more wait until one has ended.
        takes: Answers that were measured, each of which says all of this; made by `from_tape`.

    What is drawn is the same for the same request and seed, in whatever order requests arrive; what `load` and
    `max_batch` add depends on what else is under way for the same model.

    Raises:
        SettingsError: A value cannot be used.

    """

    ttft: Duration = 0.0
    per_token: Duration | None = None
    jitter: float = 0.0
    tokens_per_second: float | None = None
    length: Duration | None = None
    load: float = 0.0
    max_batch: int | None = None
    takes: Takes | None = None

    def __post_init__(self) -> None:
        for name in ("ttft", "per_token", "length"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Distribution):
                _seconds(f"Pace({name}=…)", value)
        _seconds("Pace(load=…)", self.load)
        if self.max_batch is not None and not is_int(self.max_batch, 1):
            raise SettingsError("Pace(max_batch=…)", self.max_batch, "a positive int")
        if _seconds("Pace(jitter=…)", self.jitter) > 1:
            raise SettingsError("Pace(jitter=…)", self.jitter, "a share from 0 to 1: 0.2 for 20 % more or less")
        if self.tokens_per_second is not None and not _seconds("Pace(tokens_per_second=…)", self.tokens_per_second):
            raise SettingsError("Pace(tokens_per_second=…)", self.tokens_per_second, "a number above 0")
        if self.per_token is not None and self.tokens_per_second is not None:
            raise SettingsError(
                "Pace(tokens_per_second=…)", self.tokens_per_second, "it without per_token, its inverse"
            )

    @classmethod
    def from_tape(
        cls,
        tape: str | os.PathLike[str] | Recordings,
        *,
        jitter: float = 0.0,
        load: float = 0.0,
        max_batch: int | None = None,
    ) -> Pace:
        """Make the pace at which a tape's answers came: each is timed as one that was measured, drawn by chance.

        The time to the first byte, the time of a token, and how long `auto()` makes its texts, are those of one take.
        Takes of streams count, and where there are none, whole answers, whose time is that to the first byte; answers
        that failed or broke off do not.

        Args:
            tape: The folder, or URL, or `Recordings(…)`.
            jitter: See `Pace`.
            load: See `Pace`.
            max_batch: See `Pace`.

        Raises:
            SettingsError: No take says how long its answer took.

        """
        from llm_intercept.recording.measured import takes_of  # noqa: PLC0415 - it is above, and imports pydantic

        return cls(jitter=jitter, load=load, max_batch=max_batch, takes=Takes(takes_of(tape)))

    @property
    def is_shared(self) -> bool:
        """Whether answers slow each other down."""
        return bool(self.load) or self.max_batch is not None

    def times(self, identity: str) -> Times:
        """Draw how long the answer with an identity takes."""
        # It has to be deterministic. Sowing one takes 20 µs.
        chance = UNDRAWN if self._is_steady else Random(f"{identity} pace")  # noqa: S311
        take = self._take(identity)
        if take is not None:
            gaps = take.gaps
            return self._times(take.first, (lambda: chance.choice(gaps)) if gaps else None, _mean(gaps), chance)
        given = 1 / self.tokens_per_second if self.tokens_per_second else self.per_token
        gap = (lambda: _drawn(given, chance)) if given else None
        return self._times(_drawn(self.ttft, chance), gap, 0.0 if given is None else _mean_of(given), chance)

    @property
    def _is_steady(self) -> bool:
        """Whether no time is drawn."""
        drawn = isinstance(self.ttft, Distribution) or isinstance(self.per_token, Distribution)
        return not (drawn or self.jitter or self.takes)

    def tokens(self, identity: str) -> int | None:
        """Draw how many tokens the answer with an identity has; None where nobody says."""
        take = self._take(identity)
        if take is not None:
            return take.tokens
        if self.length is None:
            return None
        return max(1, round(_drawn(self.length, Random(f"{identity} length"))))  # noqa: S311 - it has to be deterministic

    def _take(self, identity: str) -> Taken | None:
        return None if self.takes is None else Random(f"{identity} take").choice(self.takes.all)  # noqa: S311 - as above

    def _times(self, first: float, gap: Callable[[], float] | None, mean: float, chance: Random) -> Times:
        if not self.jitter:
            return Times(first, gap, mean)
        low, high = 1 - self.jitter, 1 + self.jitter
        first *= chance.uniform(low, high)
        return Times(first, None if gap is None else lambda: gap() * chance.uniform(low, high), mean)


def _drawn(given: Duration, chance: Random) -> float:
    return given.draw(chance) if isinstance(given, Distribution) else given


def _mean_of(given: Duration) -> float:
    return given.mean if isinstance(given, Distribution) else given


def _mean(gaps: tuple[float, ...]) -> float:
    return sum(gaps) / len(gaps) if gaps else 0.0


def check_pace(name: str, value: object) -> Pace | None:
    """Return `value` if it is a pace, or None; else raise `SettingsError`."""
    if value is None or isinstance(value, Pace):
        return value
    raise SettingsError(name, value, "a Pace(ttft=…, per_token=…)")


def _seconds(name: str, value: object) -> float:
    if not is_number(value, 0):
        raise SettingsError(name, value, "a number, 0 or more, or where it is a time normal(…) or lognormal(…)")
    return value
