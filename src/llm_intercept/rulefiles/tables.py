"""What the tables in files of rules are made of: values by their types, patterns, calls, numbers of tokens, items.

Knows: what each key's value makes. Must not know: rules, files, lines, how TOML and JSON are read.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime, time
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from llm_intercept.base.json import is_array, is_object, no_constant
from llm_intercept.errors import ReplyError
from llm_intercept.replies.make import custom_tool_call, tool_call
from llm_intercept.replies.reply import of_mapping
from llm_intercept.shown import cut

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


def branch(value: object) -> str | None:
    """Name the branch of a union that a value's type in the file belongs to."""
    kinds: dict[type, str] = {str: STR, int: INT, bool: BOOL, dict: TABLE, list: LIST}
    return kinds.get(type(value))


def kinds(accepted: str) -> Discriminator:
    """Choose the branch of a union by the type in the file; `accepted` says all that are there."""
    return Discriminator(branch, custom_error_type="kind", custom_error_message=accepted)


def json_value(value: Any) -> Any:
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


class Strict(BaseModel):
    """A table: a key that it does not have is a mistake, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


Table = TypeVar("Table", bound=Strict)


class Regex(Strict):
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
    Annotated[str, Tag(STR)] | Annotated[Regex, Tag(TABLE)], kinds('Use a str, or a pattern: { regex = "…" }.')
]
JsonTable = Annotated[dict[str, Any], AfterValidator(json_value)]


class CallInFile(Strict):
    """A tool call: its name and arguments, or the free text of a custom tool."""

    name: Annotated[str, Field(min_length=1)]
    arguments: Annotated[
        Annotated[JsonTable, Tag(TABLE)] | Annotated[str, Tag(STR)],
        kinds("Use a table, or the text of a JSON object."),
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


class UsageInFile(Strict):
    """The tokens to report."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cache_read_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0


def _item(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is no item of an API's."""
    try:
        of_mapping(value)
    except ReplyError as error:
        raise MistakeError(error.problem, error.advice) from error
    return value


OF_WORDS = frozenset({"text", "deltas", "structured", "raw"})
"""Keys by which a table is a reply in words, though it has a `type`, which is a mistake then."""
ITEM_SCHEMA = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string", "minLength": 1}},
    "propertyNames": {"not": {"enum": sorted(OF_WORDS)}},
}
Item = Annotated[JsonTable, AfterValidator(_item), WithJsonSchema(ITEM_SCHEMA)]
"""An item that the API itself makes, as it writes it: a table with a `type`."""
VECTOR = {"type": "array", "items": {"type": "number"}, "minItems": 1}
Vectors = Annotated[
    list[Any],
    AfterValidator(json_value),
    WithJsonSchema({"anyOf": [VECTOR, {"type": "array", "items": VECTOR, "minItems": 1}]}),
]
"""One vector, or one for each input."""
Scores = Annotated[
    JsonTable,
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"anyOf": [{"const": True}, {"type": "number", "minimum": 0, "maximum": 1}]},
        }
    ),
]
"""What a moderation finds: categories, each with its score, or true."""
