"""The speed gate: fails when what we cost over the floor has grown by a fifth, and never on noise alone.

`python benchmarks/gate.py` compares with baseline.json; `--against REV` with that revision's sources, measured in turn
on this machine, which needs no baseline; `--update` writes a new baseline.

Each repeat is a process of its own: interleaved rounds beside the floor, the lowest tenths of single calls. What is
compared is what is over the floor in floors, so that a slower machine is no regression. A workload fails when it is
above its bound in five repeats of seven; three within it are enough to pass.

Knows: baselines and what to make of repeats. Must not know: how anything is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "benchmarks" / "baseline.json"
SLACK = 0.12  # a growth of 20 % stands out, noise of a quiet or a busy machine does not
REPEATS, ENOUGH = 7, 3
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
Figures = dict[str, float]


def measured(family: str, seconds: float, source: Path) -> Figures:
    """Measure the sources in a folder, in a process of their own."""
    paths = os.pathsep.join((str(source / "src"), str(ROOT / "benchmarks")))
    variables = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "LLM_INTERCEPT": ""}
    command = [sys.executable, "-m", "harness.gating", family, str(seconds)]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def verdict(family: str, seconds: float, base: Figures | Path) -> list[str]:
    """Repeat until every workload has passed, or one cannot any more; return what is to be said of those that failed.

    Args:
        family: The client library.
        seconds: How long each workload of each repeat takes.
        base: What to compare with: figures, or a folder with sources.

    """
    grown: dict[str, list[float]] = {}
    for repeat in range(REPEATS):
        against = measured(family, seconds, base) if isinstance(base, Path) else base
        for name, figure in measured(family, seconds, ROOT).items():
            if name in against:
                grown.setdefault(name, []).append(figure / against[name] - 1)
        print(f"{family}, repeat {repeat + 1}: {_said(grown)}", flush=True)
        if all(_passes(one) for one in grown.values()) or any(_fails(one) for one in grown.values()):
            break
    return [f"{family} {name}: {statistics.median(one):+.0%}" for name, one in grown.items() if _fails(one)]


def _passes(grown: list[float]) -> bool:
    return sum(one <= SLACK for one in grown) >= ENOUGH


def _fails(grown: list[float]) -> bool:
    return sum(one > SLACK for one in grown) > REPEATS - ENOUGH


def _said(grown: dict[str, list[float]]) -> str:
    return ", ".join(f"{name} {one[-1]:+.1%}" for name, one in grown.items())


def update(families: list[str], seconds: float) -> None:
    """Write the medians of repeats as the baseline of this Python."""
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    for family in families:
        repeats = [measured(family, seconds, ROOT) for _ in range(REPEATS)]
        medians = {name: round(statistics.median(one[name] for one in repeats), 3) for name in repeats[0]}
        known.setdefault(PYTHON, {})[family] = medians
        print(f"{family}: {medians}")
    BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Check a revision out beside this one while the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "base")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(path), revision], check=True)
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True)


def main() -> None:
    given = _arguments()
    families = given.family or ["httpx", "httpx2"]
    if given.update:
        update(families, given.seconds)
        return
    if given.against:
        with checked_out(given.against) as source:
            failed = [one for family in families for one in verdict(family, given.seconds, source)]
    else:
        baseline = _baseline()
        failed = [one for family in families for one in verdict(family, given.seconds, baseline.get(family, {}))]
    if failed:
        sys.exit("Slower over the floor than before:\n  " + "\n  ".join(failed) + f"\n{_advice()}")
    print("no slower than before")


def _baseline() -> dict[str, Figures]:
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if PYTHON not in known:
        print(f"{BASELINE.name} has no figures for Python {PYTHON}; nothing to compare with (--update writes them)")
        sys.exit(0)
    found: dict[str, Figures] = known[PYTHON]
    return found


def _advice() -> str:
    return "If this is meant, run `python benchmarks/gate.py --update` and commit baseline.json; else profile it."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=["httpx", "httpx2"], help="only this one")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each workload of a repeat (default: 1)")
    parser.add_argument("--against", metavar="REV", help="a git revision to compare with instead of the baseline")
    parser.add_argument("--update", action="store_true", help="write the baseline")
    return parser.parse_args()


if __name__ == "__main__":
    main()
