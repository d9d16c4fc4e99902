"""Counts what our code executes: `python -m harness.counting FAMILY` prints bytecode instructions a unit.

The same sources on the same Python give the same count on every machine, however busy.

Knows: workloads, Python's tracing. Must not know: what a count should be.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
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


def counted(operation: Callable[[], int]) -> float:
    """Count the instructions that one unit of an operation executes in our package."""
    executed = 0

    def local(_: FrameType, event: str, __: Any) -> Any:
        nonlocal executed
        executed += event == "opcode"
        return local

    def entered(frame: FrameType, _: str, __: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        units = operation()
    finally:
        sys.settrace(before)
    return executed / units


def count(workload: Workload, family: Any) -> int:
    """Count what one unit of a workload executes."""
    with Ours().answering(workload.case, family) as wiring:
        operation = workload.make(Session(family, workload.case, wiring))
        operation()
        return round(min(counted(operation) for _ in range(TRIES)))


def main() -> None:
    family = importlib.import_module(sys.argv[1])
    print(json.dumps({one.name: count(one, family) for one in WORKLOADS}))


if __name__ == "__main__":
    main()
