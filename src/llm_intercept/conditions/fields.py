"""Conditions on what a request asks for: which turn of the conversation, a stream, a format.

Knows: the neutral request. Must not know: HTTP, replies.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import mapping, text
from llm_intercept.conditions.base import Clue, KeywordCondition
from llm_intercept.facts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.conditions.base import Condition
    from llm_intercept.model.request import LLMRequest, OutputFormat

Turns = int | Sequence[int] | AbstractSet[int]
"""The number of a turn, or several: a range, list, tuple or set."""


@dataclass(frozen=True, slots=True, repr=False)
class TurnCondition(KeywordCondition):
    """Which answer of the model's is asked for: one number, or one of several."""

    wanted: int | range | tuple[int, ...]

    key = "turn"
    form = "turns"
    accepts = "an int, 1 for the first answer, or several of them, such as range(2, 5) or (1, 3)"

    @classmethod
    def given(cls, value: object) -> TurnCondition:
        if is_int(value, 1) or (isinstance(value, range) and value and min(value) >= 1):
            return cls(value)
        turns = tuple(cast("Iterable[object]", value)) if isinstance(value, list | tuple | set | frozenset) else ()
        if turns and all(is_int(one, 1) for one in turns):
            return cls(cast("tuple[int, ...]", turns))
        raise cls.refused(cast("object", value))

    @staticmethod
    def turns(request: LLMRequest) -> tuple[int]:
        return (request.turn,)

    def holds(self, request: LLMRequest) -> bool:
        return request.turn == self.wanted if isinstance(self.wanted, int) else request.turn in self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        turn, many = request.turn, request.turn - 1
        said = "no assistant message" if not many else f"{many} assistant message{'s' if many > 1 else ''}"
        got = f"{turn}: {said} so far"
        holds = self.holds(request)
        distance = 0.0 if holds else min(4, abs(turn - self.wanted)) / 4 if isinstance(self.wanted, int) else 0.5
        return Verdict(holds, self.key, repr(self.wanted), got, distance=distance)

    def clue(self) -> Clue | None:
        return Clue("value", self.turns, self.wanted) if isinstance(self.wanted, int) else None

    def implies(self, other: Condition) -> bool:
        """The turns are among the other's; of a long range its ends and steps are looked at."""
        if not isinstance(other, TurnCondition):
            return False
        given = (self.wanted,) if isinstance(self.wanted, int) else self.wanted
        wanted = (other.wanted,) if isinstance(other.wanted, int) else other.wanted
        if isinstance(given, range) and isinstance(wanted, range):
            return given[0] in wanted and given[-1] in wanted and (len(given) == 1 or given.step % wanted.step == 0)
        if isinstance(given, range) and len(given) > len(wanted):
            return False
        return all(turn in wanted for turn in given)

    def __str__(self) -> str:
        return f"turn={self.wanted!r}"


@dataclass(frozen=True, slots=True, repr=False)
class StreamCondition(KeywordCondition):
    """The request asks for a stream, or does not."""

    wanted: bool

    key = "stream"
    form = "flag"
    accepts = "True or False"

    @classmethod
    def given(cls, value: object) -> StreamCondition:
        if isinstance(value, bool):
            return cls(value)
        raise cls.refused(value)

    @staticmethod
    def streams(request: LLMRequest) -> tuple[bool]:
        return (request.stream,)

    def holds(self, request: LLMRequest) -> bool:
        return request.stream == self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        holds = self.holds(request)
        return Verdict(holds, self.key, repr(self.wanted), repr(request.stream), distance=0.0 if holds else 0.5)

    def clue(self) -> Clue:
        return Clue("value", self.streams, self.wanted)

    def __str__(self) -> str:
        return f"stream={self.wanted!r}"


@dataclass(frozen=True, slots=True, repr=False)
class FormatCondition(KeywordCondition):
    """The request asks for answers of this format: a schema of this name or title, or a `type` of the API's."""

    wanted: str
    of_class: bool = False

    key = "response_format"
    form = "word"
    accepts = "a pydantic class, a schema's name, 'json_object', 'json_schema' or 'enum'"

    @classmethod
    def given(cls, value: object) -> FormatCondition:
        if isinstance(value, str) and value:
            return cls(value)
        if inspect.isclass(value):
            return cls(value.__name__, of_class=True)
        raise cls.refused(value)

    @staticmethod
    def formats(request: LLMRequest) -> tuple[str, str, str]:
        """Return the type of the format asked for, its name and its schema's title; empty where it has none."""
        asked = request.output_format
        return ("", "", "") if asked is None else (asked.type, asked.name, text(mapping(asked.schema).get("title")))

    def holds(self, request: LLMRequest) -> bool:
        kind, *known = self.formats(request)
        return self.wanted in known or (not self.of_class and self.wanted == kind)

    def verdict(self, request: LLMRequest) -> Verdict:
        holds = self.holds(request)
        hint = ""
        if not holds and request.output_format is None and any(tool.name == self.wanted for tool in request.tools):
            hint = "a tool has that name: use tool=…"
        got = _shown(request.output_format)
        return Verdict(holds, self.key, repr(self.wanted), got, hint, 0.0 if holds else 1.0)

    def clue(self) -> Clue:
        return Clue("value", self.formats, self.wanted)

    def implies(self, other: Condition) -> bool:
        """A class asks for what its name does; a name may also be a `type` of the API's, which no class is."""
        if not isinstance(other, FormatCondition):
            return False
        return self.wanted == other.wanted and (self.of_class or not other.of_class)

    def __str__(self) -> str:
        return f"response_format={self.wanted if self.of_class else repr(self.wanted)}"


def _shown(asked: OutputFormat | None) -> str:
    if asked is None:
        return "none: the request has no response_format"
    return f"{asked.type} {asked.name!r}" if asked.name else repr(asked.type)
