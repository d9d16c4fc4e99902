"""The format of files of rules: what each table holds, and what is wrong with one that holds something else.

Knows: the tables, their keys, and what each key's value makes. Must not know: files, lines, how TOML and JSON are read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)

from llm_intercept.base.json import is_array, is_object, no_constant
from llm_intercept.conditions import MEMBERS
from llm_intercept.conditions.given import positional_condition
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.model.usage import Usage
from llm_intercept.replies.api_error import api_error
from llm_intercept.replies.kinds import CalledTools, prepare
from llm_intercept.replies.make import auto, custom_tool_call, passthrough, raw, refusal, structured, tool_call
from llm_intercept.replies.reply import Reply
from llm_intercept.rules.rule import Key  # noqa: TC001 - pydantic reads it
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from llm_intercept.conditions.base import Condition, Form

MARK = "\0"
"""What the name of a union's branch begins with, so that it is told from a key among pydantic's steps."""
STR, INT, BOOL, TABLE, LIST = (MARK + name for name in ("str", "int", "bool", "table", "list"))


class MistakeError(ValueError):
    """What is wrong with a value, and what to do; `key` leads from the value to the part that is meant."""

    def __init__(self, problem: str, advice: str, key: str = "") -> None:
        self.problem, self.advice, self.key = problem, advice, key
        super().__init__(f"{problem}. {advice}")


def short(value: object) -> str:
    """Say a value in one line."""
    return cut(repr(value), 80)


def _branch(value: object) -> str | None:
    """Name the branch of a union that a value's type in the file belongs to."""
    kinds: dict[type, str] = {str: STR, int: INT, bool: BOOL, dict: TABLE, list: LIST}
    return kinds.get(type(value))


def _kinds(accepted: str) -> Discriminator:
    """Choose the branch of a union by the type in the file; `accepted` says all that are there."""
    return Discriminator(_branch, custom_error_type="kind", custom_error_message=accepted)


def _json(value: Any) -> Any:
    """Refuse what JSON cannot say: TOML's dates, NaN and the infinities."""
    for path, leaf in _leaves(value, ""):
        if isinstance(leaf, date | time | datetime):
            raise MistakeError(f"{leaf} is a date or time, which JSON does not have", "Write it as a str.", path)
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise MistakeError(f"{leaf} is a number that JSON does not have", "Use another.", path)
    return value


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if is_object(value):
        return [leaf for key, one in value.items() for leaf in _leaves(one, f"{path}.{key}")]
    if is_array(value):
        return [leaf for number, one in enumerate(value) for leaf in _leaves(one, f"{path}[{number}]")]
    return [(path, value)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Table = TypeVar("Table", bound=_Strict)


class Regex(_Strict):
    """A pattern, where a str would be searched as it is."""

    regex: str
    flags: Annotated[str, Field(pattern="^[aims x]*$")] = ""

    @model_validator(mode="after")
    def _compiles(self) -> Regex:
        try:
            self.compiled()
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            raise MistakeError(
                f"{short(self.regex)} is not a pattern: {error}", "Correct the pattern.", ".regex"
            ) from error
        return self

    def compiled(self) -> re.Pattern[str]:
        """Make the pattern."""
        flags = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, " ": 0}
        return re.compile(self.regex, sum(flags[letter] for letter in set(self.flags)))


Text = Annotated[
    Annotated[str, Tag(STR)] | Annotated[Regex, Tag(TABLE)], _kinds('Use a str, or a pattern: { regex = "…" }.')
]
JsonTable = Annotated[dict[str, Any], AfterValidator(_json)]


class CallInFile(_Strict):
    """A tool call: its name and arguments, or the free text of a custom tool."""

    name: Annotated[str, Field(min_length=1)]
    arguments: Annotated[
        Annotated[JsonTable, Tag(TABLE)] | Annotated[str, Tag(STR)],
        _kinds("Use a table, or the text of a JSON object."),
    ] = Field(default_factory=dict[str, Any])
    input: str | None = None
    id: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> CallInFile:
        if self.input is not None and "arguments" in self.model_fields_set:
            advice = "Give arguments for a function tool, or input for a custom tool, which takes free text."
            raise MistakeError("arguments and input do not go together", advice)
        if isinstance(self.arguments, str):
            _parsed(self.arguments)
        return self

    def made(self) -> Any:
        """Make the call."""
        if self.input is not None:
            return custom_tool_call(self.name, self.input, id=self.id)
        return tool_call(self.name, self.arguments, id=self.id)


