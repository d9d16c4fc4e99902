"""Makes conditions of what users give to `on(…)` and `when(…)`, and refuses what cannot be one.

Knows: every kind of condition. Must not know: rules, replies.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from llm_intercept.base.json import is_array, is_object
from llm_intercept.conditions.base import Condition
from llm_intercept.conditions.fields import (
    FormatCondition,
    ModelCondition,
    StreamCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
)
from llm_intercept.conditions.function import Predicate
from llm_intercept.conditions.http import HeadersCondition, UrlCondition, is_respx_pattern, respx_condition, url_pattern
from llm_intercept.conditions.json import JsonCondition
from llm_intercept.conditions.text import TextCondition
from llm_intercept.errors import SettingsError
from llm_intercept.model.request import LLMRequest

Text = str | re.Pattern[str]
Positional = Text | Condition | Callable[[LLMRequest], Any] | object
"""A str, a pattern, a condition, a function of the request, or one of respx's patterns."""


def positional_condition(wanted: object) -> Condition:
    """Make the condition of a positional argument.

    Raises:
        SettingsError: It cannot be one.

    """
    if isinstance(wanted, Condition):
        return wanted
    if isinstance(wanted, str | re.Pattern):
        return TextCondition("user", _text("on(…)", cast("object", wanted)), positional=True)
    if is_respx_pattern(wanted):
        return respx_condition(wanted)
    if callable(wanted) and not inspect.isclass(wanted):
        return Predicate(asked_function("on(…)", wanted))
    advice = "a str, a re.compile(…) pattern, a condition, a respx pattern or a function of the request"
    if inspect.isclass(wanted):
        advice = f"response_format={wanted.__name__} for requests that ask for this class, or " + advice
    raise SettingsError("on(…)", wanted, advice)


def named_conditions(given: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Make the conditions of keyword arguments; None stands for one that is not given.

    Raises:
        SettingsError: A value cannot be used.

    """
    return tuple(NAMED[name](name, value) for name, value in given.items() if value is not None)


def _text(name: str, wanted: object) -> Text:
    searched: object = getattr(wanted, "pattern", wanted)
    if not isinstance(searched, str):
        raise SettingsError(name, wanted, "a str or a re.compile(…) pattern of str")
    return cast("Text", wanted)


def asked_function(name: str, function: Callable[..., Any]) -> Callable[[LLMRequest], Any]:
    """Return `function` if it can be asked about a request.

    Raises:
        SettingsError: It is a coroutine function, or does not take the request alone.

    """
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        raise SettingsError(name, function, "a plain function: this one would have to be awaited")
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise SettingsError(name, function, f"a function that takes the request alone ({error})") from error
    except ValueError:  # a built-in that does not say its parameters
        return function
    return function


def _text_condition(name: str, wanted: object) -> Condition:
    return TextCondition(name, _text(f"on({name}=…)", wanted))


def _name(name: str, wanted: object) -> Text:
    searched: object = getattr(wanted, "pattern", wanted)
    if not isinstance(searched, str):
        raise SettingsError(f"on({name}=…)", wanted, "a str, which may hold the wildcards * and ?, or a pattern")
    return cast("Text", wanted)


def _turn(name: str, wanted: Any) -> Condition:
    if _is_turn(wanted):
        return TurnCondition(wanted)
    if isinstance(wanted, range) and wanted and min(wanted) >= 1:
        return TurnCondition(wanted)
    if isinstance(wanted, list | tuple | set | frozenset) and wanted:
        numbers: tuple[Any, ...] = tuple(cast("list[Any]", wanted))
        if all(map(_is_turn, numbers)):
            return TurnCondition(numbers)
    expected = "an int, 1 for the first answer, or several of them, such as range(2, 5) or (1, 3)"
    raise SettingsError(f"on({name}=…)", cast("object", wanted), expected)


def _is_turn(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _stream(name: str, wanted: object) -> Condition:
    if isinstance(wanted, bool):
        return StreamCondition(wanted)
    raise SettingsError(f"on({name}=…)", wanted, "True or False")


def _format(name: str, wanted: object) -> Condition:
    if isinstance(wanted, str) and wanted:
        return FormatCondition(wanted)
    if inspect.isclass(wanted):
        return FormatCondition(wanted.__name__, of_class=True)
    raise SettingsError(f"on({name}=…)", wanted, "a pydantic class, a schema's name, 'json_object' or 'json_schema'")


def _headers(name: str, wanted: Any) -> Condition:
    expected = "a mapping of header names to a str, a pattern, or None for a header that must not be there"
    if not is_object(wanted) or not wanted:
        raise SettingsError(f"on({name}=…)", wanted, expected)
    pairs: tuple[tuple[Any, Any], ...] = tuple(wanted.items())
    for header, value in pairs:
        if not isinstance(header, str) or not isinstance(getattr(value, "pattern", value), str | None):
            raise SettingsError(f"on({name}=…)", wanted, expected)
    return HeadersCondition(pairs)


def _url(name: str, wanted: object) -> Condition:
    given = _text(f"on({name}=…)", wanted)
    return UrlCondition(given, url_pattern(given))


def _json(name: str, wanted: Any) -> Condition:
    if not is_object(wanted):
        raise SettingsError(f"on({name}=…)", wanted, "a mapping: the part of the request's body to look for")
    plain = _plain(wanted)
    if not _is_json(plain):
        expected = "values that JSON can say: str keys, str, numbers, bool, None, lists and mappings, or patterns"
        raise SettingsError(f"on({name}=…)", wanted, expected)
    return JsonCondition(plain)


def _plain(value: object) -> Any:
    """Write a user's value as JSON has it: mappings are dicts, sequences are lists."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value


def _is_json(value: Any) -> bool:
    if is_object(value):
        return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
    if is_array(value):
        return all(map(_is_json, value))
    return isinstance(getattr(value, "pattern", value), str | int | float | None)


NAMED: dict[str, Callable[[str, object], Condition]] = {
    "user": _text_condition,
    "system": _text_condition,
    "last": _text_condition,
    "model": lambda name, wanted: ModelCondition(_name(name, wanted)),
    "tool": lambda name, wanted: ToolCondition(_name(name, wanted)),
    "tool_result": lambda name, wanted: ToolResultCondition(_name(name, wanted)),
    "turn": _turn,
    "stream": _stream,
    "response_format": _format,
    "headers": _headers,
    "url": _url,
    "json": _json,
}
