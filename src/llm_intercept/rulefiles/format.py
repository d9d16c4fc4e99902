"""The format of files of rules: what each table holds, and what is wrong with one that holds something else.

Knows: the tables, their keys, and what each key's value makes. Must not know: files, lines, how TOML and JSON are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from llm_intercept.base.json import is_array, is_object, mapping
from llm_intercept.conditions import MEMBERS
from llm_intercept.conditions.given import positional_condition
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.model.usage import Usage
from llm_intercept.replies.api_error import api_error
from llm_intercept.replies.kinds import CalledTools, prepare
from llm_intercept.replies.make import auto, embedding, moderation, passthrough, raw, refusal, structured
from llm_intercept.replies.reply import Reply, of_mapping
from llm_intercept.rulefiles.tables import (
    BOOL,
    INT,
    LIST,
    MARK,
    OF_WORDS,
    STR,
    TABLE,
    CallInFile,
    Item,
    JsonTable,
    MistakeError,
    Regex,
    Scores,
    Strict,
    Table,
    Text,
    UsageInFile,
    Vectors,
    branch,
    json_value,
    kinds,
    short,
)
from llm_intercept.rules.rule import Key  # noqa: TC001 - pydantic reads it
from llm_intercept.timing.pace_text import EXPECTED as PACES
from llm_intercept.timing.pace_text import check_text

if TYPE_CHECKING:
    from llm_intercept.conditions.base import Condition, Form
    from llm_intercept.replies.api_error import ErrorName

KINDS = ("structured", "raw", "error", "auto", "embedding", "moderation", "passthrough")
OF_ERRORS = {"message", "code", "retry_after"}
TOGETHER = {"error": {"error", *OF_ERRORS}, "auto": {"auto", "tools"}}


class ReplyInFile(Strict):
    """A reply in words: text and tool calls and the rest of `Reply`, or one of the other kinds."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    text: str = ""
    deltas: list[str] | None = None
    tool_calls: list[CallInFile] = Field(default_factory=list[CallInFile])
    reasoning: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: UsageInFile | None = None
    model: str | None = None
    structured: Annotated[Any, AfterValidator(json_value)] = None
    raw: (
        Annotated[
            Annotated[JsonTable, Tag(TABLE)] | Annotated[list[JsonTable], Tag(LIST)] | Annotated[str, Tag(STR)],
            kinds("Use a table (the body), a list of tables (the chunks of a stream), or a str."),
        ]
        | None
    ) = None
    error: (
        Annotated[
            Annotated[int, Tag(INT)] | Annotated[str, Tag(STR)],
            kinds('Use a status from 400 to 599, or an error\'s name such as "rate_limit_exceeded".'),
        ]
        | None
    ) = None
    message: str | None = None
    code: str | None = None
    retry_after: float | None = None
    auto: (
        Annotated[
            Annotated[Literal[True], Tag(BOOL)] | Annotated[str, Tag(STR)],
            kinds("Use true, or the text for requests that ask for no more than text."),
        ]
        | None
    ) = None
    tools: CalledTools | None = None
    embedding: Vectors | None = None
    moderation: Scores | None = None
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
        named = [name for name in KINDS if name in given]
        allowed = TOGETHER.get(named[0], set(named)) if named else given
        if len(named) > 1 or given - allowed:
            raise MistakeError(f"{' and '.join(sorted(given))} do not go together", "Give one kind of reply.")
        if not named and given & OF_ERRORS:
            raise MistakeError("message, code and retry_after belong to an error", "Give error too.")
        if not named and "tools" in given:
            raise MistakeError("tools belongs to auto", "Give auto = true too.")
        if not given:
            raise MistakeError("an empty table answers nothing", "Give text, tool_calls, error or auto = true.")
        if given == {"refusal"} and not self.refusal:
            raise MistakeError("'' cannot be used", "Say why the model refuses.", ".refusal")

    def made(self) -> Any:
        """Make the reply."""
        if self.error is not None:
            error = cast("int | ErrorName", self.error)  # another is told with its file and line
            return api_error(error, self.message, code=self.code, retry_after=self.retry_after)
        if "structured" in self.given:
            return structured(self.structured)
        if self.raw is not None:
            return raw(self.raw)
        if self.auto is not None:
            return auto(tools=self.tools) if self.auto is True else auto(self.auto, tools=self.tools)
        if self.embedding is not None:
            return embedding(*(self.embedding if any(map(is_array, self.embedding)) else [self.embedding]))
        if self.moderation is not None:
            found = [name for name, score in self.moderation.items() if score is True]
            return moderation(*found, **{name: score for name, score in self.moderation.items() if score is not True})
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
ITEM = MARK + "item"


def _branch_of_reply(value: object) -> str | None:
    """Tell an item, which says its type, from a reply in words."""
    keys = mapping(value).keys()
    return ITEM if "type" in keys and OF_WORDS.isdisjoint(keys) else branch(value)


def _reply_kinds(accepted: str) -> Discriminator:
    return Discriminator(_branch_of_reply, custom_error_type="kind", custom_error_message=accepted)


Part = Annotated[
    Annotated[str, Tag(STR)] | Annotated[ReplyInFile, Tag(TABLE)] | Annotated[Item, Tag(ITEM)],
    _reply_kinds('Use a str, or a table such as { text = "…" }.'),
]
GivenReply = Annotated[
    Annotated[str, Tag(STR)]
    | Annotated[ReplyInFile, Tag(TABLE)]
    | Annotated[Item, Tag(ITEM)]
    | Annotated[list[Part], Tag(LIST), Field(min_length=1)],
    _reply_kinds(REPLY),
]
Turn = Annotated[int, Field(ge=1)]
FORMS: dict[Form, Any] = {
    "text": Text,
    "word": Annotated[str, Field(min_length=1)],
    "turns": Annotated[
        Annotated[Turn, Tag(INT)] | Annotated[list[Turn], Field(min_length=1), Tag(LIST)],
        kinds("Use an int, 1 for the first answer, or a list of these."),
    ],
    "flag": bool,
    "headers": Annotated[dict[str, Text], Field(min_length=1)],
    "json": JsonTable,
}
"""What a condition's value is in a file, by the form that the condition's class names."""


class RuleTable(Strict):
    """One rule: its conditions, and `reply` or a script of `replies`."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"then": ["replies"], "key": ["replies"]}})

    match: Text | None = None
    reply: GivenReply | None = None
    replies: Annotated[list[GivenReply], Field(min_length=1)] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    expect: Annotated[int, Field(ge=0)] | tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = None
    then: Literal["end", "cycle", "repeat_last"] = "end"
    key: Key | None = None
    pace: Annotated[str, Field(min_length=1)] | None = None
    optional: bool = True

    @model_validator(mode="after")
    def _can_be_used(self) -> RuleTable:
        self._check_script()
        self._check_pace()
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

    def _check_pace(self) -> None:
        if self.pace is not None:
            try:
                check_text("pace", self.pace)
            except SettingsError as error:
                raise MistakeError(f"{short(self.pace)} cannot be used", f"Use {PACES}.", ".pace") from error

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
    if isinstance(given, ReplyInFile):
        return given.made()
    return of_mapping(cast("Mapping[str, Any]", given)) if is_object(given) else given


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


class FileTable(Strict):
    """A file of rules."""

    schema_: str | None = Field(default=None, alias="$schema")
    rules: Sequence[RuleTable]


RulesFile = _with_fields("RulesFile", FileTable, {"rules": (GenericAlias(list, RuleInFile), ...)})


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a file of rules, for editors."""
    return RulesFile.model_json_schema()
