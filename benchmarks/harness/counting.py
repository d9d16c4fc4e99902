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
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import llm_intercept
from harness.case import Case
from harness.contenders.ours import Ours
from harness.workloads import BY_NAME, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
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
    with _traced(counts) if sys.version_info < (3, 12) else _monitored(counts):
        counts.units = operation()
    return counts


@contextmanager
def _traced(counts: Counts) -> Generator[None]:
    """Count by tracing, which Python 3.12 makes incomplete: it sees no instruction of a function that runs already."""

    def local(frame: FrameType, event: str, _: Any) -> Any:
        counts.instructions[_module(frame.f_code)] += event == "opcode"
        return local

    def entered(frame: FrameType, _: str, __: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        counts.calls[_module(frame.f_code)] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _monitored(counts: Counts) -> Generator[None]:
    """Count by PEP 669's events, which Python has from 3.12 on."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
    tool, events, watched = monitoring.PROFILER_ID, monitoring.events, set[CodeType]()

    def entered(code: CodeType, _: int) -> Any:
        if not code.co_filename.startswith(PACKAGE):
            return monitoring.DISABLE
        counts.calls[_module(code)] += 1
        if code not in watched:
            watched.add(code)
            monitoring.set_local_events(tool, code, events.INSTRUCTION)
        return None

    def executed(code: CodeType, _: int) -> None:
        counts.instructions[_module(code)] += 1

    monitoring.use_tool_id(tool, "llm-intercept")
    for event, heard in ((events.PY_START, entered), (events.PY_RESUME, entered), (events.INSTRUCTION, executed)):
        monitoring.register_callback(tool, event, heard)
    monitoring.set_events(tool, events.PY_START | events.PY_RESUME)
    try:
        yield
    finally:
        for code in watched:
            monitoring.set_local_events(tool, code, events.NO_EVENTS)
        monitoring.set_events(tool, events.NO_EVENTS)
        monitoring.restart_events()
        monitoring.free_tool_id(tool)


def _module(code: CodeType) -> str:
    return code.co_filename.removeprefix(PACKAGE + "/")


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
