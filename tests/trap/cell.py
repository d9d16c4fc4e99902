"""A namespace of its own for one door in one mode: `unshare -n -m python -m tests.trap.cell DOOR MODE EVERY`.

It prints what the listener heard and what the asker says, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import trustme

from tests.trap.listener import Listener
from tests.trap.modes import environment
from tests.trap.namespace import enter, trust

LONGEST = 400
"""The seconds that a door may take for all."""


def main() -> None:
    """Listen, let the asker ask, and print."""
    door, mode, every = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        enter(folder)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "trusted.pem")
        listener = Listener(authority)
        listener.start()
        tape, file = folder / "tape", folder / "outcome.json"
        tape.mkdir()
        environ = trust(folder / "trusted.pem") | environment(mode, str(tape))
        command = [sys.executable, "-m", "tests.trap.asker", door, mode, every, str(tape), str(file)]
        said = _run(command, environ, folder / "said")
        outcome = json.loads(file.read_text()) if file.exists() else {"outcomes": {}, "why": said or "it wrote nothing"}
    sys.stdout.write(json.dumps({"door": door, "mode": mode, "events": listener.events, **outcome}))


def _run(command: list[str], environ: dict[str, str], file: Path) -> str:
    """Run a command; return the end of what it says. Into a file: a child that stays would keep a pipe open."""
    with file.open("wb") as said:
        try:
            subprocess.run(command, env=environ, stdout=said, stderr=said, timeout=LONGEST, check=False)
        except subprocess.TimeoutExpired:
            return f"it took more than {LONGEST} seconds"
    return file.read_text(errors="replace")[-2000:]


if __name__ == "__main__":
    main()
