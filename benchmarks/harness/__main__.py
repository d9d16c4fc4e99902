"""Runs the contenders one after the other and writes the table: `python -m harness`, or `make bench`.

Knows: the command line. Must not know: how anything is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path

from harness.contenders import ENTRIES
from harness.environments import CACHE, ROOT, MissingError, aimock, python_for
from harness.report import show, write

RESULTS = ROOT / "benchmarks" / "RESULTS.md"


def main() -> None:
    given = _arguments()
    folder = CACHE / "results"
    folder.mkdir(parents=True, exist_ok=True)
    if not given.table:
        for contender in given.contender or ENTRIES:
            for family in ENTRIES[contender].families:
                if not given.family or family in given.family:
                    _run(contender, family, folder, given)
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    show(runs)
    if not given.no_write:
        write(runs, given.output)
        print(f"written to {given.output}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m harness", description=__doc__)
    parser.add_argument("--contender", action="append", choices=list(ENTRIES), help="only these")
    parser.add_argument("--family", action="append", choices=["httpx", "httpx2"], help="only these")
    parser.add_argument("--only", default="", help="names of workloads, with commas between")
    parser.add_argument("--budget", default="4", help="seconds for each workload (default: 4)")
    parser.add_argument("--table", action="store_true", help="measure nothing: the table of what was measured last")
    parser.add_argument("--no-write", action="store_true", help="print the table, write no file")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file written (default: RESULTS.md)")
    return parser.parse_args()


def _run(contender: str, family: str, folder: Path, given: argparse.Namespace) -> None:
    """Measure one contender on one family in its own environment, into a file of its own."""
    path = folder / f"{contender}-{family}.json"
    new = path.with_suffix(".new")
    try:
        more = aimock() if contender == "aimock" else {}
        python = python_for(contender, family)
    except MissingError as missing:
        print(f"{contender} on {family} is left out: {missing}")
        return
    command = [str(python), "-m", "harness.process", contender, family, str(new)]
    command += ["--only", given.only, "--budget", given.budget]
    variables = {
        **os.environ,
        **more,
        "PYTHONPATH": str(ROOT / "benchmarks"),
        "PYTHONHASHSEED": "0",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    if subprocess.run(command, env=variables, check=False).returncode:
        print(f"{contender} on {family} failed")
    if new.exists():
        path.write_text(_merged(path, new))
        new.unlink()


def _merged(old: Path, new: Path) -> str:
    """Put new results in the place of the old ones of the same names."""
    found = json.loads(new.read_text())
    before = json.loads(old.read_text())["results"] if old.exists() else []
    names = {one["name"] for one in found["results"]}
    found["results"] += [one for one in before if one["name"] not in names]
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    main()
