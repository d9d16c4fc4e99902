"""Rules in files: TOML and JSON by a schema, Python by a function `rules(llm)`.

Knows: makes rules of what files hold. Must not know: how a file is parsed, requests, HTTP.
"""

from __future__ import annotations

import inspect
import os
import runpy
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from llm_intercept.errors import RuleFileError, SettingsError
from llm_intercept.rulefiles.format import ReplyInFile, RuleInFile, RulesFile, RuleTable, json_schema
from llm_intercept.rulefiles.mistakes import mistaken
from llm_intercept.rulefiles.text import Parsed, parse, shown
from llm_intercept.rules.known_apis import check_apis
from llm_intercept.rules.rule import Rule
from llm_intercept.rules.runaways import warn_of_runaways
from llm_intercept.settings.values import listed
from llm_intercept.timing.pace_text import pace_of, seen_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from llm_intercept.rules.book import RuleBook
    from llm_intercept.timing.pace import Pace

__all__ = ["ReplyInFile", "RuleInFile", "RulesFile", "RulesSource", "install", "json_schema", "read_rules", "sources"]

RulesSource = str | os.PathLike[str] | Callable[..., object]
"""A path of a file, or a function that makes rules: `rules(llm)`."""
EXAMPLE = "Write def rules(llm): llm.on(…).reply(…)."


def sources(given: RulesSource | Sequence[RulesSource]) -> tuple[RulesSource, ...]:
    """Return what `rules=` is given, one by one; raises `SettingsError` at a function that would make no rules."""
    many = cast("list[RulesSource]", listed(given))
    for one in many:
        if callable(one) and _waits(one):
            raise SettingsError("rules", one, "a plain function: this one would only begin, and make no rules")
    return tuple(many)


def _waits(function: Callable[..., Any]) -> bool:
    """Whether a function does nothing when it is called."""
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    return any(is_one(function) for is_one in kinds)


def install(source: RulesSource, llm: Any, book: RuleBook) -> None:
    """Add the rules of a file (to `book`) or a function (which gets `llm`); raises `RuleFileError`."""
    if callable(source):
        source(llm)
    elif os.fspath(source).endswith(".py"):
        _from_python(Path(source), llm)
    else:
        path = Path(source)
        for rule in _rules(path, _modified(path)):
            book.add(rule())


def read_rules(value: Any, place: str) -> list[Rule]:
    """Make the rules of a value as files hold it; these are to be used, where they do not say `optional`.

    Args:
        value: A JSON value.
        place: Where it comes from, for messages.

    Raises:
        RuleFileError: It has something that cannot be used.

    """
    parsed = Parsed(Path(place), value, ())
    made: list[Rule] = []
    for given, make in zip(*_made_of(parsed), strict=True):
        rule = make()
        rule.is_optional = given.optional and "optional" in given.model_fields_set
        made.append(rule)
    return made


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # it is gone; reading it says so
        return 0


def _from_python(path: Path, llm: Any) -> None:
    try:
        function = runpy.run_path(str(path)).get("rules")
        _check_function(path, function)
        cast("Callable[[Any], object]", function)(llm)
    except RuleFileError:
        raise
    except (Exception, SystemExit) as error:
        problem = f"the file raised {type(error).__name__}: {error}"
        raise RuleFileError(_raised_at(path, error), "", problem, "Correct it.") from error


def _check_function(path: Path, function: object) -> None:
    if not callable(function):
        raise RuleFileError(shown(path), "", "the file has no function rules", EXAMPLE)
    where = f"{shown(path)}:{getattr(getattr(function, '__code__', None), 'co_firstlineno', 1)}"
    if _waits(function):
        raise RuleFileError(where, "", "rules(llm) would only begin when it is called, and make no rules", EXAMPLE)
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        problem = f"the function rules cannot be called with the interceptor ({error})"
        raise RuleFileError(where, "", problem, EXAMPLE) from error


def _raised_at(path: Path, error: BaseException) -> str:
    """Say the innermost line of the file that an error comes from."""
    lines = _lines_of(error.__traceback__, str(path))
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        lines.append(error.lineno)
    return f"{shown(path)}:{lines[-1]}" if lines else shown(path)


def _lines_of(trace: TracebackType | None, file: str) -> list[int]:
    found: list[int] = []
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found.append(trace.tb_lineno)
        trace = trace.tb_next
    return found


@lru_cache(maxsize=32)
def _rules(path: Path, modified: int) -> tuple[Callable[[], Rule], ...]:  # noqa: ARG001 - a changed file is another one
    return _made_of(parse(path))[1]


def _made_of(parsed: Parsed) -> tuple[Sequence[RuleTable], tuple[Callable[[], Rule], ...]]:
    """Check the rules there are; return them, and what makes each."""
    try:
        rules = RulesFile.model_validate(parsed.value).rules
        return rules, tuple(_maker(parsed, number, rule) for number, rule in enumerate(rules))
    except ValidationError as error:
        raise mistaken(parsed, error) from error
    except RecursionError as error:
        raise RuleFileError(parsed.place(), "", "it is nested too deep", "Take some of the brackets out.") from error


def _maker(parsed: Parsed, number: int, rule: RuleTable) -> Callable[[], Rule]:
    where = parsed.place(number) if parsed.lines else f"{parsed.place()} rules[{number}]"
    conditions = rule.conditions()
    try:
        check_apis(conditions)
    except SettingsError as error:
        raise RuleFileError(where, "api", f"{error.value!r} cannot be used", str(error)) from error
    called = "on" if conditions else "reply"
    replies, pace = rule.made(), _pace(rule.pace, parsed, where)
    return lambda: _configured(Rule(conditions, called, where, optional=rule.optional), replies, rule, pace)


def _pace(said: str | None, parsed: Parsed, where: str) -> Pace | None:
    """Make a rule's pace; the tape that it may name is one from the file's folder."""
    if said is None:
        return None
    try:
        return pace_of("pace", seen_from(str(parsed.path.absolute().parent), said))
    except SettingsError as error:
        raise RuleFileError(where, "pace", f"{said!r} cannot be used", str(error)) from error


def _configured(rule: Rule, replies: list[Any], given: RuleTable, pace: Pace | None) -> Rule:
    warn_of_runaways(rule)
    rule.reply(*replies, times=given.times, expect=given.expect)
    rule.given_pace = pace
    if given.key is not None:
        rule.per(given.key)
    return {"end": lambda: rule, "cycle": rule.cycle, "repeat_last": rule.repeat_last}[given.then]()
