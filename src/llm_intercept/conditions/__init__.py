"""What a rule asks of a request, a condition a class.

`MEMBERS` lists the classes and `Conditions` types their keywords: `on(…)`, `when(…)`, `calls.matching(…)`, the keys of
files of rules, the index of rules and the search for shadowed ones follow from these.

Knows: every condition that has a keyword. Must not know: rules, replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from llm_intercept.conditions.api import ApiCondition
from llm_intercept.conditions.fields import FormatCondition, StreamCondition, TurnCondition
from llm_intercept.conditions.http import HeadersCondition, UrlCondition
from llm_intercept.conditions.json import JsonCondition
from llm_intercept.conditions.names import ModelCondition, ToolCondition, ToolResultCondition
from llm_intercept.conditions.text import LastCondition, SystemCondition, UserCondition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.conditions.base import KeywordCondition
    from llm_intercept.conditions.fields import Turns
    from llm_intercept.conditions.http import Headers
    from llm_intercept.conditions.json import JsonPart
    from llm_intercept.conditions.text import TextOrPattern

MEMBERS: tuple[type[KeywordCondition], ...] = (
    UserCondition,
    SystemCondition,
    LastCondition,
    ModelCondition,
    ApiCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
    StreamCondition,
    FormatCondition,
    HeadersCondition,
    UrlCondition,
    JsonCondition,
)
BY_KEY: Mapping[str, type[KeywordCondition]] = {member.key: member for member in MEMBERS}


class Conditions(TypedDict, total=False):
    """What a request is asked, by keyword; None stands for one that is not given."""

    user: TextOrPattern | None
    """A str found in the last user message (whatever its case), or a pattern searched there."""
    system: TextOrPattern | None
    """As `user`, of the system and developer messages."""
    last: TextOrPattern | None
    """As `user`, of the last message, whoever says it."""
    model: TextOrPattern | None
    """The model's name; `*` and `?` are wildcards. Or a pattern."""
    api: TextOrPattern | None
    """The API that is asked, such as `"openai.chat"`, as for `model`."""
    tool: TextOrPattern | None
    """The name of a tool the request offers, as for `model`."""
    tool_result: TextOrPattern | None
    """The name of a tool that has answered since the last assistant message, as for `model`."""
    turn: Turns | None
    """Which answer of the model's is asked for, 1 for the first; or several numbers, such as `range(2, 5)`."""
    stream: bool | None
    """Whether a stream is asked for."""
    response_format: type | str | None
    """The pydantic class asked for, its schema's name, `"json_schema"`, `"json_object"` or `"enum"`."""
    headers: Headers | None
    """Header names and their values: a str to the letter, a pattern searched, None for not there."""
    url: TextOrPattern | None
    """A str found in the URL, in which `*` stands for anything; or a pattern searched there."""
    json: Mapping[str, JsonPart] | None
    """A part of the request's raw body; a pattern in it is searched in the body's str."""
