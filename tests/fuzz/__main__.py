"""`python -m tests.fuzz [TARGET…] [--seconds N] [--seed N]`: hunts through the targets, and fails if one finds anything."""

from __future__ import annotations

import argparse
import sys
import textwrap
import time
from importlib import import_module

from tests.fuzz.target import Hunt, Target, hunt

SHOWN = 1500
MODULES = (
    "requests", "responses", "messages", "gemini", "events", "takes", "imports", "rulefiles", "redaction", "terminal"
)  # fmt: skip


def targets() -> list[Target]:
    """List all targets."""
    found = [vars(import_module(f"tests.fuzz.{name}")).values() for name in MODULES]
    return [one for values in found for one in values if isinstance(one, Target)]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="*", help="a target, or a module of some; by default all")
    parser.add_argument("--seconds", type=float, default=120, help="for how long in all")
    parser.add_argument("--seed", type=int, help="the seed of the first round of each target")
    parser.add_argument("--traces", action="store_true", help="show tracebacks")
    asked = parser.parse_args()
    chosen = [
        one for one in targets() if not asked.target or {one.name, one.name.partition(".")[0]} & set(asked.target)
    ]
    if not chosen:
        parser.error(f"there is no such target; there are {', '.join(one.name for one in targets())}")
    end = time.perf_counter() + asked.seconds
    failed = 0
    for number, one in enumerate(chosen):
        left = max(1.0, end - time.perf_counter())
        done = hunt(one, seconds=left / (len(chosen) - number), first_seed=asked.seed)
        report(done, traces=asked.traces)
        failed += len(done.findings)
    print(f"{failed or 'no'} finding{'' if failed == 1 else 's'}")
    return bool(failed)


def report(done: Hunt, *, traces: bool) -> None:
    """Say what came of a target."""
    print(
        f"{done.target.name}: {done.inputs} inputs in {done.seconds:.0f} s, {len(done.findings)} findings", flush=True
    )
    for one in done.findings.values():
        print(f"  law: {done.target.law.__doc__}")
        print(f"  {one.what!a} at {one.where}")
        print(f"  input: {one.input[:SHOWN]!a}{'' if len(one.input) <= SHOWN else f' … {len(one.input)} characters'}")
        print(f"  again: make fuzz FUZZ_ARGS='{done.target.name} --seed {one.seed}'")
        if traces:
            print(textwrap.indent(one.trace.encode("ascii", "backslashreplace").decode(), "    "))


if __name__ == "__main__":
    sys.exit(main())
