"""What the gate measures in one process: `python -m harness.gating FAMILY SECONDS` prints floors over the floor.

`BENCH_GATE_EXTRA=0.25` puts work into our segments that costs a quarter of what is over the floor, to try the gate.

Knows: workloads, timing. Must not know: what a figure should be.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.case import Case
from harness.contenders.floor import Floor
from harness.contenders.ours import Ours
from harness.measure import Runner
from harness.timing import MICRO, rounds
from harness.workloads import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.case import Contender
    from harness.workloads import Workload

    Wrap = Callable[[Callable[[], int]], Callable[[], int]]

FEW = 100  # chunks: short enough that many streams are read undisturbed
WORKLOADS = (
    BY_NAME["raw_post"],
    replace(BY_NAME["raw_post"], name="raw_tool", case=Case("tool")),
    replace(BY_NAME["raw_lines"], case=Case("stream", FEW)),
    replace(BY_NAME["raw_lines_ready"], case=Case("raw", FEW)),
)
SEGMENT = 0.01
EXTRA = float(os.environ.get("BENCH_GATE_EXTRA", "0"))
LOOPS = 100_000


def metric(workload: Workload, family: Any, budget: float) -> float:
    """Measure one workload: what is over the floor, in floors."""
    runner = Runner(workload, family)
    found = _floors_over(runner, budget, lambda operation: operation)
    if EXTRA:
        floor = _lowest(runner.segments, Floor(), budget / 4)
        found = _floors_over(runner, budget, _with_work(EXTRA * found * floor))
    runner.close()
    return found


def _floors_over(runner: Runner, budget: float, wrap: Wrap) -> float:
    """Compare the lowest tenths of single operations, which ran undisturbed also where much else runs."""
    floors: list[float] = []
    ours: list[float] = []
    first = runner.segments(Floor(), partial(_timed, floors))
    second = runner.segments(Ours(), lambda operation: _timed(ours, wrap(operation)))
    rounds(first, second, seconds=SEGMENT, budget=budget)
    return _tenth(ours) / _tenth(floors) - 1


def _lowest(segments: Callable[..., Any], contender: Contender, seconds: float) -> float:
    times: list[float] = []
    segments(contender, partial(_timed, times))(seconds)
    return _tenth(times)


def _tenth(times: list[float]) -> float:
    return statistics.quantiles(times, n=10)[0]


def _timed(times: list[float], operation: Callable[[], int]) -> Callable[[], int]:
    """Make an operation note the microseconds a unit of each time."""
    now = time.perf_counter

    def timed() -> int:
        begun = now()
        units = operation()
        times.append((now() - begun) / units * MICRO)
        return units

    return timed


def _with_work(micro: float) -> Wrap:
    """Make what wraps an operation with so many microseconds of work for each unit."""
    loops = micro * _loops_a_microsecond()

    def wrap(operation: Any) -> Any:
        def slower() -> int:
            units: int = operation()
            _work(int(loops * units))
            return units

        return slower

    return wrap


def _work(loops: int) -> None:
    for _ in range(loops):
        pass


def _loops_a_microsecond() -> float:
    def one() -> float:
        begun = time.perf_counter()
        _work(LOOPS)
        return time.perf_counter() - begun

    return LOOPS / (min(one() for _ in range(20)) * MICRO)


def main() -> None:
    family, budget = importlib.import_module(sys.argv[1]), float(sys.argv[2])
    print(json.dumps({one.name: metric(one, family, budget) for one in WORKLOADS}))


if __name__ == "__main__":
    main()
