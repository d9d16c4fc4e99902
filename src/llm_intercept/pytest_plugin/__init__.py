"""The pytest plugin: the fixture `llm_mock`, the marker `llm_intercept`, options and a summary.

Knows: pytest. Must not know: how requests are answered; it imports nothing but the settings' table until a test
asks for it, and costs a look at `sys.modules` and at each test's markers until then.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.foreign import beside, overwritten
from llm_intercept.pytest_plugin.options import add_options

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.interceptor.interceptor import Interceptor

MARKER = "llm_intercept"
WORKER = pytest.StashKey[list[dict[str, Any]]]()
USED = "llm_intercept.journal.journal"  # loaded as soon as anything is intercepted


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add a flag and an ini option for each setting."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; fail if another program was installed over this package."""
    if problem := overwritten():
        raise pytest.UsageError(f"llm-intercept: {problem}")
    what = "answer this test's LLM requests; the arguments are those of intercept()"
    config.addinivalue_line("markers", f"{MARKER}(reply=None, /, **arguments): {what}")


def pytest_report_header() -> list[str]:
    """Warn of another program that is installed beside this package and has its names."""
    problem = beside()
    return [f"llm-intercept: {problem}"] if problem else []


@pytest.fixture
def llm_mock(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer LLM requests while a test runs; it gives an `Interceptor`.

    At the end the test fails if a request was not answered or a rule was not used, even if the program swallowed it.
    """
    from llm_intercept.pytest_plugin.session import mocking  # noqa: PLC0415 - nothing is imported until a test asks for it

    with mocking(request) as llm:
        yield llm


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give a marked test the fixture, if it does not ask for it itself."""
    if item.get_closest_marker(MARKER) is None:
        return
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is not None and "llm_mock" not in names:
        item.fixturenames = ["llm_mock", *names]  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's sums to the controller of xdist."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None and USED in sys.modules:
        from llm_intercept.pytest_plugin.session import sums  # noqa: PLC0415 - it was used

        output[MARKER] = sums()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's sums."""
    found = getattr(node, "workeroutput", {}).get(MARKER)
    if found is not None:
        node.config.stash.setdefault(WORKER, []).append(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many calls came from where, and what was not spent."""
    workers: list[dict[str, Any]] = config.stash.get(WORKER, [])  # pyright: ignore[reportUnknownArgumentType]
    if workers or USED in sys.modules:
        from llm_intercept.pytest_plugin.session import summarize  # noqa: PLC0415 - it was used

        summarize(terminalreporter, workers)
