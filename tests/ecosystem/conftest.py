"""What the tests of all libraries have: keys that no maker knows, and a server that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served_talk import serving, told

if TYPE_CHECKING:
    from collections.abc import Iterator

collect_ignore_glob = ["test_served_*.py", "test_asgi_servers.py", "test_migrate.py", "test_pages.py"]
"""What starts programs and installs packages: it is run where it is named, by the sessions of `make ecosystem`."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "CO_API_KEY")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients find a key where they look for one."""
    for name in KEYS:
        monkeypatch.setenv(name, "sk-test")


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """Run `llm-intercept serve` for the tests of one client."""
    with serving() as url:
        yield url


@pytest.fixture
def served(server_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Tell clients of the server by the environment alone."""
    for name, value in told(server_url).items():
        monkeypatch.setenv(name, value)
    return server_url
