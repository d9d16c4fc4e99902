"""What the gate measures in one process: `python -m harness.gating FAMILY SECONDS` prints floors over the floor.

`BENCH_GATE_EXTRA=0.25` puts work into our segments that costs a quarter of what is over the floor, to try the gate.

Knows: workloads, timing. Must not know: what a figure should be.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from harness.contenders.floor import Floor
from harness.contenders.ours import Ours
from harness.measure import Runner
from harness.timing import MICRO, floors_over, rounds
from harness.workloads import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

WORKLOADS = ("raw_post", "raw_lines", "raw_lines_ready", "sdk_tool")
SEGMENT = 0.02
EXTRA = float(os.environ.get("BENCH_GATE_EXTRA", "0"))
LOOPS = 1000


def metric(name: str, family: Any, budget: float) -> float:
    """Measure one workload: what is over the floor, in floors."""
    runner = Runner(BY_NAME[name], family)
    floor, ours = runner.segments(Floor()), runner.segments(Ours())
    if EXTRA:
        over = [(floor(SEGMENT), ours(SEGMENT)) for _ in range(5)]
        added = EXTRA * floors_over(over) * min(first for first, _ in over)
        ours = runner.segments(Ours(), _with_work(added))
    found = floors_over(rounds(floor, ours, seconds=SEGMENT, budget=budget))
    runner.close()
    return found


def _with_work(micro: float) -> Callable[[Any], Any]:
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
        begun = time.process_time()
        _work(LOOPS * 100)
        return time.process_time() - begun

    return LOOPS * 100 / (min(one() for _ in range(10)) * MICRO)


def main() -> None:
    family, budget = importlib.import_module(sys.argv[1]), float(sys.argv[2])
    print(json.dumps({name: metric(name, family, budget) for name in WORKLOADS}))


if __name__ == "__main__":
    main()
