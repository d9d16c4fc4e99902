"""Where the microseconds are: `python -m harness.profiling raw_post httpx2`.

Samples this process by its CPU time while a workload runs, and gives each sample to the innermost function of ours on
the stack: what a function of ours calls in other packages counts as its own.

Knows: stacks, signals. Must not know: what our functions do.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llm_intercept
from harness.contenders.ours import Ours
from harness.timing import MICRO
from harness.workloads import BY_NAME, Session

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = str(Path(llm_intercept.__file__).parent)
INTERVAL = 0.001
HOOK = "<llm-intercept hook>"


@dataclass(slots=True)
class Samples:
    """How often each function of ours was the innermost one, and how often it was on the stack at all."""

    total: int = 0
    own: Counter[str] = field(default_factory=Counter[str])
    with_called: Counter[str] = field(default_factory=Counter[str])

    def take(self, _: int, frame: FrameType | None) -> None:
        """Take one sample; a signal handler."""
        self.total += 1
        ours: list[str] = []
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(PACKAGE) or file == HOOK:
                ours.append(f"{file.removeprefix(PACKAGE + '/')}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        self.own.update(ours[:1])
        self.with_called.update(set(ours))


def profile(name: str, family: Any, seconds: float) -> tuple[Samples, float]:
    """Sample a workload; return the samples and the microseconds of CPU a unit."""
    workload, samples = BY_NAME[name], Samples()
    signal.signal(signal.SIGPROF, samples.take)
    units, spent = 0, 0.0
    while spent < seconds:  # a block does not live for ever, and neither does its list of calls
        with Ours().answering(workload.case, family) as wiring:
            operation = workload.make(Session(family, workload.case, wiring))
            operation()
            begun = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
            while time.process_time() - begun < min(1.0, seconds):
                units += operation()
            signal.setitimer(signal.ITIMER_PROF, 0)
            spent += time.process_time() - begun
    return samples, spent / units * MICRO


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=[name for name, one in BY_NAME.items() if one.kind == "sync"])
    parser.add_argument("family", choices=["httpx", "httpx2"])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--lines", type=int, default=25)
    given = parser.parse_args()
    samples, micro = profile(given.workload, importlib.import_module(given.family), given.seconds)
    unit = BY_NAME[given.workload].unit
    inside = samples.own.total() / samples.total
    print(f"{micro:.2f} µs a {unit}, {inside:.0%} in llm-intercept; {samples.total} samples")
    print(f"{'own':>8} {'share':>6} {'with what it calls of ours':>10}")
    for function, count in samples.own.most_common(given.lines):
        own, whole = count / samples.total, samples.with_called[function] / samples.total
        print(f"{own * micro:8.2f} {own:6.1%} {whole * micro:10.2f}  {function}")


if __name__ == "__main__":
    main()
