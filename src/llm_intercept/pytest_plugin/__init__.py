"""The pytest plugin: the fixtures `llm_mock…`, the markers `llm_intercept` and `llm_live`, options and a summary.

Knows: pytest. Must not know: how requests are answered; it imports nothing but the settings' table until a test
asks for it, and costs a look at `sys.modules` and at each test's markers until then.
"""

from __future__ import annotations

import sys
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.dummy_keys import STAND_IN
from llm_intercept.base.foreign import beside, overwritten
from llm_intercept.errors import LLMInterceptError, SettingsError
from llm_intercept.pytest_plugin.options import (
    LIVE,
    REPORT,
    add_options,
    check_tapes,
    for_the_run,
    misspelt_marker,
    refuse_flags_of_others,
    refuse_misspelt_option,
    report_file,
)

if TYPE_CHECKING:
    import warnings
    from collections.abc import Generator
    from pathlib import Path

    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.pytest_plugin.suite import Suite

MARKER = "llm_intercept"
LIVE_MARKER = "llm_live"
SUITE: pytest.StashKey[Suite] = pytest.StashKey()
LEFT = pytest.StashKey[list[str]]()
"""What was refused outside of tests, here and in the workers of xdist."""
WORKER = pytest.StashKey[list[dict[str, Any]]]()
USED = "llm_intercept.journal.journal"  # loaded as soon as anything is intercepted


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add a flag and an ini option for each setting."""
    add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    """Refuse requests to models before any conftest is loaded, if `llm_block` says so; then see to flags of others."""
    _begin_guard(early_config)
    yield
    refuse_flags_of_others(parser, args)


def _begin_guard(early_config: pytest.Config) -> None:
    try:
        settings = {} if overwritten() else for_the_run(early_config, early_config.known_args_namespace)
    except SettingsError:  # it is told when pytest is configured
        return
    if settings.get("block"):
        from llm_intercept.pytest_plugin.suite import begin  # noqa: PLC0415 - nothing is imported until it is asked for

        let_out = {name: settings[name] for name in ("passthrough",) if name in settings}
        early_config.stash[SUITE] = suite = begin(early_config, let_out)
        early_config.add_cleanup(suite.end)


def _settings(config: pytest.Config) -> dict[str, Any]:
    try:
        return for_the_run(config)
    except SettingsError as error:
        raise pytest.UsageError(f"llm-intercept: {error}") from error


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> None:
    """Let a decorated test take the `llm` that it is parametrized by, which its decorator would give it."""
    if isinstance(obj, FunctionType | MethodType) and hasattr(obj, "__llm_intercept_signature__"):
        from llm_intercept.pytest_plugin.parametrized import show_whole  # noqa: PLC0415 - as above

        show_whole(collector, obj)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fail once, and not in each test, if a flag asks for recordings and nobody says where they are."""
    config = session.config
    if config.getoption("llm_mode") is not None and not hasattr(config, "workerinput"):
        try:
            check_tapes(session)
        except SettingsError as error:
            raise pytest.UsageError(f"llm-intercept: {error}") from error


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; fail if a setting cannot be used, or another program was installed over this package."""
    if problem := overwritten():
        raise pytest.UsageError(f"llm-intercept: {problem}")
    _settings(config)
    what = "answer this test's LLM requests; the arguments are those of intercept()"
    config.addinivalue_line("markers", f"{MARKER}(reply=None, /, **arguments): {what}")
    live = f"this test asks a real model; it runs with {LIVE} alone, and then llm_block does not refuse it"
    config.addinivalue_line("markers", f"{LIVE_MARKER}: {live}")
    file = report_file(config)
    if file is not None:
        _begin_report(config, file)


def _begin_report(config: pytest.Config, file: Path) -> None:
    from llm_intercept.pytest_plugin.run_report import RunReport  # noqa: PLC0415 - nothing is imported until it is asked for
    from llm_intercept.report.page_file import check_place  # noqa: PLC0415 - as above

    try:
        place = check_place(file, REPORT)
    except SettingsError as error:
        raise pytest.UsageError(f"llm-intercept: {error}") from error
    config.pluginmanager.register(RunReport(config, place), "llm_intercept_run_report")


def pytest_report_header() -> list[str]:
    """Warn of another program that is installed beside this package and has its names."""
    problem = beside()
    return [f"llm-intercept: {problem}"] if problem else []


def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Make an error of a misspelt option of ours in the ini file, without which a guard would not be there."""
    refuse_misspelt_option(str(warning_message.message))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add a hint to what could not be imported, where the cause is known."""
    report = yield
    if report.failed:
        from llm_intercept.pytest_plugin.hints import add_hint  # noqa: PLC0415 - it is wanted for a failure alone

        add_hint(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Show an error of ours at the line of the test, without our own lines; `--full-trace` shows them."""
    found = call.excinfo
    if found is not None and isinstance(found.value, LLMInterceptError) and not item.config.getoption("fulltrace"):
        from llm_intercept.pytest_plugin.hints import hide_ours  # noqa: PLC0415 - as above

        hide_ours(found.value)
    elif found is not None and isinstance(found.value, AttributeError):
        from llm_intercept.pytest_plugin.hints import note_what_was_meant  # noqa: PLC0415 - as above

        note_what_was_meant(found.value)


