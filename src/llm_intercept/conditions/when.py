"""`when(…)`: a condition to combine with others, from the same arguments as `llm.on(…)`.

Knows: how conditions are given. Must not know: rules.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from llm_intercept.conditions.base import Both, Condition
from llm_intercept.conditions.given import NAMED, named_conditions, positional_condition
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    import re
    from collections.abc import Container, Mapping

    from llm_intercept.conditions.given import Positional, Text


def when(
    *conditions: Positional,
    user: Text | None = None,
    system: Text | None = None,
    last: Text | None = None,
    model: Text | None = None,
    tool: Text | None = None,
    tool_result: Text | None = None,
    turn: int | Container[int] | None = None,
    stream: bool | None = None,
    response_format: type | str | None = None,
    headers: Mapping[str, str | re.Pattern[str] | None] | None = None,
    url: Text | None = None,
    json: Mapping[str, Any] | None = None,
) -> Condition:
    """Make a condition for `llm.on(…)`, to combine with `&`, `|` and `~`; all that is given must hold.

    Args:
        *conditions: A str found in the last user message (whatever its case), a pattern searched there, a function of
            the `LLMRequest` that returns something true, another condition, or a respx pattern.
        user: A str or pattern for the last user message.
        system: A str or pattern for the system and developer messages.
        last: A str or pattern for the last message, whoever says it.
        model: The model's name; `*` and `?` are wildcards. Or a pattern.
        tool: The name of a tool the request offers, as for `model`.
        tool_result: The name of a tool that has answered since the last assistant message, as for `model`.
        turn: Which answer of the model's is asked for, 1 for the first; or several numbers, such as `range(2, 5)`.
        stream: Whether a stream is asked for.
        response_format: The pydantic class asked for, its schema's name, `"json_schema"` or `"json_object"`.
        headers: Header names and their values: a str to the letter, a pattern searched, None for not there.
        url: A str found in the URL, in which `*` stands for anything; or a pattern searched there.
        json: A part of the request's raw body; a pattern in it is searched in the body's str.

    Raises:
        SettingsError: A condition has a type it cannot have, or none is given.

    """
    given = locals()
    return reduce(Both, made("when()", conditions, {name: given[name] for name in NAMED}))


def made(what: str, positional: tuple[object, ...], named: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Make the conditions that `on(…)` or `when(…)` is given.

    Raises:
        SettingsError: A value cannot be used, or none is given.

    """
    conditions = (*map(positional_condition, positional), *named_conditions(named))
    if not conditions:
        raise SettingsError(what, "", "at least one condition, or llm.reply(…) for every request")
    return tuple(part for condition in conditions for part in _parts(condition))


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """Take apart what must hold together, so that each part has its verdict."""
    if isinstance(condition, Both):
        return (*_parts(condition.first), *_parts(condition.second))
    return (condition,)
