"""The calls that other processes make for a block: told to a file there, counted here.

Knows: engines, journals, files of reports. Must not know: how a process came to have the block's answers. No text of a
request or an answer is told, so that none is on the disk.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from llm_intercept.base.reports import append, take
from llm_intercept.errors import ElsewhereError, LLMInterceptError
from llm_intercept.facts import Unmatched
from llm_intercept.journal.journal import TALLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.journal.journal import Call
    from llm_intercept.rules.rule import Rule


def tell(engine: Engine, path: str) -> None:
    """Let all that this process's copy of an engine answers from now on be told to a file."""
    journal = engine.journal
    journal.log = _Calls(path, engine, journal.log)
    hear(engine, functools.partial(_tell_problem, path))


def hear(engine: Engine, noted: Callable[[object], None]) -> None:
    """Call a function with each problem that an engine notes from now on."""
    journal = engine.journal
    journal.unmatched = _Heard(journal.unmatched, noted)
    journal.failures = _Heard(journal.failures, noted)


def count(engine: Engine, path: str) -> None:
    """Count what a file tells, as if it had taken place here; what went wrong is a failure of the engine's."""
    entries = take(path)
    for entry in entries:
        if "source" in entry:
            _count(engine, entry)
    problems = problems_of(entries)
    if problems:
        engine.journal.failures.append(ElsewhereError(problems))


def problems_of(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what went wrong, of all that was told."""
    return [str(entry["problem"]) for entry in entries if "problem" in entry]


def _count(engine: Engine, entry: Mapping[str, Any]) -> None:
    journal, facts = engine.journal, (entry["source"], entry["model"], entry["input"], entry["output"])
    journal.totals.count(*facts)
    journal.noted += 1
    if entry["first"]:
        TALLY.count(*facts)
    rules: list[Rule] = [*engine.book.rules, *engine.book.catch_alls]
    number: int = entry["rule"]
    if 0 <= number < len(rules):
        rules[number].note_use_elsewhere(entry["taken"])


class _Calls:
    """Tells of each call that has ended, after what was there before has been told."""

    def __init__(self, path: str, engine: Engine, before: Callable[[Call], None] | None) -> None:
        self._path, self._engine, self._before = path, engine, before

    def __call__(self, call: Call) -> None:
        append(self._path, _entry(call, self._engine))
        if self._before is not None:
            self._before(call)


def _entry(call: Call, engine: Engine) -> dict[str, Any]:
    rules = [*engine.book.rules, *engine.book.catch_alls]
    usage = call.usage
    return {
        "source": call.source,
        "model": call.request.model,
        "input": usage.input_tokens if usage is not None else 0,
        "output": usage.output_tokens if usage is not None else 0,
        "first": call.began_in(engine.journal),  # of nested blocks one counts for the whole program
        "rule": rules.index(call.rule) if call.rule in rules else -1,
        "taken": call.rule.taken if call.rule in rules else 0,
    }


class _Heard(list[Any]):
    """Calls a function with each problem that is noted."""

    def __init__(self, before: Iterable[Any], noted: Callable[[object], None]) -> None:
        super().__init__(before)
        self._noted = noted

    def append(self, problem: object, /) -> None:
        super().append(problem)
        self._noted(problem)


def _tell_problem(path: str, problem: object) -> None:
    said = _said(problem)
    if said:
        append(path, {"problem": said})


def _said(problem: object) -> str:
    """Say a problem without the words of a conversation: which request, and why."""
    process = f"process {os.getpid()}"
    test = os.environ.get("PYTEST_CURRENT_TEST", "")
    by = f"{process}, started in {test}" if test else process
    match problem:
        case Unmatched(request, why):
            url = urlunsplit((*urlsplit(request.url)[:3], "", ""))
            model = f" (model {request.model})" if request.model else ""
            return f"{by}: {request.method} {url}{model}\n{why}"
        case LLMInterceptError():
            return f"{by}: {type(problem).__name__}; it says more in that process's own output"
        case _:
            return ""
