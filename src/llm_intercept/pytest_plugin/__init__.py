"""The pytest plugin: the fixture `llm_mock`, the marker `llm_intercept`, options and a summary.

Knows: pytest. Must not know: how requests are answered; it imports nothing of that until a test asks for it, and costs
a look at `sys.modules` and at each test's markers until then.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.interceptor.interceptor import Interceptor

MARKER = "llm_intercept"
WORKER = pytest.StashKey[list[dict[str, Any]]]()
USED = "llm_intercept.journal.journal"  # loaded as soon as anything is intercepted


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini settings; a setting that is not given leaves [tool.llm_intercept] its say."""
    group = parser.getgroup("llm-intercept", "llm-intercept: answers LLM calls at the HTTP transport")
    group.addoption(
        "--llm-mode",
        metavar="MODE",
        help="mode of llm_mock, whatever markers and settings say: mock, replay, record, auto",
    )
    group.addoption("--llm-recordings", metavar="FOLDER", help="where recordings are kept")
    parser.addini("llm_mode", "mode of llm_mock: mock, replay, record or auto", default=None)
    parser.addini("llm_recordings", "folder of recordings, from the rootdir", default=None)
    parser.addini("llm_unmatched", "what happens to requests that nothing answers: error, raise, warn, passthrough")
    parser.addini("llm_rules", "files of rules, from the rootdir", type="paths")
    parser.addini("llm_passthrough", "hosts and models that are let out to the network", type="args")
    parser.addini("llm_all_used", "whether a rule that was not used fails its test: true", type="bool", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    what = "answer this test's LLM requests; the arguments are those of intercept()"
    config.addinivalue_line("markers", f"{MARKER}(reply=None, /, **arguments): {what}")


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
