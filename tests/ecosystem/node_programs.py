"""Programs in Node beside a server: what they need is installed by npm, once, in a folder that pytest keeps."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from served_talk import told
from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE, NPM = shutil.which("node"), shutil.which("npm")
EXAMPLES = Path(__file__).parents[2] / "examples"
INSTALL = ("install", "--no-audit", "--no-fund", "--loglevel=error", "--no-package-lock")
NOWHERE = "http://127.0.0.1:9"
NO_NETWORK = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}
"""Programs that go elsewhere by themselves find nobody there."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "CO_API_KEY")

needs_node = pytest.mark.skipif(NODE is None or NPM is None, reason="there is no node, or no npm, on this machine")


def installed(source: Path, config: pytest.Config) -> Path:
    """Copy a folder with a package.json to one that is kept, install what it names, and return that one."""
    assert config.cache is not None
    folder = config.cache.mkdir(f"node-{source.name}")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    wanted = (source / "package.json").read_bytes()
    done = folder / "installed.json"
    if not done.exists() or done.read_bytes() != wanted:
        assert NPM is not None
        run(NPM, *INSTALL, folder=folder)
        done.write_bytes(wanted)
    return folder


def alone(home: Path) -> dict[str, str]:
    """Say what a program's environment has that is told nothing."""
    return {**NO_NETWORK, "PATH": os.environ["PATH"], "HOME": str(home)}


def environment(url: str, home: Path) -> dict[str, str]:
    """Say what it has of a server: where that is, and keys that no maker knows."""
    return {**alone(home), **told(url), **dict.fromkeys(KEYS, "sk-test")}


def run(*command: str, folder: Path, timeout: float = PATIENCE, variables: Mapping[str, str] | None = None) -> str:
    """Run a program to its good end; return what it said.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        timeout: Seconds after which it has failed.
        variables: All of its environment; None for that of this process.

    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=None if variables is None else dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
