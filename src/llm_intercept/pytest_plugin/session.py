"""What the pytest plugin does once a test uses it: the block around a test, its report, the sums.

Knows: pytest, interceptors, journals. Must not know: how requests are answered.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.words import counted
from llm_intercept.errors import LLMInterceptError
from llm_intercept.interceptor.entry import intercept
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.journal.journal import TALLY, Totals
from llm_intercept.pytest_plugin.options import arguments_among, check_markers, from_flags, from_ini
from llm_intercept.pytest_plugin.tapes_of_tests import in_its_place
from llm_intercept.pytest_plugin.told_already import is_told
from llm_intercept.settings.pyproject import project_defaults

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.interceptor.block import Interception
    from llm_intercept.interceptor.interceptor import Interceptor

REPORTER = "llm_intercept_reporter"
ACTIVE = pytest.StashKey["Interceptor | None"]()
OF_TEST, OF_MARKER, OF_FIXTURES = range(3)
"""How far from a test its rules are: the nearest are asked first."""
FAILED = pytest.StashKey[bool]()
SHOWN_COST = 0.00005  # less is 0.0000 in four places


@contextmanager
def mocking(request: pytest.FixtureRequest) -> Generator[Interceptor]:
    """Answer a test's requests; fail it at the end for what went wrong, if it has not failed anyway."""
    plugins = request.config.pluginmanager
    if not plugins.has_plugin(REPORTER):
        plugins.register(Reporter(), REPORTER)
    block, asks_for_reply = _block(request.node)
    llm = block.__enter__()
    book = engine_of(llm).book
    for rule in book.all():
        rule.distance = OF_MARKER
    for rule in () if asks_for_reply else book.catch_alls:
        rule.optional()
    book.distance = OF_FIXTURES
    request.node.stash[ACTIVE] = llm
    yield llm
    problem = ended(block)
    if problem and not request.node.stash.get(FAILED, False):
        pytest.fail(f"{problem}\n\n{_listed(llm)}", pytrace=False)


@contextmanager
def let_out() -> Generator[None]:
    """Let all requests to models out: no guard of the run refuses them, and nothing said for the process answers."""
    with intercept(mode="mock", passthrough="*", unmatched="passthrough", network="open", all_used=False):
        yield


def _block(node: pytest.Item) -> tuple[Interception, bool]:
    """Make a test's block, and say whether the marker's reply is to be used: where somebody asks for `all_used`.

    By itself the fixture asks for it of rules alone: a marker of a class or module gives its tests a reply for what
    they may ask, and some ask nothing.
    """
    path, line, _ = node.location
    try:
        reply, options = arguments(node)
        is_said = "all_used" in options or "all_used" in project_defaults()
        given: dict[str, Any] = options if is_said else {"all_used": True, **options}
        where, said = f"{path}:{(line or 0) + 1}", mode_from(node.config, node)
        return intercept(*reply, _where=where, _is_strict=True, _mode_from=said, **given), is_said
    except (TypeError, LLMInterceptError) as error:
        problem = f"{node.nodeid}: @pytest.mark.llm_intercept(…), or the settings llm_*, cannot be used: {error}"
    pytest.fail(problem, pytrace=False)


def mode_from(config: pytest.Config, test: pytest.Item | None = None) -> str:
    """Say where the mode of a fixture was said."""
    if "mode" in from_flags(config):
        return "flag"
    if test is not None and any("mode" in marker.kwargs for marker in test.iter_markers("llm_intercept")):
        return "marker"
    return "ini" if "mode" in from_ini(config) else "fixture"


def ended(block: Interception) -> str:
    """End the block; return what went wrong, empty if nothing did."""
    try:
        block.__exit__(None, None, None)
    except LLMInterceptError as error:
        return in_full(error)
    return ""


def in_full(error: LLMInterceptError) -> str:
    """Say an error and what is noted on it."""
    return "\n\n".join([str(error), *getattr(error, "__notes__", ())])


def arguments(node: pytest.Item) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments for `intercept`: of flags, then markers (the nearest first), then ini settings."""
    check_markers(node)
    reply: tuple[Any, ...] = ()
    options = arguments_among(from_ini(node.config))
    for marker in reversed(list(node.iter_markers("llm_intercept"))):
        reply = marker.args or reply
        options.update(marker.kwargs)
    return reply, in_its_place(node, {**options, **arguments_among(from_flags(node.config))})


class Reporter:
    """Prints the calls of a failing test under it; registered when the first test uses the fixture."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Let the rules that a test makes come before its marker's and its fixtures'."""
        llm = item.stash.get(ACTIVE, None)
        if llm is not None:
            engine_of(llm).book.distance = OF_TEST

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the calls to the report of a failing test; note that a test did not come to its end."""
        report = yield
        llm = item.stash.get(ACTIVE, None)
        if report.when == "teardown":
            item.stash[FAILED] = False  # the test may be run again
            item.stash[ACTIVE] = None
        elif llm is not None and (report.failed or call.excinfo is not None):
            item.stash[FAILED] = True
            report.sections += _sections(llm, report) if report.failed else []
        return report


def _sections(llm: Interceptor, report: pytest.TestReport) -> list[tuple[str, str]]:
    unmatched = dict.fromkeys(text for one in llm.unmatched if not is_told(report, text := str(one)))
    return [("llm-intercept calls", str(llm.calls)), *(("llm-intercept unmatched", text) for text in unmatched)]


def _listed(llm: Interceptor) -> str:
    return f"calls: {llm.calls}" if llm.calls else "No LLM call was made at all."


def sums() -> dict[str, Any]:
    """Return this process's sums as plain values, which xdist can carry."""
    return {one.name: dict(getattr(TALLY, one.name)) for one in fields(Totals)}


def summarize(terminal: pytest.TerminalReporter, workers: list[dict[str, Any]]) -> None:
    """Write the summary, if there was any call; `workers` are the sums of xdist's workers."""
    totals = Totals()
    for one in (sums(), *workers):
        for name, counts in one.items():
            getattr(totals, name).update(counts)
    if not totals.calls.total():
        return
    terminal.write_sep("-", "llm-intercept")
    terminal.write_line(sentence(totals))


def sentence(totals: Totals) -> str:
    """Say the sums in one line."""
    calls, cost, tokens = totals.calls, totals.cost, totals.tokens
    saved = f" (about ${cost:,.4f})" if cost >= SHOWN_COST else ""
    mocked = calls["rule"] + calls["default"]
    return (
        f"{counted(mocked, 'call')} mocked, {calls['recording']} replayed, {calls['live']} live, "
        f"{calls['unmatched']} unmatched; {counted(tokens, 'token')}{saved} not spent"
    )
