"""Records the tapes in this folder again: programs of examples/ against the project's own upstream on this machine.

Run it from the project's root: python recordings/make.py
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.upstream import serving  # noqa: E402 - the project's root is no installed package


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), tls=False) as upstream:
        for program in ("chat_app",):
            environment = {
                **os.environ,
                "LLM_INTERCEPT": "record",
                "LLM_INTERCEPT_RECORDINGS": str(ROOT / "recordings" / program),
                "OPENAI_BASE_URL": upstream.url + "/v1",
            }
            subprocess.run([sys.executable, ROOT / "examples" / f"{program}.py"], env=environment, check=True)


if __name__ == "__main__":
    main()
