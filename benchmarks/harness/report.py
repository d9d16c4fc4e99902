"""The table: a rich one for the terminal, a Markdown one with versions for the repository.

Knows: results and the bounds they should keep. Must not know: how they came.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.contenders import ENTRIES
from harness.starts import STARTS
from harness.workloads import WORKLOADS

OURS = "llm-intercept"
THOUSAND = 1000
Run = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """What our column should keep: a ratio, microseconds over the floor, or both; either of them may be None."""

    ratio: float | None = None
    over: float | None = None

    def kept(self, result: Result) -> bool:
        """Tell whether a result is within the bound."""
        ratio_kept = self.ratio is None or result["ratio"] <= self.ratio
        return ratio_kept and (self.over is None or result["over"] <= self.over)

    def __str__(self) -> str:
        over = "" if self.over is None else f"+{self.over:g}" if self.over < THOUSAND else f"+{self.over / THOUSAND:g}k"
        return ", ".join(filter(None, (f"{self.ratio:g} x" if self.ratio else "", over)))


BOUNDS = {
    "sdk_json": Bound(1.03, 20),
    "sdk_json_async": Bound(1.03, 20),
    "sdk_concurrent": Bound(1.031),
    "raw_post": Bound(1.3, 15),
    "sdk_stream": Bound(1.02),
    "sdk_stream_async": Bound(1.02),
    "raw_lines": Bound(1.25),
    "rules_exact": Bound(1.5),
    "rules_substring": Bound(over=500),
    "replay_first": Bound(2.0),
    "replay": Bound(1.3),
    "make_client": Bound(over=1000),
    "memory": Bound(over=4),
    "import": Bound(over=10_000),
    "pytest_start": Bound(over=2000),
    "interpreter_start": Bound(over=150),
}


def show(runs: list[Run]) -> None:
    """Print the table of each family."""
    for family in ("httpx", "httpx2"):
        columns, rows = table(runs, family)
        shown = Table(title=f"{family}: times the floor, microseconds (or MB) over it", show_lines=False)
        for column in columns:
            shown.add_column(column, overflow="fold")
        for row in rows:
            shown.add_row(*row)
        Console().print(shown)


def table(runs: list[Run], family: str) -> tuple[list[str], list[list[str]]]:
    """Make the columns and rows for a family."""
    by_name = {run["contender"]: {one["name"]: one for one in run["results"]} for run in _of(runs, family)}
    names = [name for name in ENTRIES if name in by_name and name != "floor"]
    rows: list[list[str]] = []
    for one in (*WORKLOADS, *STARTS):
        found = [by_name[name].get(one.name) for name in names]
        if any(found):
            floor = next((result["floor"] for result in found if result and "floor" in result), None)
            bound = str(BOUNDS.get(one.name, ""))
            rows.append([f"{one.title} ({one.unit})", _time(floor, one.unit), bound, *map(cell, names, found)])
    return ["workload", "floor", "bound", *names], rows


def cell(contender: str, result: Result | None) -> str:
    """Say a result: the ratio, what is over the floor, and for ours whether the bound is kept."""
    if result is None:
        return ""
    if "cannot" in result:
        return str(result["cannot"])
    bound = BOUNDS.get(result["name"]) if contender == OURS else None
    mark = "" if bound is None else " ✓" if bound.kept(result) else " ✗"
    if result["unit"] == "MB":
        return f"+{result['over']:.1f} MB{mark}"
    return f"{result['ratio']:.2f} x, {_over(result['over'])}{mark}"


def write(runs: list[Run], path: Path) -> None:
    """Write the tables with what they were measured on."""
    lines = ["# Results", "", _machine(), "", _reading(), ""]
    for family in ("httpx", "httpx2"):
        columns, rows = table(runs, family)
        if rows:
            lines += [f"## {family}", "", *_markdown(columns, rows), "", *_versions(_of(runs, family)), ""]
    path.write_text("\n".join(lines).rstrip() + "\n")


def _of(runs: list[Run], family: str) -> list[Run]:
    return [run for run in runs if run["family"] == family]


def _machine() -> str:
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "")
    cores = sum(line.startswith("processor") for line in _cpuinfo())
    today = dt.datetime.now(tz=dt.UTC).date()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = f"load {os.getloadavg()[2]:.1f} in the last quarter of an hour"
    return f"{today}, {python}, {platform.system()}, {cores} cores {model}, {load}"


def _reading() -> str:
    return (
        "Medians of interleaved rounds beside the floor, a `MockTransport` that returns ready bytes, in the same "
        "process: times the floor, and microseconds over it for one call, chunk, client or start. CPU time of the "
        "process; for aimock, which is another process, wall time. ✓ and ✗ say whether our bound is kept. "
        "docs/performance.md says what each workload is."
    )


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _markdown(columns: list[str], rows: list[list[str]]) -> list[str]:
    cells = [[one.replace("|", "\\|").replace("\n", " ") for one in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *cells)]


def _versions(runs: list[Run]) -> list[str]:
    return [f"- {run['contender']}: {', '.join(f'{k} {v}' for k, v in run['versions'].items())}" for run in runs]


def _time(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.0f} MB" if unit == "MB" else _over(value).lstrip("+")


def _over(micro: float) -> str:
    size = abs(micro)
    if size >= THOUSAND:
        return f"{micro / THOUSAND:+.1f} ms"
    return f"{micro:+.0f} µs" if size >= 10 else f"{micro:+.2f} µs"  # noqa: PLR2004
