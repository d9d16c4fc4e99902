"""Rules are read again at SIGHUP, which a terminal that is closed sends too."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.rules.rule import Rule

pytest.importorskip("uvicorn")
if not hasattr(signal, "SIGHUP"):
    pytest.skip("Windows has no SIGHUP", allow_module_level=True)

from llm_intercept.server import renewing
from llm_intercept.server.worker_plan import Plan


@pytest.fixture
def handlers() -> Iterator[Callable[[int, Any], object]]:
    """Set handlers of signals, which are as they were afterwards."""
    before = {one: signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM)}
    yield signal.signal
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(
    ("before", "is_worker", "has_terminal", "ends"),
    [
        (signal.SIG_DFL, False, True, True),
        (signal.SIG_IGN, False, True, False),
        (signal.SIG_DFL, True, True, False),
        (signal.SIG_DFL, False, False, False),
    ],
    ids=["of a terminal", "by nohup", "a worker", "a daemon"],
)
def test_a_terminal_that_is_closed_ends_what_it_started(
    tmp_path, monkeypatch, handlers, before, is_worker, has_terminal, ends
):
    """Whom `nohup` started, and who has no terminal, reads the rules; of workers the parent says that they end."""
    terminals = [has_terminal]
    monkeypatch.setattr(renewing, "_has_terminal", lambda: terminals[0])
    (tmp_path / "rules.toml").write_text('[[rules]]\nreply = "Rain."\n')
    heard, ended, found = threading.Event(), list[bool](), list["Rule"]()

    def put(rules: list[Rule]) -> None:
        found.extend(rules)
        heard.set()

    def end(*_: object) -> None:
        ended.append(True)
        heard.set()

    handlers(signal.SIGHUP, before)
    handlers(signal.SIGTERM, end)
    plan = Plan({"rules": str(tmp_path / "rules.toml")})
    with renewing.renewed(plan, put, is_quiet=is_worker):
        terminals[0] = False
        signal.raise_signal(signal.SIGHUP)
        assert heard.wait(PATIENCE)
    assert (bool(ended), len(found)) == ((True, 0) if ends else (False, 1))
    assert signal.getsignal(signal.SIGHUP) is before
