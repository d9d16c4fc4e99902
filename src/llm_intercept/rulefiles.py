"""Rules in files: TOML and JSON by a schema, Python by a function `rules(llm)`.

Knows: the files' format, and makes rules of it. Must not know: requests, HTTP.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import runpy
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from llm_intercept.errors import LLMInterceptError, RuleFileError
from llm_intercept.faults import api_error
from llm_intercept.making import auto, custom_tool_call, passthrough, raw, refusal, structured, tool_call
from llm_intercept.replies import Reply
from llm_intercept.rules.rule import Rule
from llm_intercept.rules.when import made
from llm_intercept.settings import check_rules_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.rules.book import RuleBook

RulesSource = str | os.PathLike[str] | Callable[[Any], object]
"""A path of a file, or a function that makes rules: `rules(llm)`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Regex(_Strict):
    """A pattern, where a str would be searched as it is."""

    regex: str
    flags: Annotated[str, Field(pattern="^[aims x]*$")] = ""

    def compiled(self) -> re.Pattern[str]:
        """Make the pattern."""
        flags = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, " ": 0}
        return re.compile(self.regex, sum(flags[letter] for letter in self.flags))


def _compiles(value: Regex) -> Regex:
    try:
        value.compiled()
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from error
    return value


Text = str | Annotated[Regex, AfterValidator(_compiles)]


class CallInFile(_Strict):
    """A tool call: its name and arguments, or the free text of a custom tool."""

    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict[str, Any])
    input: str | None = None
    id: str | None = None

    def made(self) -> Any:
        """Make the call."""
        if self.input is not None:
            return custom_tool_call(self.name, self.input, id=self.id)
        return tool_call(self.name, self.arguments, id=self.id)


KINDS = ("structured", "raw", "error", "auto", "passthrough")


class ReplyInFile(_Strict):
    """A reply in words: text and tool calls and the rest of `Reply`, or one of `structured`, `raw`, `error`, `auto`."""

    text: str = ""
    deltas: list[str] | None = None
    tool_calls: list[CallInFile] = Field(default_factory=list[CallInFile])
    reasoning: str = ""
    refusal: str = ""
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter", "function_call"] | None = None
    usage: dict[str, int] | None = None
    model: str | None = None
    structured: Any = None
    raw: dict[str, Any] | list[dict[str, Any]] | str | None = None
    error: int | str | None = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    auto: Literal[True] | str | None = None
    passthrough: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> ReplyInFile:
        given = self.model_fields_set
        kinds = [name for name in KINDS if name in given]
        allowed = {"error": {"error", "message", "code", "retry_after"}}.get(kinds[0], set(kinds)) if kinds else given
        if len(kinds) > 1 or given - allowed:
            raise ValueError(f"{' and '.join(sorted(given))} do not go together")
        if not kinds and given & {"message", "code", "retry_after"}:
            raise ValueError("message, code and retry_after belong to an error; give error too")
        return self

    def made(self) -> Any:
        """Make the reply."""
        if self.error is not None:
            return api_error(self.error, self.message, code=self.code, retry_after=self.retry_after)
        if "structured" in self.model_fields_set:
            return structured(self.structured)
        if self.raw is not None:
            return raw(self.raw)
        if self.auto is not None:
            return auto() if self.auto is True else auto(self.auto)
        return passthrough() if self.passthrough else self._said()

    def _said(self) -> Reply:
        if self.model_fields_set == {"refusal"}:
            return refusal(self.refusal)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        given["tool_calls"] = tuple(call.made() for call in self.tool_calls)
        return Reply(**given)


GivenReply = str | ReplyInFile | list[str | ReplyInFile]


