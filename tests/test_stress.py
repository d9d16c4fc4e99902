"""Blocks on many threads while others import, make clients and call: no standstill, no answer lost or another's."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from llm_intercept import intercept
from llm_intercept.clients.patching import THREADS, TRAFFIC
from llm_intercept.interceptor.handler import LazyHandler
from tests.amounts import PATIENCE

ROUNDS = int(os.environ.get("STRESS_ROUNDS", "1"))  # 250 are 10,000 blocks: some ten minutes


def test_blocks_on_eight_threads_get_their_own_answers():
    """Whatever is imported meanwhile, and whoever's block ends."""
    program = Path(__file__).parent / "stress_blocks.py"
    done = subprocess.run(
        [sys.executable, program, str(ROUNDS)], capture_output=True, text=True, timeout=PATIENCE + 10 * ROUNDS
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{40 * ROUNDS} blocks" in done.stdout


def test_what_is_made_once_is_made_without_a_lock(tmp_path, monkeypatch):
    """A thread that makes the interceptor loads the user's file of rules, which may wait for one that asks meanwhile."""
    gate: Any = ModuleType("slow_gate")
    gate.arrived, gate.go_on = threading.Event(), threading.Event()
    monkeypatch.setitem(sys.modules, "slow_gate", gate)
    (tmp_path / "rules.py").write_text(
        "import slow_gate as gate\n"
        "if gate.arrived.is_set():\n    gate.go_on.set()\n"
        "gate.arrived.set()\n"
        "assert gate.go_on.wait(300)\n"
        "def rules(llm):\n    llm.reply('x')\n"
    )
    handler = LazyHandler({"mode": "mock", "rules": str(tmp_path / "rules.py")})
    made: list[Any] = []
    maker = threading.Thread(target=lambda: made.append(handler.engine()), daemon=True)
    maker.start()
    assert gate.arrived.wait(PATIENCE)
    engine = handler.engine()
    maker.join(PATIENCE)
    assert made == [engine]
    assert handler.engine() is engine


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
