"""A process that asks everything by one door in one mode: `python -m tests.trap.asker DOOR MODE EVERY TAPE FILE`.

It writes into the file what came of its attempts; what came out says the listener.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path

from tests.trap.doors import load, outcomes, run
from tests.trap.modes import OFF, block, lets_out
from tests.trap.targets import Target, targets


def main() -> None:
    """Ask, and write."""
    name, mode, every, tape, file = sys.argv[1:]
    door, asked = load()[name], targets(int(every))
    if mode == OFF or (lets_out(mode) and door.is_answered):  # nothing is judged by what is to go out
        asked = few(asked)
    why = "it was not run"
    try:
        with block(mode, tape):
            try:
                run(door, asked)
                why = ""
            except BaseException:
                why = traceback.format_exc()
                raise
    except BaseException as error:  # noqa: BLE001 - a block that stopped somebody says so when it ends
        outcomes[f"the block: {type(error).__name__}"] += 1
    Path(file).write_text(json.dumps({"outcomes": outcomes, "why": why}))


def few(asked: list[Target]) -> list[Target]:
    """Choose one target of each group, Amazon's and a plain body."""
    chosen = {one.group: one for one in reversed(asked)}
    amazon = Target("hosts", "bedrock-runtime.us-east-1.amazonaws.com", "bedrock-runtime.us-east-1.amazonaws.com")
    return [amazon, *(one for group, one in chosen.items() if group != "hosts")]


if __name__ == "__main__":
    main()