def _parsed(arguments: str) -> None:
    try:
        json.loads(arguments, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        advice = "Use a table, or JSON text; for a tool that takes free text use input."
        raise MistakeError(f"{short(arguments)} is not JSON: {error}", advice, ".arguments") from error


Tokens = Annotated[int, Field(ge=0)]


class UsageInFile(_Strict):
    """The tokens to report."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cache_read_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0


KINDS = ("structured", "raw", "error", "auto", "passthrough")
OF_ERRORS = {"message", "code", "retry_after"}
TOGETHER = {"error": {"error", *OF_ERRORS}, "auto": {"auto", "tools"}}


class ReplyInFile(_Strict):
    """A reply in words: text and tool calls and the rest of `Reply`, or one of `structured`, `raw`, `error`, `auto`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    text: str = ""
    deltas: list[str] | None = None
    tool_calls: list[CallInFile] = Field(default_factory=list[CallInFile])
    reasoning: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: UsageInFile | None = None
    model: str | None = None
    structured: Annotated[Any, AfterValidator(_json)] = None
    raw: (
        Annotated[
            Annotated[JsonTable, Tag(TABLE)] | Annotated[list[JsonTable], Tag(LIST)] | Annotated[str, Tag(STR)],
            _kinds("Use a table (the body), a list of tables (the chunks of a stream), or a str."),
        ]
        | None
    ) = None
    error: (
        Annotated[
            Annotated[int, Tag(INT)] | Annotated[str, Tag(STR)],
            _kinds('Use a status from 400 to 599, or an error\'s name such as "rate_limit_exceeded".'),
        ]
        | None
    ) = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    auto: (
        Annotated[
            Annotated[Literal[True], Tag(BOOL)] | Annotated[str, Tag(STR)],
            _kinds("Use true, or the text for requests that ask for no more than text."),
        ]
        | None
    ) = None
    tools: CalledTools | None = None
    passthrough: Literal[True] | None = None

    @property
    def given(self) -> set[str]:
        """The keys that are there; null counts for `structured` alone."""
        return {name for name in self.model_fields_set if name == "structured" or getattr(self, name) is not None}

    @model_validator(mode="after")
    def _is_one_reply(self) -> ReplyInFile:
        self._check_kind(self.given)
        try:
            prepare(self.made())
        except SettingsError as error:  # of an error's status, name or wait
            key = ".retry_after" if error.name == "retry_after" else ".error"
            raise MistakeError(f"{short(error.value)} cannot be used", f"Use {error.expected}.", key) from error
        except ReplyError as error:
            raise MistakeError(error.problem, error.advice) from error
        return self

    def _check_kind(self, given: set[str]) -> None:
        kinds = [name for name in KINDS if name in given]
        allowed = TOGETHER.get(kinds[0], set(kinds)) if kinds else given
        if len(kinds) > 1 or given - allowed:
            raise MistakeError(f"{' and '.join(sorted(given))} do not go together", "Give one kind of reply.")
        if not kinds and given & OF_ERRORS:
            raise MistakeError("message, code and retry_after belong to an error", "Give error too.")
        if not kinds and "tools" in given:
            raise MistakeError("tools belongs to auto", "Give auto = true too.")
        if not given:
            raise MistakeError("an empty table answers nothing", "Give text, tool_calls, error or auto = true.")
        if given == {"refusal"} and not self.refusal:
            raise MistakeError("'' cannot be used", "Say why the model refuses.", ".refusal")

    def made(self) -> Any:
        """Make the reply."""
        if self.error is not None:
            return api_error(self.error, self.message, code=self.code, retry_after=self.retry_after)
        if "structured" in self.given:
            return structured(self.structured)
        if self.raw is not None:
            return raw(self.raw)
        if self.auto is not None:
            return auto(tools=self.tools) if self.auto is True else auto(self.auto, tools=self.tools)
        return passthrough() if self.passthrough else self._said()

    def _said(self) -> Reply:
        if self.given == {"refusal"}:
            return refusal(self.refusal)
        given: dict[str, Any] = {name: getattr(self, name) for name in self.given}
        given["tool_calls"] = tuple(call.made() for call in self.tool_calls)
        if self.usage is not None:
            given["usage"] = Usage(**self.usage.model_dump())
        return Reply(**given)


REPLY = 'Use a str, a table such as { text = "…" }, or a list of these.'
Part = Annotated[
    Annotated[str, Tag(STR)] | Annotated[ReplyInFile, Tag(TABLE)],
    _kinds('Use a str, or a table such as { text = "…" }.'),
]
GivenReply = Annotated[
    Annotated[str, Tag(STR)]
    | Annotated[ReplyInFile, Tag(TABLE)]
    | Annotated[list[Part], Tag(LIST), Field(min_length=1)],
    _kinds(REPLY),
]
Turn = Annotated[int, Field(ge=1)]
FORMS: dict[Form, Any] = {
    "text": Text,
    "word": Annotated[str, Field(min_length=1)],
    "turns": Annotated[
        Annotated[Turn, Tag(INT)] | Annotated[list[Turn], Field(min_length=1), Tag(LIST)],
        _kinds("Use an int, 1 for the first answer, or a list of these."),
    ],
    "flag": bool,
    "headers": Annotated[dict[str, Text], Field(min_length=1)],
    "json": JsonTable,
}
"""What a condition's value is in a file, by the form that the condition's class names."""


class RuleTable(_Strict):
    """One rule: its conditions, and `reply` or a script of `replies`."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"then": ["replies"], "key": ["replies"]}})

    match: Text | None = None
    reply: GivenReply | None = None
    replies: Annotated[list[GivenReply], Field(min_length=1)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    then: Literal["end", "cycle", "repeat_last"] = "end"
    key: Key | None = None
    optional: bool = True

    @model_validator(mode="after")
    def _can_be_used(self) -> RuleTable:
        self._check_script()
        self.conditions()
        self.made()
        return self

    def _check_script(self) -> None:
        if self.reply is not None and self.replies is not None:
            raise MistakeError("reply and replies are both given", "Give reply, or a script of replies.")
        if self.reply is None and self.replies is None:
            raise MistakeError("neither reply nor replies is given", "Give reply, or a script of replies.")
        for name in ("then", "key"):
            if self.reply is not None and name in self.model_fields_set and getattr(self, name) is not None:
                problem = f"{getattr(self, name)!r} cannot be used: one reply repeats for ever"
                raise MistakeError(problem, f"Leave {name} out, or give a script of replies.", f".{name}")

    def conditions(self) -> tuple[Condition, ...]:
        """Make the conditions, as `on(…)` does of its arguments."""
        found: list[Condition] = []
        if self.match is not None:
            found.append(positional_condition(_plain(self.match)))
        for member in MEMBERS:
            value = _plain(getattr(self, _field(member.key)))
            try:
                found += [member.given(value)] if value is not None else []
            except SettingsError as error:
                problem = f"{short(error.value)} cannot be used"
                raise MistakeError(problem, f"Use {error.expected}.", f".{member.key}") from error
        return tuple(found)

    def made(self) -> list[Any]:
        """Make the replies."""
        if self.replies is None:
            return [_made(self.reply, ".reply")]
        return [_made(one, f".replies[{number}]") for number, one in enumerate(self.replies)]


def _made(given: GivenReply | None, key: str) -> Any:
    """Make a reply, and refuse parts of a turn that do not go together."""
    made = [_part(one) for one in given] if isinstance(given, list) else _part(given)
    try:
        prepare(made)
    except ReplyError as error:
        raise MistakeError(error.problem, error.advice, key) from error
    return made


def _part(given: object) -> Any:
    return given.made() if isinstance(given, ReplyInFile) else given


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in cast("Mapping[str, Any]", value).items()}
    return value.compiled() if isinstance(value, Regex) else value


def _field(key: str) -> str:
    """Name the field of a condition's key: no field of pydantic's may be called `json`."""
    return f"{key}_" if hasattr(BaseModel, key) else key


def _with_fields(name: str, base: type[Table], fields: dict[str, Any]) -> type[Table]:
    return create_model(name, __base__=base, __doc__=base.__doc__, **fields)


RuleInFile = _with_fields(
    "RuleInFile",
    RuleTable,
    {_field(one.key): (FORMS[one.form] | None, Field(default=None, alias=one.key)) for one in MEMBERS},
)


class FileTable(_Strict):
    """A file of rules."""

    schema_: str | None = Field(default=None, alias="$schema")
    rules: Sequence[RuleTable]


RulesFile = _with_fields("RulesFile", FileTable, {"rules": (GenericAlias(list, RuleInFile), ...)})


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a file of rules, for editors."""
    return RulesFile.model_json_schema()
