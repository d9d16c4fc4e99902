"""How a missing recording is made: where to say another mode, and a command that runs this program again.

Knows: where a mode is said, how programs are started. Must not know: requests, takes.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.engine.recorder import Recorder

SAID = {
    "argument": "mode='auto' in place of mode={!r} in the code",
    "recordings": "mode='auto' beside recordings=, which alone means {!r}",
    "table": 'mode = "auto" in [tool.llm_intercept] of pyproject.toml in place of {!r}',
    "environment": "LLM_INTERCEPT=auto in place of LLM_INTERCEPT={}",
    "flag": "--llm-mode=auto in place of --llm-mode={}",
    "marker": "--llm-mode=auto, which comes before the marker's mode={!r}",
    "ini": "--llm-mode=auto, which comes before llm_mode = {} of the ini file",
    "fixture": "--llm-mode=auto; recordings for which nobody says a mode mean {!r}",
}
"""Where a mode was said, and what to say there."""
OF_PYTEST = ("flag", "marker", "ini", "fixture")
IN_CI = "Record it elsewhere: in CI mode 'auto' records nothing (the variable CI is set)."


def advice(recorder: Recorder, *, is_empty: bool = False) -> str:
    """Say how a request is recorded, or the old answer kept, if the tape has any."""
    location = shlex.quote(str(recorder.recordings.location))
    kept = "" if is_empty else f"\n{_kept(location)}"
    if recorder.mode == "auto":
        return f"{IN_CI}{kept}"
    command = _again(recorder.mode_from, location)
    run = f":\n  {command}" if command else "."
    return f"Record it: {SAID[recorder.mode_from].format(recorder.mode)}{run}{kept}"


def _kept(location: str) -> str:
    rekey = f"llm-intercept recordings rekey {location} -- {started_as() or 'and the command of your program'}"
    return f"If only the prompt changed, keep the old answer without paying: {rekey}"


def _again(mode_from: str, location: str) -> str:
    """Return the command that records; empty where none does, or none is known."""
    if mode_from in OF_PYTEST:
        return shlex.join(["python", "-m", "pytest", "--llm-mode=auto", *_test()])
    command = started_as()
    if mode_from != "environment" or not command:
        return ""
    return f"LLM_INTERCEPT=auto LLM_INTERCEPT_RECORDINGS={location} {command}"


def started_as() -> str:
    """Say how this program was started, under pytest its test alone; empty where that cannot be told."""
    if test := _test():
        return shlex.join(["python", "-m", "pytest", *test])
    program = Path(sys.argv[0] if sys.argv else "")
    if not program.is_file():  # `-c`, an interpreter's prompt, a worker of xdist
        return ""
    module = program.name == "__main__.py"
    return shlex.join(["python", *(["-m", program.parent.name] if module else [str(program)]), *sys.argv[1:]])


def _test() -> list[str]:
    """Name the test that runs, if it can be found from here."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    return [test] if test and Path(test.partition("::")[0]).is_file() else []
