"""Interleaved rounds of a floor and a subject: medians, spread, ratio and microseconds over the floor.

Knows: clocks and statistics. Must not know: what is timed.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_ROUNDS = 3
MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Measured:
    """What the rounds of one workload gave; times in microseconds a unit."""

    floor: float
    median: float
    over: float
    over_low: float
    over_high: float
    ratio: float
    rounds: int


def segment(operation: Callable[[], int], seconds: float, clock: Callable[[], float] = time.process_time) -> float:
    """Repeat an operation for about `seconds`, at least once; return microseconds a unit.

    Args:
        operation: Does one thing and says how many units (calls, chunks) it was.
        seconds: How long, by the wall.
        clock: What is measured. The CPU time of this process is what the wall shows where nothing else runs, and stays
            so where something does; who answers from another process has to be measured by the wall.

    """
    now = time.perf_counter
    units, begun, ends = 0, clock(), now() + seconds
    while True:
        units += operation()
        if now() >= ends:
            return (clock() - begun) / units * MICRO


Pairs = list[tuple[float, float]]


def paired(
    floor: Callable[[float], float], subject: Callable[[float], float], *, seconds: float, budget: float
) -> Measured:
    """Time both in rounds and sum them up; see `rounds` for the arguments."""
    return summary(rounds(floor, subject, seconds=seconds, budget=budget))


def rounds(
    floor: Callable[[float], float], subject: Callable[[float], float], *, seconds: float, budget: float
) -> Pairs:
    """Time both in turn, changing who is first, until the time allowed is spent; return microseconds of both.

    Args:
        floor: Runs a segment of so many seconds and returns microseconds a unit.
        subject: The same for what is compared with the floor.
        seconds: How long a segment is.
        budget: Seconds for all, what the segments need beside themselves included; at least three rounds are run.

    """
    floor(0), subject(0)
    pairs: Pairs = []
    ends = time.perf_counter() + budget
    while len(pairs) < LEAST_ROUNDS or time.perf_counter() < ends:
        gc.collect()
        if len(pairs) % 2:
            second = subject(seconds)
            pairs.append((floor(seconds), second))
        else:
            first = floor(seconds)
            pairs.append((first, subject(seconds)))
    return pairs


def summary(pairs: Pairs) -> Measured:
    """Sum up rounds: each subject is compared with the floor beside it, then the medians are taken."""
    over = [second - first for first, second in pairs]
    low, _, high = statistics.quantiles(over, n=4)
    return Measured(
        floor=statistics.median(first for first, _ in pairs),
        median=statistics.median(second for _, second in pairs),
        over=statistics.median(over),
        over_low=low,
        over_high=high,
        ratio=statistics.median(second / first for first, second in pairs),
        rounds=len(pairs),
    )


def exponent(points: list[tuple[float, float]]) -> float:
    """Fit `y = c * x ** k` by least squares on logarithms; return k.

    Args:
        points: At least two pairs of positive numbers.

    """
    import math  # noqa: PLC0415 - only growth needs it

    logs = [(math.log(x), math.log(max(y, 1e-3))) for x, y in points]
    return statistics.linear_regression(*zip(*logs, strict=True)).slope
