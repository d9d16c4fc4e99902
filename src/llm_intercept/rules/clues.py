"""What a request must have for conditions to hold, as far as one look-up can find it.

Knows: what conditions are made of. Must not know: rules; no request is judged here, and no user's function called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.conditions.base import Both, Condition, Either, Not
from llm_intercept.conditions.fields import (
    WILD,
    FormatCondition,
    ModelCondition,
    StreamCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
    formats,
)
from llm_intercept.conditions.http import HeadersCondition, UrlCondition
from llm_intercept.conditions.json import JsonCondition
from llm_intercept.conditions.text import TEXTS, TextCondition
from llm_intercept.rules.lookup import Strings, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llm_intercept.model.request import LLMRequest

    Read = Callable[[LLMRequest], Iterable[Any]]

OWN = (
    TextCondition,
    ModelCondition,
    ToolCondition,
    ToolResultCondition,
    TurnCondition,
    StreamCondition,
    FormatCondition,
    HeadersCondition,
    UrlCondition,
    JsonCondition,
)
"""The conditions that call nobody's code and never raise."""


class Clue(NamedTuple):
    """A value, or a string in a text, that is among what `read` gives of a request."""

    kind: type[Values | Strings]
    read: Read
    wanted: Any


Clues = tuple[Clue, ...]
"""Alternatives: one of them is there."""


def clues(conditions: Iterable[Condition]) -> tuple[Clues, ...]:
    """Say what a request has that fulfils all the conditions; nothing where that cannot be told.

    Without one of the clues a condition fails before any user's function is asked, so that such a request can be passed
    over and nobody knows.
    """
    found: list[Clues] = []
    for condition in conditions:
        found.extend(_clues(condition))
        if not _asks_nobody(condition):
            break
    return tuple(found)


def _clues(condition: Condition) -> tuple[Clues, ...]:
    match condition:
        case TextCondition(place, wanted) if type(wanted) is str and wanted:
            return ((Clue(Strings, FOLDED[place], wanted.casefold()),),)
        case ModelCondition(wanted):
            return _name(_model, wanted)
        case ToolCondition(wanted):
            return _name(_tools, wanted)
        case ToolResultCondition(wanted):
            return _name(_tool_results, wanted)
        case TurnCondition(int(turn)):
            return ((Clue(Values, _turn, turn),),)
        case StreamCondition(wanted):
            return ((Clue(Values, _stream, wanted),),)
        case FormatCondition(wanted):
            return ((Clue(Values, formats, wanted),),)
        case Both(first, second):
            return clues((first, second))
        case Either(first, second):
            return _either(_clues(first), _clues(second))
        case _:
            return ()


def _either(first: tuple[Clues, ...], second: tuple[Clues, ...]) -> tuple[Clues, ...]:
    return (min(first, key=len) + min(second, key=len),) if first and second else ()


def _name(read: Read, wanted: str | re.Pattern[str]) -> tuple[Clues, ...]:
    """Look up a plain name; a glob by its longest piece without wildcards."""
    if type(wanted) is not str:
        return ()
    if not WILD.search(wanted):
        return ((Clue(Values, read, wanted),),)
    piece = max(re.split(r"[*?]", wanted.partition("[")[0]), key=len)
    return ((Clue(Strings, read, piece),),) if piece else ()


def _asks_nobody(condition: Condition) -> bool:
    if type(condition) in OWN:
        return True
    if isinstance(condition, Both | Either):
        return _asks_nobody(condition.first) and _asks_nobody(condition.second)
    return isinstance(condition, Not) and _asks_nobody(condition.inner)


def _folded(read: Callable[[LLMRequest], str]) -> Read:
    return lambda request: (read(request).casefold(),)


def _model(request: LLMRequest) -> tuple[str]:
    return (request.model,)


def _tools(request: LLMRequest) -> set[str]:
    return {tool.name for tool in request.tools}


def _tool_results(request: LLMRequest) -> set[str]:
    return {result.name for result in request.tool_results}


def _turn(request: LLMRequest) -> tuple[int]:
    return (request.turn,)


def _stream(request: LLMRequest) -> tuple[bool]:
    return (request.stream,)


FOLDED = {place: _folded(read) for place, read in TEXTS.items()}
