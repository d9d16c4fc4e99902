"""Whether a process that is answered by its environment stays as large as it is: `python benchmarks/memory.py [CALLS]`.

Each kind of traffic runs in a process of its own, under `LLM_INTERCEPT=mock`: every request is another one. Printed is
what the process holds (its resident memory, in MB) after each tenth of the calls, 200,000 by default.

Knows: the kinds of traffic, /proc. Must not know: what holds the memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = {
    "answered": "",
    "scripted": '[[rules]]\nreplies = ["a", "b", "c"]\nkey = "conversation"\n',
    "unmatched": '[[rules]]\nmatch = "never"\nreply = "x"\n',
    "failing": "[[rules]]\nreply = {error = 500}\n",
}
URL = "https://api.openai.com/v1/chat/completions"
TENTHS = 10


def resident() -> float:
    """Read this process's resident memory, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def ask(calls: int) -> None:
    """Make the calls of one process, and print its memory after each tenth of them."""
    import httpx  # noqa: PLC0415 - the parent needs none

    found = []
    with httpx.Client() as client:
        for tenth in range(TENTHS):
            for number in range(tenth * calls // TENTHS, (tenth + 1) * calls // TENTHS):
                content = f"Question {number}, which nobody asked before."
                body = {"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}
                client.post(URL, json=body).read()
            found.append(resident())
    print(" ".join(f"{one:6.1f}" for one in found))


def main() -> None:
    """Run each kind of traffic."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    print(f"MB after each tenth of {calls:,} calls, each another request")
    with tempfile.TemporaryDirectory() as folder:
        for kind, rules in KINDS.items():
            file = Path(folder) / f"{kind}.toml"
            file.write_text(rules)
            given = {"LLM_INTERCEPT": "mock", **({"LLM_INTERCEPT_RULES": str(file)} if rules else {})}
            command = [sys.executable, __file__, "--ask", str(calls)]
            done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=True)
            print(f"{kind:10} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        ask(int(sys.argv[2]))
    else:
        main()
