"""Counts what our code executes: `python -m harness.counting FAMILY` prints bytecode instructions a unit.

`python -m harness.counting FAMILY WORKLOAD` says in which of our modules, and how many functions are called there.

The same sources on the same Python give the same count on every machine, however busy.

Knows: workloads, Python's tracing. Must not know: what a count should be.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llm_intercept
from harness.case import Case
from harness.contenders.ours import Ours
from harness.workloads import BY_NAME, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from harness.workloads import Workload

PACKAGE = str(Path(llm_intercept.__file__).parent)
FEW, MANY = 100, 1000
TRIES = 5
"""What is kept a second long is sometimes made anew: the least of some tries has it ready."""
WORKLOADS = (
    BY_NAME["raw_post"],
    replace(BY_NAME["raw_post"], name="raw_tool", case=Case("tool")),
    replace(BY_NAME["raw_lines"], case=Case("stream", FEW)),
    replace(BY_NAME["raw_lines_deltas"], case=Case("deltas", FEW)),
    replace(BY_NAME["raw_lines_ready"], case=Case("raw", FEW)),
    replace(BY_NAME["rules_exact"], case=Case("exact", MANY)),
    replace(BY_NAME["rules_substring"], case=Case("substring", MANY)),
    replace(BY_NAME["replay"], case=Case("replay", FEW)),
    replace(BY_NAME["record_stream"], case=Case("record", FEW)),
)


@dataclass(slots=True)
class Counts:
    """What a number of units executed, by module: instructions and calls of functions."""

    units: int = 0
    instructions: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])

    @property
    def total(self) -> float:
        """Instructions a unit."""
        return self.instructions.total() / self.units


def counted(operation: Callable[[], int]) -> Counts:
    """Count what an operation executes in our package."""
    counts = Counts()

    def local(frame: FrameType, event: str, _: Any) -> Any:
        counts.instructions[_module(frame)] += event == "opcode"
        return local

    def entered(frame: FrameType, _: str, __: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        counts.calls[_module(frame)] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        counts.units = operation()
    finally:
        sys.settrace(before)
    return counts


def _module(frame: FrameType) -> str:
    return frame.f_code.co_filename.removeprefix(PACKAGE + "/")


def count(workload: Workload, family: Any) -> Counts:
    """Count what a workload executes."""
    with Ours().answering(workload.case, family) as wiring:
        operation = workload.make(Session(family, workload.case, wiring))
        operation()
        return min((counted(operation) for _ in range(TRIES)), key=lambda counts: counts.total)


def main() -> None:
    family, *names = sys.argv[1:]
    module = importlib.import_module(family)
    if not names:
        print(json.dumps({one.name: round(count(one, module).total) for one in WORKLOADS}))
    for one in (one for one in WORKLOADS if one.name in names):
        counts = count(one, module)
        print(f"{one.name}: {counts.total:.1f} instructions a {one.unit}\n{'':>14}share  calls")
        for name, executed in counts.instructions.most_common():
            share, calls = executed / counts.instructions.total(), counts.calls[name] / counts.units
            print(f"{executed / counts.units:10.1f} {share:8.1%} {calls:6.1f}  {name}")


if __name__ == "__main__":
    main()
