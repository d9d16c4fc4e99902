"""What is measured in processes of their own: memory, import, pytest's start, the interpreter's start.

Knows: child processes and their CPU time. Must not know: any contender but by name.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import CannotError
from harness.timing import MICRO, Measured, paired

if TYPE_CHECKING:
    from collections.abc import Callable

MODULES = {
    "llm-intercept": "from llm_intercept import intercept",
    "respx": "import respx",
    "pytest-httpx": "import pytest_httpx",
    "httpx2-pytest": "import pytest_httpx2",
    "vcrpy": "import vcr",
    "cassetter": "import cassetter",
    "litellm": "import litellm",
}
PLUGINS = {
    "llm-intercept": "llm_intercept",
    "respx": "respx",
    "pytest-httpx": "pytest_httpx",
    "httpx2-pytest": "pytest_httpx2",
    "cassetter": "cassetter",
}
PYDANTIC = "import pydantic; "
PATIENCE = 4  # times the budget of other workloads: a round is two processes, and these vary
KILO, MEGA = 1024, 1024 * 1024
MEMORY_CHUNKS = int(os.environ.get("BENCH_MEMORY_CHUNKS", "1000000"))


@dataclass(frozen=True, slots=True)
class Start:
    """One line of the table that starts processes; `measure` takes contender, family and budget."""

    name: str
    title: str
    unit: str
    measure: Callable[[str, str, float], Measured]


def import_time(contender: str, family: str, budget: float) -> Measured:
    """Compare importing the HTTP library and pydantic with importing the contender too."""
    if contender not in MODULES:
        raise CannotError("nothing to import")
    base = f"{PYDANTIC}import {family}"
    return _children(_python(base), _python(f"{base}; {MODULES[contender]}"), budget)


def pytest_start(contender: str, family: str, budget: float) -> Measured:  # noqa: ARG001 - the same for each
    """Compare pytest on one empty test with and without the contender's plugin, which the test does not use."""
    if contender not in PLUGINS:
        raise CannotError("no plugin")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
        return _children([*run, "-p", f"no:{PLUGINS[contender]}"], run, budget)


def interpreter_start(contender: str, family: str, budget: float) -> Measured:  # noqa: ARG001 - the same for each
    """Compare `python -c pass` without the package with an environment where it is installed and its variable unset."""
    if contender != "llm-intercept":
        raise CannotError("no start-up by environment")
    import startup  # noqa: PLC0415 - the script beside the harness, which makes the environments

    with tempfile.TemporaryDirectory() as folder:
        plain = startup.environment(Path(folder, "plain"), installed=False)
        ours = startup.environment(Path(folder, "ours"), installed=True)
        return _children([plain, "-c", "pass"], [ours, "-c", "pass"], budget)


def memory(contender: str, family: str, budget: float) -> Measured:  # noqa: ARG001 - it takes what it takes
    """Compare the peak of a process that reads a long stream with the same process before; in megabytes."""
    command = [sys.executable, "-m", "harness.long_stream", contender, family, str(MEMORY_CHUNKS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotError((done.stderr.strip().splitlines() or ["killed"])[-1][-80:])
    idle, peak = json.loads(done.stdout)
    over = peak - idle
    return Measured(floor=idle, median=peak, over=over, over_low=over, over_high=over, ratio=peak / idle, rounds=1)


STARTS = (
    Start("memory", f"memory of a stream of {MEMORY_CHUNKS:,} chunks over idle", "MB", memory),
    Start("import", "import beyond the HTTP library and pydantic", "start", import_time),
    Start("pytest_start", "pytest's start, plugin unused", "start", pytest_start),
    Start("interpreter_start", "interpreter's start, variable unset", "start", interpreter_start),
)


def _python(source: str) -> list[Any]:
    return [sys.executable, "-c", source]


def _children(floor: list[Any], subject: list[Any], budget: float) -> Measured:
    return paired(partial(_child, floor), partial(_child, subject), seconds=0, budget=PATIENCE * budget)


def _child(command: list[Any], _: float) -> float:
    """Run a child; return the microseconds of CPU it took."""
    given = {**os.environ, "LLM_INTERCEPT": "", "PYTHONDONTWRITEBYTECODE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * MICRO


def peak() -> float:
    """Say this process's peak of memory so far, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's `ru_maxrss` begins with the parent's
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / KILO
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGA
