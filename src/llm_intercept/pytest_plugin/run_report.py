"""`--llm-report`: one page of all calls of a run, over all workers of xdist, each call with the test that made it.

Knows: pytest, calls, parts of a report. Must not know: how a call is read, what the page is.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.words import counted
from llm_intercept.errors import LLMInterceptError
from llm_intercept.interceptor.interceptor import MADE, engine_of, is_over
from llm_intercept.journal.journal import HEARING
from llm_intercept.report.gathered import WRITTEN, gathered
from llm_intercept.report.of_calls import REDACTION, CallReader, used_rules
from llm_intercept.report.of_interceptors import redaction_of
from llm_intercept.report.page_file import write_page
from llm_intercept.report.run_parts import Part, joined
from llm_intercept.settings.environment import PARTS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.journal.journal import Call
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.report.document import Detail, Row, UsedRule

FOLDER = "llm_intercept_report"
"""The name under which a worker of xdist is told where parts go."""
LOST = "llm_intercept_lost"
"""The name under which it says at its end how many calls it could not write."""


@dataclass(slots=True)
class Known:
    """An interceptor that was made in a test, and what is known of it.

    Attributes:
        name: Tells it from all others of this process.
        llm: The interceptor, while somebody else has it.
        test: The test in which it was made.
        used: How often its rules had answered when that was written last.

    """

    name: str
    llm: weakref.ref[Interceptor]
    test: str
    used: tuple[int, ...] | None = None


class RunReport:
    """Gathers the calls of this process, test by test; where no other process is above it, it writes the page.

    Args:
        config: Pytest's.
        file: Where the page goes.

    """

    def __init__(self, config: pytest.Config, file: Path) -> None:
        told: dict[str, Any] = getattr(config, "workerinput", {})
        self._file, self._title, self._config = file, config.rootpath.name, config
        self._is_worker = hasattr(config, "workerinput")
        self._folder: str = told[FOLDER] if self._is_worker else tempfile.mkdtemp(prefix="llm-intercept-")
        self._part = Part(self._folder)
        self._heard: list[Call] = []
        self._made: list[Interceptor] = []
        self._known: list[Known] = []
        self._count = self._lost = 0
        self._told = ""
        self._test = ""
        self._before = os.environ.get(PARTS)
        os.environ[PARTS] = self._folder  # for the processes that tests start
        WRITTEN.add(self._folder)
        HEARING.append(self._heard.append)
        MADE.append(self._made.append)
        _begun.append(self)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist where parts go."""
        node.workerinput[FOLDER] = self._folder

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear of a worker of xdist what it could not write."""
        self._lost += getattr(node, "workeroutput", {}).get(LOST, 0)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Write down what came before a test for itself, then the test's own."""
        self._write("")
        self._test = item.nodeid
        try:
            return (yield)
        finally:
            self._write(item.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write what is left; then the page, of all parts: not in a forked copy that a test has let run on."""
        if self not in _begun:
            return
        self._write("")
        self._stop()
        if self._before is None:
            os.environ.pop(PARTS, None)
        else:
            os.environ[PARTS] = self._before
        if self._is_worker:
            vars(self._config)["workeroutput"][LOST] = self._lost
            return
        lost = f"; {counted(self._lost, 'call')} could not be written" if self._lost else ""
        try:
            page = write_page(joined(self._folder, self._title), self._file)
            self._told = f"the report of all calls is in {page}{lost}"
        except LLMInterceptError as error:
            self._told = f"there is no report of the calls. {error}"
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the page is."""
        if self._told:
            terminalreporter.write_line(f"llm-intercept: {self._told}")

    def _stop(self) -> None:
        HEARING.remove(self._heard.append)
        MADE.remove(self._made.append)
        WRITTEN.discard(self._folder)
        _begun.remove(self)

    def forked(self) -> None:
        """Let a forked copy of this process write its calls down by itself: nobody tells it when a test has ended."""
        self._stop()
        gathered(self._folder)

    def _write(self, test: str) -> None:
        """Write the calls that have ended since the last time; what cannot be written breaks no run of tests."""
        made, self._made[:] = [*self._made], []
        self._known += [Known(f"{id(one)}-{at}", weakref.ref(one), test) for at, one in enumerate(made, self._count)]
        calls, self._heard[:] = [*self._heard], []
        try:
            self._part.add(self._entries(calls, test), self._rules(test))
        except Exception:  # noqa: BLE001 - a full disk, a temporary folder that a test has emptied
            self._lost += len(calls)
        self._count += len(calls) + len(made)

    def _entries(self, calls: list[Call], test: str) -> Iterator[tuple[Row, Detail]]:
        reader = CallReader()
        for n, call in enumerate(sorted(calls, key=lambda one: one.arrived), self._count):
            yield reader.entry(n, call, self._redaction(call), test=test)

    def _redaction(self, call: Call) -> Redaction:
        """Find what the interceptor that answered keeps out of its tape."""
        there = (llm for known in self._known if (llm := known.llm()) is not None)
        own = (redaction_of(engine) for llm in there if call.began_in((engine := engine_of(llm)).journal))
        return next(own, REDACTION)

    def _rules(self, test: str) -> Iterator[tuple[str, UsedRule]]:
        """Give the rules of interceptors that have answered since the last time, as they are now."""
        for known in [*self._known]:
            llm = known.llm()
            if llm is None:
                self._known.remove(known)
                continue
            rules = used_rules(engine_of(llm).book.all(), test=known.test if known.test == test else "")
            used = tuple(rule.used for rule in rules)
            if used != known.used:
                known.used = used
                yield from ((known.name, rule) for rule in rules)
            if is_over(llm):
                self._known.remove(known)


_begun: list[RunReport] = []
"""The reports that are made in this process: of a run, and of runs that its tests make."""


def _forked() -> None:
    for report in [*_begun]:
        report.forked()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forked)