class RuleInFile(_Strict):
    """One rule: its conditions, and `reply` or a script of `replies`."""

    match: Text | None = None
    user: Text | None = None
    system: Text | None = None
    last: Text | None = None
    model: Text | None = None
    tool: Text | None = None
    tool_result: Text | None = None
    turn: Annotated[int, Field(ge=1)] | list[Annotated[int, Field(ge=1)]] | None = None
    stream: bool | None = None
    response_format: str | None = None
    headers: dict[str, Text] | None = None
    url: Text | None = None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    reply: GivenReply | None = None
    replies: Annotated[list[GivenReply], Field(min_length=1)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    then: Literal["end", "cycle", "repeat_last"] = "end"
    key: Literal["conversation", "model", "system", "last_user", "url"] | None = None
    optional: bool = True

    @model_validator(mode="after")
    def _has_one_reply(self) -> RuleInFile:
        if (self.reply is None) == (self.replies is None):
            raise ValueError("give reply, or a script of replies")
        return self

    def conditions(self) -> tuple[tuple[object, ...], dict[str, Any]]:
        """Return the conditions as `on(…)` takes them: positional and named."""
        names = ("user", "system", "last", "model", "tool", "tool_result", "turn", "stream", "response_format", "url")
        named = {name: _plain(getattr(self, name)) for name in names}
        headers = self.headers and {name: _plain(value) for name, value in self.headers.items()}
        positional = () if self.match is None else (_plain(self.match),)
        return positional, {**named, "headers": headers, "json": self.json_}


class RulesFile(_Strict):
    """A file of rules."""

    schema_: str | None = Field(default=None, alias="$schema")
    rules: list[RuleInFile]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a file of rules, for editors."""
    return RulesFile.model_json_schema()


def sources(given: object) -> tuple[RulesSource, ...]:
    """Check what `rules=` is given: a path, a function, or a list of these.

    Raises:
        SettingsError: It is none of these, or there is no such file.

    """
    if given is None:
        return ()
    many = cast("list[object]", given) if isinstance(given, list | tuple) else [given]
    return tuple(cast("RulesSource", one) if callable(one) else check_rules_file("rules", one) for one in many)


def install(source: RulesSource, llm: Any, book: RuleBook) -> None:
    """Add the rules of a file or function.

    Args:
        source: Where they are.
        llm: What a function of rules is given.
        book: Where those of a file go.

    Raises:
        RuleFileError: The file cannot be read, or has a key or value that cannot be used; it names all three.

    """
    if callable(source):
        source(llm)
    elif os.fspath(source).endswith(".py"):
        _from_python(Path(source), llm)
    else:
        path = Path(source)
        for rule in _rules(path, path.stat().st_mtime_ns):
            book.add(rule())


def _from_python(path: Path, llm: Any) -> None:
    names = runpy.run_path(str(path))
    function = names.get("rules")
    if not callable(function):
        raise RuleFileError(
            str(path), "", "the file has no function rules", "Write def rules(llm): llm.on(…).reply(…)."
        )
    function(llm)


@lru_cache(maxsize=32)
def _rules(path: Path, modified: int) -> tuple[Callable[[], Rule], ...]:  # noqa: ARG001 - a changed file is another one
    text = path.read_text(encoding="utf-8")
    lines = list(_lines(text, toml=path.suffix == ".toml"))
    try:
        parsed = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        file = RulesFile.model_validate(parsed)
    except ValidationError as error:
        raise _explained(path, error, lines) from error
    except ValueError as error:  # of TOML and JSON
        kind = path.suffix[1:].upper()
        raise RuleFileError(_shown(path), "", f"it is not {kind}: {error}", f"Mend the {kind}.") from error
    return tuple(_maker(path, number, rule, lines) for number, rule in enumerate(file.rules))


def _maker(path: Path, number: int, rule: RuleInFile, lines: list[int]) -> Callable[[], Rule]:
    where = f"{_shown(path)}:{lines[number]}" if number < len(lines) else f"{_shown(path)} rules[{number}]"
    positional, named = rule.conditions()
    given = rule.replies if rule.replies is not None else [rule.reply]
    try:
        conditions = made("rule", positional, named) if _any(positional, named) else ()
        description = f"on({', '.join(map(str, conditions))})" if conditions else "reply(…)"
        replies = [_reply(one) for one in given]
        _configured(Rule(conditions, description, where), replies, rule)
    except (LLMInterceptError, ValueError, TypeError) as error:
        raise RuleFileError(where, f"rules[{number}]", str(error), "Mend the rule.") from error
    return lambda: _configured(Rule(conditions, description, where, optional=rule.optional), replies, rule)


def _configured(rule: Rule, replies: list[Any], given: RuleInFile) -> Rule:
    rule.reply(*replies, times=given.times)
    if given.key is not None:
        rule.script(key=given.key)
    return {"end": lambda: rule, "cycle": rule.cycle, "repeat_last": rule.repeat_last}[given.then]()


def _any(positional: tuple[object, ...], named: Mapping[str, Any]) -> bool:
    return bool(positional) or any(value is not None for value in named.values())


def _reply(given: GivenReply | None) -> Any:
    if isinstance(given, list):
        return [_reply(one) for one in given]
    return given.made() if isinstance(given, ReplyInFile) else given


def _plain(value: Any) -> Any:
    return value.compiled() if isinstance(value, Regex) else value


def _explained(path: Path, error: ValidationError, lines: list[int]) -> RuleFileError:
    """Say the most telling of what pydantic found: the one deepest in the file."""
    first = max(error.errors(), key=lambda one: (one["type"] == "extra_forbidden", len(one["loc"])))
    steps = [step for step in first["loc"] if not _is_type(step)]
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    number = steps[1] if len(steps) > 1 and isinstance(steps[1], int) else -1
    where = f"{_shown(path)}:{lines[number]}" if 0 <= number < len(lines) else _shown(path)
    advice = "See the documentation of rules in files, or llm-intercept check --schema."
    if first["type"] != "extra_forbidden":
        return RuleFileError(where, key, f"{_short(first['input'])} cannot be used: {first['msg']}", advice)
    known = [*RuleInFile.model_fields, "json"] if len(steps) == 3 else list(ReplyInFile.model_fields)  # noqa: PLR2004 - rules, number, key
    known = ["rules"] if len(steps) == 1 else known
    near = difflib.get_close_matches(str(steps[-1]), known, 1)
    meant = f"Did you mean {near[0]!r}?" if near else "Known are " + ", ".join(known) + "."
    return RuleFileError(where, key, f"there is no such key (its value is {_short(first['input'])})", meant)


def _is_type(step: int | str) -> bool:
    """Tell whether a step of pydantic's is the name of a type it tried, not of a key."""
    names = {"str", "int", "float", "bool", "Regex", "ReplyInFile", "CallInFile", "constrained-int", "constrained-str"}
    return isinstance(step, str) and (step in names or "[" in step)


def _short(value: object) -> str:
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:79] + "…"  # noqa: PLR2004 - for one line


def _shown(path: Path) -> str:
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _lines(text: str, *, toml: bool) -> Iterator[int]:
    """Give the line that each rule begins at, as far as that can be told."""
    if toml:
        for one in re.finditer(r"^[ \t]*(\[\[[ \t]*rules[ \t]*\]\])", text, re.MULTILINE):
            yield text.count("\n", 0, one.start(1)) + 1
        return
    begin = re.search(r'"rules"\s*:\s*\[', text)
    position = begin.end() if begin else len(text)
    decoder = json.JSONDecoder()
    while (found := re.compile(r"[\s,]*(?=\{)").match(text, position)) is not None:
        yield text.count("\n", 0, found.end()) + 1
        try:
            _, position = decoder.raw_decode(text, found.end())
        except ValueError:
            return
