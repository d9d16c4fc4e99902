"""What the tests of all libraries have: keys that no maker knows."""

from __future__ import annotations

import pytest

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients find a key where they look for one."""
    for name in KEYS:
        monkeypatch.setenv(name, "sk-test")
