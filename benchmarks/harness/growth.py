"""How the cost grows with rules, takes and concurrent calls: `python -m harness.growth`, or `make bench-growth`.

Measures llm-intercept on one family in this process and writes benchmarks/growth.json; `--plot` draws it as SVG
(matplotlib, dependency group `bench`).

Knows: sizes and fits. Must not know: other contenders.
"""

from __future__ import annotations

import argparse
import importlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.case import CannotError, Case
from harness.contenders.ours import Ours
from harness.measure import measure
from harness.timing import exponent
from harness.workloads import Workload, raw_post, raw_post_each, sdk_concurrent

ROOT = Path(__file__).parents[2]
FILE = ROOT / "benchmarks" / "growth.json"
DOCS = ROOT / "docs"
RULES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
EACH = 1000  # takes of the smallest tape whose takes are not played out before a segment ends
TAKES = (1, 10, 100, 1000, 10_000, 100_000)
CALLS = (1, 3, 10, 30, 100, 300, 1000)
SERIES = {
    "rules_exact": (Workload("rules_exact", "rules, exact", "call", Case("exact"), raw_post), RULES),
    "rules_substring": (Workload("rules_substring", "rules, substrings", "call", Case("substring"), raw_post), RULES),
    "takes": (Workload("takes", "takes of a tape", "call", Case("replay"), raw_post), TAKES),
    "takes_first": (
        Workload("takes_first", "takes of a tape, each once", "call", Case("replay"), raw_post_each),
        tuple(size for size in TAKES if size >= EACH),
    ),
    "concurrent": (
        Workload("concurrent", "concurrent calls", "call", Case(), sdk_concurrent, "async", warm=False),
        CALLS,
    ),
}
PLOTS = {
    "growth-rules": ("rules, the last one matches", ("rules_exact", "rules_substring")),
    "growth-takes": ("takes on the tape", ("takes", "takes_first")),
    "growth-concurrent": ("concurrent calls", ("concurrent",)),
}


def series(ours: Ours, name: str, family: Any, budget: float) -> dict[str, Any]:
    """Measure a workload at each size; fit the exponent of what is over the floor, to all and to the last decade."""
    workload, sizes = SERIES[name]
    points: list[dict[str, Any]] = []
    for size in sizes:
        sized = replace(workload, case=replace(workload.case, size=size))
        try:
            points.append({"size": size, **asdict(measure(ours, sized, family, budget=budget))})
        except CannotError as error:
            return {"title": workload.title, "cannot": str(error)}
        print(f"{name} {size}: {points[-1]['over']:+.1f} µs, x {points[-1]['ratio']:.2f}", flush=True)
    over = [(float(point["size"]), float(point["over"])) for point in points]
    last = [one for one in over if one[0] >= over[-1][0] / 10]
    return {"title": workload.title, "points": points, "exponent": exponent(over), "last_decade": exponent(last)}


def plot(found: dict[str, Any]) -> None:
    """Draw what was measured, one SVG for each kind of growth."""
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.rcParams["svg.hashsalt"] = "llm-intercept"
    for file, (label, names) in PLOTS.items():
        drawn = {name: found[name] for name in names if "points" in found.get(name, {})}
        if drawn:
            _draw(DOCS / f"{file}.svg", label, drawn)


def _draw(path: Path, label: str, drawn: dict[str, Any]) -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415 - optional

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for one in drawn.values():
        sizes = [point["size"] for point in one["points"]]
        name = f"{one['title']}: exponent {one['last_decade']:.2f} in the last decade"
        axes.loglog(sizes, [point["median"] for point in one["points"]], marker="o", label=name)
    axes.loglog(sizes, [point["floor"] for point in one["points"]], color="gray", linestyle="--", label="floor")
    axes.set(xlabel=label, ylabel="µs a call")
    axes.legend()
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", default="httpx2", choices=["httpx", "httpx2"])
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for each size (default: 2)")
    parser.add_argument("--only", default="", help="names of series, with commas between")
    parser.add_argument("--plot", action="store_true", help="measure nothing, draw what was measured last")
    given = parser.parse_args()
    found: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    if given.plot:
        plot(found)
        return
    family, ours = importlib.import_module(given.family), Ours()
    for name in given.only.split(",") if given.only else SERIES:
        found[name] = series(ours, name, family, given.budget)
        FILE.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}: {found[name].get('cannot') or round(found[name]['exponent'], 2)}", flush=True)


if __name__ == "__main__":
    main()
