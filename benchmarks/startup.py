"""What an installed llm-intercept costs an interpreter's start: `python benchmarks/startup.py [pairs]`.

Two virtual environments, one with the package and its start-up files, one without; interleaved runs of
`python -c pass`, medians, ratios. Unset is what everybody pays; active is what a run with LLM_INTERCEPT=mock pays.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment(folder: Path, *, installed: bool) -> Path:
    """Make a virtual environment and return its Python."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    if installed:
        site = next(folder.glob("lib/python*/site-packages"))
        shutil.copytree(ROOT / "src" / "llm_intercept", site / "llm_intercept")
        for file in (ROOT / "startup").iterdir():
            shutil.copy(file, site)
    return python


def run(python: Path, **variables: str) -> float:
    """Start and end a Python; return milliseconds."""
    begun = time.perf_counter()
    given = {**os.environ, "LLM_INTERCEPT": "", **variables}
    subprocess.run([python, "-c", "pass"], env=given, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Print medians and ratios."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        plain = environment(Path(folder, "plain"), installed=False)
        ours = environment(Path(folder, "ours"), installed=True)
        for python in (plain, ours):
            run(python, LLM_INTERCEPT="mock")
        rows = [(run(plain), run(ours), run(ours, LLM_INTERCEPT="mock")) for _ in range(pairs)]
    without, unset, active = (statistics.median(column) for column in zip(*rows, strict=True))
    extra = statistics.median(row[1] - row[0] for row in rows)
    print(f"{pairs} interleaved runs of python -c pass, medians (Python {sys.version.split()[0]})")
    print(f"not installed      {without:.2f} ms")
    print(f"installed, unset   {unset:.2f} ms (x {unset / without:.3f}, {extra:+.3f} ms paired)")
    print(f"LLM_INTERCEPT=mock {active:.2f} ms (x {active / without:.2f})")


if __name__ == "__main__":
    main()
