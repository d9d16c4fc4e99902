"""Lets a Locust file ask a server for 15 s, some of which it takes to begin: `python -m tests.locust FILE`.

Every answer is to be whole.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from llm_intercept import Interceptor, auto
from llm_intercept.server import serve

PACE = "ttft=0.05,per_token=0.002,length=normal(40, 10),load=0.02"


def main(file: str) -> int:
    """Run it; return its status, which says whether anything failed."""
    llm = Interceptor(auto(), pace=PACE)
    with serve(llm) as url:
        command = [str(Path(sys.executable).with_name("locust")), "-f", file, "--headless", "-u", "20", "-r", "20"]
        status = subprocess.run([*command, "-t", "15s", "--host", url, "--only-summary"]).returncode
    assert len(llm.calls) > 20
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
