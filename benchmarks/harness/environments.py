"""Environments for contenders: each has its own, so that no plugin or pin of one touches another.

Knows: uv and npm. Must not know: what is measured.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from harness.contenders import ENTRIES, SDK

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "bench"
COMMON = ("pytest", "pydantic")


class MissingError(Exception):
    """A program that an environment needs is not there."""


def python_for(contender: str, family: str) -> Path:
    """Make the environment of a contender on a family, unless it is there; return its Python.

    Raises:
        MissingError: uv is missing, or what is required cannot be installed.

    """
    requirements = [*ENTRIES[contender].requirements, *SDK[family], *COMMON]
    key = hashlib.sha256(repr((requirements, sys.version_info[:2])).encode()).hexdigest()[:8]
    folder = CACHE / f"{contender}-{family}-{key}"
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(python), *_editable(requirements))
        (folder / ".ready").touch()
    return python


def aimock() -> dict[str, str]:
    """Install the npm contender, unless it is there; return the variable that names its program.

    Raises:
        MissingError: There is no npm, or it cannot install.

    """
    folder = CACHE / "aimock"
    program = folder / "node_modules" / ".bin" / "llmock"
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("npm is not installed")
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run([npm, "install", "--silent", "--no-fund", "--no-audit", "@copilotkit/aimock"], folder)
    return {"AIMOCK": str(program)}


def _editable(requirements: list[str]) -> list[str]:
    return [part for one in requirements for part in (("--editable", str(ROOT)) if one == "." else (one,))]


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise MissingError("uv is not installed: `pip install uv`")
    _run([uv, *arguments], ROOT)


def _run(command: list[str], folder: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError((done.stderr.strip().splitlines() or ["it failed"])[-1])
