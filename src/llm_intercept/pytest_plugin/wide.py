"""One interceptor for the tests of a module or a run: its block, and which test fails for what it does not answer.

Knows: pytest, interceptors. Must not know: how requests are answered.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.engine.settle import settled
from llm_intercept.errors import LLMInterceptError
from llm_intercept.interceptor.entry import intercept
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.pytest_plugin.options import arguments_among, from_flags, from_ini
from llm_intercept.pytest_plugin.session import ended, in_full, mode_from
from llm_intercept.pytest_plugin.tapes_of_tests import in_its_place
from llm_intercept.pytest_plugin.told_already import is_told
from llm_intercept.settings.pyproject import project_defaults

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.interceptor.block import Interception
    from llm_intercept.interceptor.interceptor import Interceptor


@contextmanager
def mocking_all(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer the requests of all tests of a module or a run, by what ini and flags say."""
    block = _block(request)
    llm = block.__enter__()
    plugins = request.config.pluginmanager
    reporter = Reporter(llm, request.fixturename or "")
    plugins.register(reporter)
    try:
        yield llm
    finally:
        plugins.unregister(reporter)
        problem = ended(block)
    if problem:
        pytest.fail(problem, pytrace=False)


def _block(request: pytest.FixtureRequest) -> Interception:
    config = request.config
    try:
        options: dict[str, Any] = {**arguments_among(from_ini(config)), **arguments_among(from_flags(config))}
        options = in_its_place(request.node, options)
        options = options if "all_used" in project_defaults() else {"all_used": True, **options}
        return intercept(_where=f"{request.fixturename}", _is_strict=True, _mode_from=mode_from(config), **options)
    except LLMInterceptError as error:
        problem = f"{request.fixturename}: the settings llm_* cannot be used: {error}"
    pytest.fail(problem, pytrace=False)


class Reporter:
    """Fails the tests that ask what nothing answers, and shows a failing test's calls."""

    def __init__(self, llm: Interceptor, fixture: str) -> None:
        self._llm, self._fixture = llm, fixture
        self._told = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail what passed, or add to what failed anyway."""
        report = yield
        problem = self._problem()
        if problem and not report.failed and not hasattr(report, "wasxfail"):
            report.outcome, report.longrepr = "failed", problem
        elif problem and not is_told(report, problem):
            report.sections.append((f"llm-intercept unmatched by {self._fixture}", problem))
        calls = self._llm.calls[self._told :]
        if report.failed and calls:
            report.sections.append((f"llm-intercept calls of {self._fixture}", str(calls)))
        if report.when == "teardown":
            self._told = len(self._llm.calls)
        return report

    def _problem(self) -> str:
        """Take what went wrong since it was last asked."""
        journal = engine_of(self._llm).journal
        error = settled(journal, None, None)
        journal.unmatched.clear()
        journal.failures.clear()
        return "" if error is None else in_full(error)
