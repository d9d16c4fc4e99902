"""Runs the trap: `python -m tests.trap [DOORS]`, as `make trap` does.

The environment says less: TRAP_EVERY=10 asks every tenth host, TRAP_DOORS="urllib3*,!*pool" some doors, TRAP_MODES="mock"
some modes; TRAP_REPORT=FILE keeps all that came out. It ends with 0 if nothing did beyond the limits, 1 if
something did, and 3 where no namespaces may be made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.trap.cell import LONGEST
from tests.trap.doors import load
from tests.trap.modes import MODES
from tests.trap.namespace import NotAllowedError, unshared
from tests.trap.report import cell, problems, sums, table
from tests.trap.targets import targets

NOT_ALLOWED = 3
ROOT = Path(__file__).parents[2]
UNSAID = ("LLM_INTERCEPT", "PYTHONDONTWRITEBYTECODE")
"""What the environment says and a cell is not told: compiling its libraries would take it longer than asking."""


def main() -> int:
    """Run every cell, print what came out, and say whether it may."""
    began = time.monotonic()
    try:
        before = unshared()
    except NotAllowedError as error:
        print(f"THE TRAP WAS NOT SET: {error}", file=sys.stderr)
        return NOT_ALLOWED
    doors, every = load(), int(os.environ.get("TRAP_EVERY", "1"))
    there = sys.argv[1] if len(sys.argv) > 1 else "*"
    chosen = [name for name in doors if _is_chosen(there, name) and _is_chosen(os.environ.get("TRAP_DOORS", "*"), name)]
    absent = [name for name in chosen if not doors[name].is_there]
    modes = [mode for mode in MODES if _is_chosen(os.environ.get("TRAP_MODES", "*"), mode)]
    pairs = [(door, mode) for door in chosen if door not in absent for mode in modes]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda pair: _cell(before, *pair, every), pairs))
    if "TRAP_REPORT" in os.environ:
        Path(os.environ["TRAP_REPORT"]).write_text(json.dumps(found))
    asked = targets(every)
    cells = [cell(one, asked) for one in found]
    said = problems(cells, doors) + [f"{door}: {doors[door].needs} is not installed" for door in absent]
    print(table(cells), end="\n\n")
    for what, counts in sums(cells, doors).items():
        print(f"{what}: {dict(counts) or 'nothing'}")
    hosts = len({one.host for one in asked if one.group in {"hosts", "places"}})
    print(
        f"{len(pairs)} doors and modes asked {len(asked)} targets of {hosts} hosts in {time.monotonic() - began:.0f} s"
    )
    print("\n".join(["", *said]) if said else "nothing came out")
    failed = [door for door in chosen if any(one.startswith((f"{door}:", f"{door}, ")) for one in said)]
    print(f"\n{len(chosen) - len(failed)} passed, {len(failed)} failed")
    return 1 if said else 0


def _is_chosen(said: str, name: str) -> bool:
    """Whether one of some globs names it, or, of those that begin with `!`, none does."""
    globs = [glob.strip() for glob in said.split(",")]
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    is_wanted = not wanted or any(fnmatchcase(name, glob) for glob in wanted)
    return is_wanted and not any(fnmatchcase(name, glob) for glob in unwanted)


def _cell(before: list[str], door: str, mode: str, every: int) -> dict[str, Any]:
    command = [*before, sys.executable, "-m", "tests.trap.cell", door, mode, str(every)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(UNSAID)}
    try:
        run = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=LONGEST + 60, check=False
        )
        return json.loads(run.stdout)  # type: ignore[no-any-return]
    except (ValueError, subprocess.TimeoutExpired) as error:
        said = run.stderr[-2000:] if isinstance(error, ValueError) else str(error)
        return {"door": door, "mode": mode, "events": [], "outcomes": {}, "why": said}


if __name__ == "__main__":
    sys.exit(main())