@pytest.fixture
def llm_mock(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer LLM requests while a test runs; it gives an `Interceptor`.

    At the end the test fails if a request was not answered or a rule was not used, even if the program swallowed it.
    """
    from llm_intercept.pytest_plugin.session import mocking  # noqa: PLC0415 - nothing is imported until a test asks for it

    with mocking(request) as llm:
        yield llm


@pytest.fixture(scope="module")
def llm_mock_module(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer LLM requests for all tests of a module, as `llm_mock` does for one; a test's own `llm_mock` comes first.

    What is not answered fails the test that asks; a rule that none of the tests used, the last of them.
    """
    from llm_intercept.pytest_plugin.wide import mocking_all  # noqa: PLC0415 - nothing is imported until a test asks for it

    with mocking_all(request) as llm:
        yield llm


@pytest.fixture(scope="session")
def llm_mock_session(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer LLM requests for all tests of a run; see `llm_mock_module`."""
    from llm_intercept.pytest_plugin.wide import mocking_all  # noqa: PLC0415 - nothing is imported until a test asks for it

    with mocking_all(request) as llm:
        yield llm


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that asks a real model do so, if that is wanted."""
    if item.get_closest_marker(LIVE_MARKER) is None or not item.config.getoption(LIVE):
        return (yield)
    from llm_intercept.pytest_plugin.session import let_out  # noqa: PLC0415 - nothing is imported until a test asks for it

    with let_out():
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    """Take away dummy keys that a fixture brought back, which saw the environment within a block."""
    STAND_IN.sweep()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give a marked test the fixture, if it does not ask for it itself; leave out what asks a real model."""
    if item.get_closest_marker(LIVE_MARKER) is not None and not item.config.getoption(LIVE):
        pytest.skip(f"it asks a real model ({LIVE_MARKER}): run it with {LIVE}")
    if item.get_closest_marker(MARKER) is None:
        if problem := misspelt_marker(item):
            pytest.fail(problem, pytrace=False)
        return
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is not None and "llm_mock" not in names:
        item.fixturenames = ["llm_mock", *names]  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's sums to the controller of xdist; fail the run for what was refused outside of tests."""
    suite = session.config.stash.get(SUITE, None)
    left = session.config.stash.setdefault(LEFT, [])
    if suite is not None:
        left += suite.left()
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None and USED in sys.modules:
        from llm_intercept.pytest_plugin.session import sums  # noqa: PLC0415 - it was used

        output[MARKER] = {**sums(), "left": left}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's sums."""
    found = getattr(node, "workeroutput", {}).get(MARKER)
    if found is not None:
        node.config.stash.setdefault(LEFT, []).extend(found.pop("left"))
        node.config.stash.setdefault(WORKER, []).append(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many calls came from where, and what was not spent; and what was refused outside of tests."""
    left: list[str] = config.stash.get(LEFT, [])  # pyright: ignore[reportUnknownArgumentType]
    if left:
        from llm_intercept.pytest_plugin import suite  # noqa: PLC0415 - it was used

        suite.summarize(terminalreporter, left)
    workers: list[dict[str, Any]] = config.stash.get(WORKER, [])  # pyright: ignore[reportUnknownArgumentType]
    if workers or USED in sys.modules:
        from llm_intercept.pytest_plugin.session import summarize  # noqa: PLC0415 - it was used

        summarize(terminalreporter, workers)
