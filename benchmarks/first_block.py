"""What the first block of a process costs: `python benchmarks/first_block.py [runs] [--against SRC] [--modules]`.

Fresh processes with httpx loaded, alone and beside the SDKs (which load pydantic): CPU milliseconds, medians, of the
import, the first block, the first answer by chat completions and the next. `--against SRC` runs the package in another
`src` in turn with ours, and tells ratios. `--modules` tells where the first block and answer go, by what is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
PRELOADED = {"httpx alone": "httpx", "openai and anthropic": "httpx, openai, anthropic"}
PHASES = ("import", "first block", "first answer", "next answer")
PROGRAM = """
import gc, json, sys, time
import {preloaded}
client = httpx.Client()
body = {{"model": "gpt-4o", "messages": [{{"role": "user", "content": "hi"}}]}}
url, key = "https://api.openai.com/v1/chat/completions", {{"authorization": "Bearer k"}}
moments = []
gc.collect()  # that of the SDKs is none of ours
def passed():
    print(f"phase {{len(moments)}}", file=sys.stderr)
    moments.append(time.process_time())
passed()
from llm_intercept import intercept
passed()
with intercept("hi"):
    passed()
    client.post(url, json=body, headers=key).json()
    passed()
    client.post(url, json=body, headers=key).json()
    passed()
print(json.dumps([(after - before) * 1000 for before, after in zip(moments, moments[1:])]))
"""
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
SHOWN = 25


def run(source: Path, preloaded: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the program once with the package in a folder."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    given |= {"PYTHONPATH": str(source), "LLM_INTERCEPT": ""}
    command = [sys.executable, *options, "-c", PROGRAM.format(preloaded=preloaded)]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=True)


def medians(source: list[Path], preloaded: str, runs: int) -> list[list[float]]:
    """Measure the phases of each package, in turn."""
    for one in source:
        run(one, preloaded)  # which compiles it
    found = [[json.loads(run(one, preloaded).stdout) for one in source] for _ in range(runs)]
    return [[statistics.median(phase) for phase in zip(*of_one, strict=True)] for of_one in zip(*found, strict=True)]


def group(module: str) -> str:
    """Name what a module is a part of: a folder of ours, a dialect, another package."""
    parts = module.split(".")
    if parts[0] != "llm_intercept":
        return parts[0]
    return ".".join(parts[: 3 if parts[1:2] == ["dialects"] else 2])


def modules(preloaded: str) -> Counter[str]:
    """Add up the milliseconds that imports take from the import to the first answer."""
    told = run(SOURCE, preloaded, "-X", "importtime").stderr
    between = told.partition("phase 0")[2].partition("phase 3")[0]
    spent: Counter[str] = Counter()
    for microseconds, module in IMPORTED.findall(between):
        spent[group(module)] += int(microseconds)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=9)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--modules", action="store_true")
    given = parser.parse_args()
    sources = [SOURCE] if given.against is None else [SOURCE, given.against]
    for name, preloaded in PRELOADED.items():
        ours, *others = medians(sources, preloaded, given.runs)
        told = [f"{phase} {spent:.1f} ms" for phase, spent in zip(PHASES, ours, strict=True)]
        for other in others:
            told = [f"{said} (x {one / two:.2f})" for said, one, two in zip(told, ours, other, strict=True)]
        print(f"{name}, Python {sys.version.split()[0]}: {', '.join(told)}")
        for what, spent in modules(preloaded).most_common(SHOWN) if given.modules else ():
            print(f"{spent / 1000:9.1f} ms  {what}")


if __name__ == "__main__":
    main()
