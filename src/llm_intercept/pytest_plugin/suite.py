"""The guard of a whole test run, `llm_block`: no test calls a model that no block answers.

Knows: pytest, and that a handler which answers nothing refuses. Must not know: how requests are answered. Nothing is
done for a test that calls no model.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.reports import take
from llm_intercept.clients import activation, patching
from llm_intercept.errors import LLMInterceptError
from llm_intercept.facts import Refusal
from llm_intercept.interceptor import children
from llm_intercept.interceptor.elsewhere import hear, problems_of
from llm_intercept.interceptor.handler import LazyHandler
from llm_intercept.interceptor.passed_on import PassedOn
from llm_intercept.pytest_plugin.told_already import is_told
from llm_intercept.settings.arguments import chosen

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

REPORTER = "llm_intercept_suite_reporter"
PROBLEM = "llm-intercept: llm_block refuses the requests to models that no block answers."
REFUSAL = Refusal(
    PROBLEM,
    "Give the test an answer: the fixture llm_mock, @pytest.mark.llm_intercept('text'), or intercept('text').\n"
    "To let some hosts or models out for the whole run: llm_passthrough in pytest's ini file.",
)
ELSEWHERE = "pytest's llm_block refuses what no test answers"


class Suite:
    """Refuses from its beginning to its end, and remembers what it refused.

    Args:
        config: Where to register what fails a test, once there is something to fail one for.
        settings: What the project lets out.

    """

    def __init__(self, config: pytest.Config, settings: Mapping[str, Any]) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._refused: list[tuple[str, str]] = []
        given = {"mode": "block", **settings}
        self._handler = LazyHandler(given, refusal=REFUSAL, made=lambda engine: hear(engine, self._note))
        said = PassedOn(None, chosen(given), refuses=ELSEWHERE)
        self._children = children.Block(said, "pytest's llm_block", self._handler.tell)
        self._activation: activation.Activation | None = None

    def begin(self) -> None:
        """Refuse from now on; raises `HookError` if that cannot be done."""
        patching.TRAFFIC.acquire()
        children.PROCESSES.acquire()
        self._activation = activation.activate(self._handler, "process", is_strict=True)
        self._children.enter(self._activation)

    def end(self) -> None:
        """Refuse no longer."""
        if self._activation is not None:
            self._children.leave()
            activation.deactivate(self._activation)
            self._activation = None
            children.PROCESSES.release()
            patching.TRAFFIC.release()

    def of_a_test(self) -> list[tuple[str, str]]:
        """Take what was refused while tests ran, and was not taken yet: the test, the problem."""
        with self._lock:
            found = [one for one in self._refused if one[0]]
            self._refused = [one for one in self._refused if not one[0]]
            return found

    def left(self) -> list[str]:
        """Take what was refused outside of tests, and in the processes that tests started."""
        with self._lock:
            found = [f"outside of a test: {problem}" for _, problem in self._refused]
            self._refused = []
        return [*found, *problems_of(take(self._children.report))]

    def _note(self, problem: object) -> None:
        """Note a problem, and see to it that it fails the test that runs now."""
        with self._lock:
            self._refused.append((os.environ.get("PYTEST_CURRENT_TEST", ""), str(problem)))
        plugins = self._config.pluginmanager
        if not plugins.has_plugin(REPORTER):
            plugins.register(Reporter(self), REPORTER)


class Reporter:
    """Fails the tests that called models; registered when the first did."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail what passed, or add to what failed anyway."""
        report = yield
        refused = self._suite.of_a_test()
        if refused:
            _fail(report, refused)
        return report


def _fail(report: pytest.TestReport, refused: Sequence[tuple[str, str]]) -> None:
    if not report.failed and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", _listed(refused)
    elif untold := [one for one in refused if not is_told(report, one[1])]:
        report.sections.append(("llm-intercept refused", _listed(untold)))


def _listed(refused: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join(f"{test}: {problem}" for test, problem in refused)


def begin(config: pytest.Config, settings: Mapping[str, Any]) -> Suite:
    """Refuse for the length of a run; raises `pytest.UsageError` if that cannot be done."""
    try:
        suite = Suite(config, settings)
        suite.begin()
    except LLMInterceptError as error:
        raise pytest.UsageError(f"llm-intercept: {error}") from error
    return suite


def summarize(terminal: pytest.TerminalReporter, left: Sequence[str]) -> None:
    """Write what was refused outside of tests."""
    terminal.write_sep("=", "llm-intercept refused", red=True)
    for one in left:
        terminal.write_line(one)
