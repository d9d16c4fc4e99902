"""One contender on one family, all workloads: `python -m harness.process CONTENDER FAMILY FILE`.

Knows: what is run and the form of the results. Must not know: environments, tables.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.case import CannotError
from harness.contenders import load
from harness.measure import measure
from harness.starts import STARTS
from harness.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.timing import Measured


def results(contender: str, family: str, wanted: list[str], budget: float) -> Iterator[dict[str, Any]]:
    """Run workloads and yield each one's result, or the reason why there is none."""
    made, module = load(contender), importlib.import_module(family)
    jobs: list[tuple[Any, Callable[[], Measured]]] = [
        (one, partial(measure, made, one, module, budget=budget)) for one in WORKLOADS
    ]
    jobs += [(one, partial(one.measure, contender, family, budget)) for one in STARTS]
    for one, run in jobs:
        if wanted and one.name not in wanted:
            continue
        head = {"name": one.name, "unit": one.unit}
        try:
            yield {**head, **asdict(run())}
        except CannotError as error:
            yield {**head, "cannot": str(error)}


def versions(contender: str, family: str) -> dict[str, str]:
    """Say the versions of what takes part."""
    found = {"python": platform.python_version()}
    for name in (family, "openai", *load(contender).distributions):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contender")
    parser.add_argument("family")
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--budget", type=float, default=4.0)
    given = parser.parse_args()
    wanted = [name for name in given.only.split(",") if name]
    head = {"contender": given.contender, "family": given.family, "versions": versions(given.contender, given.family)}
    done: list[dict[str, Any]] = []
    for one in results(given.contender, given.family, wanted, given.budget):
        done.append(one)
        print(f"{given.contender} {given.family} {_line(one)}", flush=True)
        given.file.write_text(json.dumps({**head, "results": done}, indent=1) + "\n")


def _line(one: dict[str, Any]) -> str:
    if "cannot" in one:
        return f"{one['name']}: {one['cannot']}"
    over = f"{one['over']:+.2f} ({one['over_low']:+.2f} to {one['over_high']:+.2f})"
    beside = f"floor {one['floor']:.2f}, x {one['ratio']:.3f}"
    return f"{one['name']}: {one['median']:.2f}, {beside}, {over}, {one['rounds']} rounds"


if __name__ == "__main__":
    main()
