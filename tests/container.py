"""Reads a Containerfile, and carries its steps out in folders and environments: there need be no container engine.

`python -m tests.container FILE` builds each stage in a folder of its own: `COPY` copies, `RUN` is run by a shell whose
`python` is that of a fresh environment, the working directory is a folder in the stage's. At the end the entry point is run
as the image would, at another port, and the health check is asked.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import NamedTuple

from tests.amounts import PATIENCE


class Step(NamedTuple):
    """An instruction: its word, and what follows it."""

    word: str
    text: str

    @property
    def words(self) -> list[str]:
        """What follows, as the words of its JSON form or of a command line."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def stages(text: str) -> dict[str, list[Step]]:
    """Read the stages, by their names; one without a name has its number."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: dict[str, list[Step]] = {}
    for line in re.sub(r"\\\n", " ", lines).splitlines():
        if not line.strip():
            continue
        step = Step(*line.strip().split(maxsplit=1))
        if step.word == "FROM":
            found[step.words[2] if len(step.words) > 1 else str(len(found))] = []
        list(found.values())[-1].append(step)
    return found


def of(steps: list[Step], word: str) -> list[Step]:
    """Return the instructions of a word."""
    return [step for step in steps if step.word == word]


class Stage:
    """A stage that is carried out in a folder."""

    def __init__(self, root: Path, context: Path) -> None:
        self.root, self.context, self.at = root, context, root
        self.tools = root.with_name(f"{root.name}-env")
        venv.create(self.tools, with_pip=True)
        path = f"{self.tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LLM_INTERCEPT")}
        self.environment |= {"PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def inside(self, path: str) -> Path:
        """Return where a path of the image is."""
        return self.root / path.lstrip("/") if path.startswith("/") else self.at / path

    def carry_out(self, step: Step, others: dict[str, Stage]) -> None:
        """Carry an instruction out; what only describes the image is nothing to do."""
        match step.word:
            case "WORKDIR":
                self.at = self.inside(step.text)
                self.at.mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(step.words, others)
            case "RUN":
                subprocess.run(["sh", "-ec", step.text], cwd=self.at, env=self.environment, check=True)
            case "ENV":
                self.environment |= dict(word.split("=", 1) for word in step.words)

    def _copy(self, words: list[str], others: dict[str, Stage]) -> None:
        given = [word for word in words if word.startswith("--from=")]
        *sources, target = words[len(given) :]
        where = others[given[0].removeprefix("--from=")].inside if given else self.context.joinpath
        for source in map(where, sources):
            into = self.inside(target)
            if source.is_dir():
                shutil.copytree(source, into, dirs_exist_ok=True)
            else:
                into = into / source.name if target.endswith("/") else into
                shutil.copy2(source, into)

    def serve(self, steps: list[Step]) -> None:
        """Run the entry point at a free port, and ask for the health that the image is judged by."""
        entry = of(steps, "ENTRYPOINT")[-1].words
        port = entry[entry.index("--port") + 1]
        command = [*entry[: entry.index("--port")], "--port", "0"]
        with subprocess.Popen(command, cwd=self.at, env=self.environment, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                said = json.loads(server.stdout.readline())
                asked = [word.replace(f":{port}/", f":{said['port']}/") for word in health(steps)]
                subprocess.run(asked, env=self.environment, cwd=self.at, check=True)
            finally:
                server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=PATIENCE) == 0


def health(steps: list[Step]) -> list[str]:
    """Return the command of the health check."""
    return Step("CMD", of(steps, "HEALTHCHECK")[-1].text.partition("CMD")[2].strip()).words


def main(file: Path) -> None:
    """Carry a Containerfile out."""
    context, begun = Path.cwd(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="container-") as folder:
        done: dict[str, Stage] = {}
        for name, steps in stages(file.read_text()).items():
            (root := Path(folder, name)).mkdir()
            done[name] = Stage(root, context)
            for step in steps:
                done[name].carry_out(step, done)
            if of(steps, "ENTRYPOINT"):
                done[name].serve(steps)
    print(f"{file}: all steps were carried out in {time.monotonic() - begun:.0f} s; the server was healthy")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
