"""Blocks on many threads while others import, make clients and call: no standstill, no answer lost or another's."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from llm_intercept import intercept
from llm_intercept.clients.patching import THREADS, TRAFFIC

ROUNDS = int(os.environ.get("STRESS_ROUNDS", "1"))  # 250 are 10,000 blocks: some ten minutes


def test_blocks_on_eight_threads_get_their_own_answers():
    """Whatever is imported meanwhile, and whoever's block ends."""
    program = Path(__file__).parent / "stress_blocks.py"
    done = subprocess.run(
        [sys.executable, program, str(ROUNDS)], capture_output=True, text=True, timeout=60 + 10 * ROUNDS
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{40 * ROUNDS} blocks" in done.stdout


def test_nothing_is_imported_under_the_lock_that_the_import_hook_takes(monkeypatch):
    """An importing thread waits for that lock; a holder that imports what that thread imports would wait for it."""
    imported: list[str] = []

    def checked(real: Any) -> Any:
        def imports(name: str, *args: Any, **kwargs: Any) -> Any:
            if any(hooks._lock._is_owned() for hooks in (TRAFFIC, THREADS)):
                imported.append(name)
            return real(name, *args, **kwargs)

        return imports

    monkeypatch.setattr(builtins, "__import__", checked(builtins.__import__))
    monkeypatch.setattr(importlib, "import_module", checked(importlib.import_module))
    for scope in ("process", "context"):
        with intercept("x", scope=scope):
            pass
    assert imported == []
