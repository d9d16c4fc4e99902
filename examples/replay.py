"""chat_app.py, unchanged, answered from the tape in recordings/chat_app: no network, the recorded gaps or none."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    environment = {
        **os.environ,
        "LLM_INTERCEPT": "replay",
        "LLM_INTERCEPT_RECORDINGS": str(ROOT / "recordings" / "chat_app"),
        "OPENAI_BASE_URL": "http://localhost:50009/v1",  # recorded on this machine; nothing listens there
    }
    subprocess.run([sys.executable, ROOT / "examples" / "chat_app.py"], env=environment, check=True)


if __name__ == "__main__":
    main()
