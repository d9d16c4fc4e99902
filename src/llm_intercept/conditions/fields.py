"""Conditions on what a request asks for: which turn of the conversation, a stream, a format.

Knows: the neutral request. Must not know: HTTP, replies.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard, cast

from llm_intercept.base.json import mapping, text
from llm_intercept.conditions.base import Clue, KeywordCondition
from llm_intercept.errors import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.conditions.base import Condition
    from llm_intercept.model.request import LLMRequest

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
        """Take an int from 1 on, or a range, list, tuple or set of these."""
        if _is_turn(value) or (isinstance(value, range) and value and min(value) >= 1):
            return cls(value)
        turns = tuple(cast("Iterable[object]", value)) if isinstance(value, list | tuple | set | frozenset) else ()
        if turns and all(map(_is_turn, turns)):
            return cls(cast("tuple[int, ...]", turns))
        raise cls.refused(cast("object", value))

    @staticmethod
    def turns(request: LLMRequest) -> tuple[int]:
        """Return the turn that is asked for."""
        return (request.turn,)

    def holds(self, request: LLMRequest) -> bool:
        """Whether it is one of them."""
        return request.turn == self.wanted if isinstance(self.wanted, int) else request.turn in self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both numbers."""
        turn, many = request.turn, request.turn - 1
        said = "no assistant message" if not many else f"{many} assistant message{'s' if many > 1 else ''}"
        got = f"{turn}: {said} so far"
        holds = self.holds(request)
        distance = 0.0 if holds else min(1.0, abs(turn - self.wanted) / 4) if isinstance(self.wanted, int) else 0.5
        return Verdict(holds, self.key, repr(self.wanted), got, distance=distance)

    def clue(self) -> Clue | None:
        """The number, where it is one."""
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
        """Say it as it was written."""
        return f"turn={self.wanted!r}"


def _is_turn(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


@dataclass(frozen=True, slots=True, repr=False)
class StreamCondition(KeywordCondition):
    """The request asks for a stream, or does not."""

    wanted: bool

    key = "stream"
    form = "flag"
    accepts = "True or False"

    @classmethod
    def given(cls, value: object) -> StreamCondition:
        """Take a bool."""
        if isinstance(value, bool):
            return cls(value)
        raise cls.refused(value)

    @staticmethod
    def streams(request: LLMRequest) -> tuple[bool]:
        """Return whether a stream is asked for."""
        return (request.stream,)

    def holds(self, request: LLMRequest) -> bool:
        """Whether it is as wanted."""
        return request.stream == self.wanted

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both."""
        holds = self.holds(request)
        return Verdict(holds, self.key, repr(self.wanted), repr(request.stream), distance=0.0 if holds else 0.5)

    def clue(self) -> Clue:
        """What is wanted."""
        return Clue("value", self.streams, self.wanted)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"stream={self.wanted!r}"


@dataclass(frozen=True, slots=True, repr=False)
class FormatCondition(KeywordCondition):
    """The request asks for answers of this format: a schema of this name or title, or a `type` of the API's."""

    wanted: str
    of_class: bool = False

    key = "response_format"
    form = "word"
    accepts = "a pydantic class, a schema's name, 'json_object' or 'json_schema'"

    @classmethod
    def given(cls, value: object) -> FormatCondition:
        """Take a class or a str that is not empty."""
        if isinstance(value, str) and value:
            return cls(value)
        if inspect.isclass(value):
            return cls(value.__name__, of_class=True)
        raise cls.refused(value)

    @staticmethod
    def formats(request: LLMRequest) -> tuple[str, str, str]:
        """Return the type of the format asked for, its name and its schema's title; empty where it has none."""
        asked = mapping(request.response_format)
        described = mapping(asked.get("json_schema"))
        return text(asked.get("type")), text(described.get("name")), text(mapping(described.get("schema")).get("title"))

    def holds(self, request: LLMRequest) -> bool:
        """Whether it does."""
        kind, *known = self.formats(request)
        return self.wanted in known or (not self.of_class and self.wanted == kind)

    def verdict(self, request: LLMRequest) -> Verdict:
        """Say both formats."""
        holds = self.holds(request)
        hint = ""
        if not holds and request.response_format is None and any(tool.name == self.wanted for tool in request.tools):
            hint = "a tool has that name: use tool=…"
        got = _shown(request.response_format)
        return Verdict(holds, self.key, repr(self.wanted), got, hint, 0.0 if holds else 1.0)

    def clue(self) -> Clue:
        """The name."""
        return Clue("value", self.formats, self.wanted)

    def implies(self, other: Condition) -> bool:
        """A class asks for what its name does; a name may also be a `type` of the API's, which no class is."""
        if not isinstance(other, FormatCondition):
            return False
        return self.wanted == other.wanted and (self.of_class or not other.of_class)

    def __str__(self) -> str:
        """Say it as it was written."""
        return f"response_format={self.wanted if self.of_class else repr(self.wanted)}"


def _shown(asked: Mapping[str, object] | None) -> str:
    if asked is None:
        return "none: the request has no response_format"
    kind = text(asked.get("type"))
    name = text(mapping(asked.get("json_schema")).get("name"))
    return f"{kind} {name!r}" if name else repr(kind)
