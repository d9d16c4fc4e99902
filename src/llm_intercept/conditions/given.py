"""Makes conditions of what users give to `on(…)`, `when(…)` and `calls.matching(…)`, and refuses what cannot be one.

Knows: every kind of condition. Must not know: rules, replies.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from llm_intercept.base.words import unknown_keyword
from llm_intercept.conditions import BY_KEY
from llm_intercept.conditions.base import Both, Condition
from llm_intercept.conditions.function import FunctionCondition, asked_function
from llm_intercept.conditions.respx import RespxPattern, is_respx_pattern, respx_condition
from llm_intercept.conditions.text import TextOrPattern, UserCondition, is_text
from llm_intercept.errors import SettingsError
from llm_intercept.model.request import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ConditionLike = TextOrPattern | Condition | RespxPattern | Callable[[LLMRequest], object]
"""A str or pattern for the last user message, a condition, one of respx's patterns, or a function of the request."""


def positional_condition(wanted: object) -> Condition:
    """Make the condition of a positional argument; raises `SettingsError` if it cannot be one."""
    if isinstance(wanted, Condition):
        return wanted
    if is_text(wanted):
        return UserCondition(wanted, positional=True)
    if is_respx_pattern(wanted):
        return respx_condition(wanted)
    if callable(wanted) and not inspect.isclass(wanted):
        return FunctionCondition(asked_function("on(…)", wanted))
    advice = "a str, a re.compile(…) pattern of str, a condition, a respx pattern or a function of the request"
    if inspect.isclass(wanted):
        advice = f"response_format={wanted.__name__} for requests that ask for this class, or " + advice
    raise SettingsError("on(…)", wanted, advice)


def all_conditions(
    call: str, positional: Iterable[object], named: Mapping[str, object], others: Iterable[str] = ()
) -> tuple[Condition, ...]:
    """Make the conditions `call` is given; `others` are its keywords that are none. Raises `SettingsError`."""
    for name in named:
        if name not in BY_KEY:
            raise unknown_keyword(call, name, named[name], (*BY_KEY, *others))
    keywords = (BY_KEY[name].given(value) for name, value in named.items() if value is not None)
    given = (*map(positional_condition, positional), *keywords)
    return tuple(part for condition in given for part in _parts(condition))


def some_conditions(call: str, positional: Iterable[object], named: Mapping[str, object]) -> tuple[Condition, ...]:
    """Make the conditions that a call is given, at least one; raises `SettingsError`."""
    conditions = all_conditions(call, positional, named)
    if not conditions:
        raise SettingsError(f"{call}()", "", "at least one condition, or llm.reply(…) for every request")
    return conditions


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """Take apart what must hold together, so that each part has its verdict."""
    if isinstance(condition, Both):
        return (*_parts(condition.first), *_parts(condition.second))
    return (condition,)
