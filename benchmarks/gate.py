"""The speed gate: fails when what we do has grown by a fifth, and never on noise alone.

Two looks, of which the first needs no quiet machine and the second sees what is not Python:

1. Counts: the bytecode instructions that our code executes for a call or chunk, beside those in baseline.json. They are
   the same wherever the same Python runs; a tenth more fails.
2. Times: what we cost over the floor, in floors, beside the sources of the revision that baseline.json names (or
   `--against REV`), both measured in turn on this machine. Each repeat is a process of its own: interleaved rounds
   beside the floor, the lowest tenths of single calls. A workload fails when it is above its bound in five repeats of
   seven; three within it are enough to pass.

`--counts` takes the first look only; `--update` writes the counts of this Python and names this revision.

Knows: baselines and what to make of repeats. Must not know: how anything is measured or counted.
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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "benchmarks" / "baseline.json"
MORE = 0.1
SLACK = 0.15  # a growth of 20 % and more stands out, noise of a quiet or a busy machine does not
LITTLE = 0.5  # floors: growth of what is less than this over the floor is measured in these
REPEATS, ENOUGH = 7, 3
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
Figures = dict[str, float]
Counts = dict[str, int]


def asked(module: str, family: str, source: Path, *arguments: str) -> Any:
    """Ask a module of the harness about the sources in a folder, in a process of its own."""
    paths = os.pathsep.join((str(source / "src"), str(ROOT / "benchmarks")))
    variables = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "LLM_INTERCEPT": ""}
    command = [sys.executable, "-m", f"harness.{module}", family, *arguments]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, text=True, cwd=source)
    return json.loads(done.stdout)


def counts(families: list[str], known: dict[str, Counts]) -> list[str]:
    """Compare the counts of each family; return what is to be said of those that have grown."""
    failed: list[str] = []
    for family in families:
        found: Counts = asked("counting", family, ROOT)
        grown = {name: found[name] / base - 1 for name, base in known.get(family, {}).items() if name in found}
        print(
            f"{family}, instructions: {', '.join(f'{name} {found[name]} ({one:+.1%})' for name, one in grown.items())}"
        )
        failed += [f"{family} {name}: {one:+.0%} instructions" for name, one in grown.items() if one > MORE]
    return failed


def times(family: str, seconds: float, base: Path) -> list[str]:
    """Repeat until every workload has passed, or one cannot any more; return what is to be said of those that failed.

    Args:
        family: The client library.
        seconds: How long each workload of each repeat takes.
        base: A folder with the sources to compare with.

    """
    grown: dict[str, list[float]] = {}
    for repeat in range(REPEATS):
        against: Figures = asked("gating", family, base, str(seconds))
        found: Figures = asked("gating", family, ROOT, str(seconds))
        for name, figure in found.items():
            grown.setdefault(name, []).append((figure - against[name]) / max(against[name], LITTLE))
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


def update(families: list[str]) -> None:
    """Write the counts of this Python and name this revision."""
    known = _baseline()
    known["revision"] = _git("rev-parse", "HEAD")
    for family in families:
        known["counts"].setdefault(PYTHON, {})[family] = asked("counting", family, ROOT)
    BASELINE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    print(f"{BASELINE.name}: Python {PYTHON}, {known['revision']}")


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
        update(families)
        return
    known = _baseline()
    if PYTHON not in known["counts"]:
        print(f"{BASELINE.name} has no counts for Python {PYTHON} (--update writes them)")
    failed = counts(families, known["counts"].get(PYTHON, {}))
    revision = given.against or known["revision"]
    if not given.counts and _is_here(revision):
        with checked_out(revision) as source:
            failed += [one for family in families for one in times(family, given.seconds, source)]
    if failed:
        sys.exit("Slower than before:\n  " + "\n  ".join(failed) + f"\n{_advice()}")
    print("no slower than before")


def _baseline() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"counts": {}, "revision": ""}
    return known


def _is_here(revision: str) -> bool:
    """Tell whether a revision can be checked out; a shallow clone may not have it."""
    command = ["git", "-C", str(ROOT), "cat-file", "-e", f"{revision}^{{commit}}"]
    here = subprocess.run(command, check=False, capture_output=True).returncode == 0
    if not here:
        print(f"the revision {revision or '(none)'} is not in this clone: times are not compared")
    return here


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _advice() -> str:
    return "If this is meant, run `python benchmarks/gate.py --update` and commit baseline.json; else profile it."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=["httpx", "httpx2"], help="only this one")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each workload of a repeat (default: 0.5)")
    parser.add_argument("--against", metavar="REV", help="compare times with this git revision")
    parser.add_argument("--counts", action="store_true", help="compare counts only")
    parser.add_argument("--update", action="store_true", help="write the baseline")
    return parser.parse_args()


if __name__ == "__main__":
    main()
