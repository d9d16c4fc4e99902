"""The condition on a request's raw body: a part of its JSON.

Knows: JSON values. Must not know: any API's fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from llm_intercept.base.json import is_array, is_object, is_same, items, mapping, plain
from llm_intercept.conditions.base import KeywordCondition
from llm_intercept.conditions.text import asked_for
from llm_intercept.facts import Verdict
from llm_intercept.shown import SHOWN_CHARACTERS, cut, hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llm_intercept.conditions.base import Condition
    from llm_intercept.model.request import LLMRequest

JsonPart: TypeAlias = "str | int | float | re.Pattern[str] | Sequence[JsonPart] | Mapping[str, JsonPart] | None"
"""A part of a JSON value; a pattern is searched in a str."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place where a body is not as wanted; `got` is MISSING where it has nothing."""

    path: str
    wanted: Any
    got: Any


MISSING: Any = object()
TOLD = 10
"""So many places are said; of more, how many there are."""
BEFORE = 20
"""So many characters stand before the first that differs."""


@dataclass(frozen=True, slots=True, repr=False)
class JsonCondition(KeywordCondition):
    """The body has these keys with these values, at every level; lists are compared whole, patterns searched in str."""

    wanted: Mapping[str, Any]

    key = "json"
    form = "json"
    accepts = "a mapping: the part of the request's body to look for"

    @classmethod
    def given(cls, value: object) -> JsonCondition:
        if not is_object(value):
            raise cls.refused(value)
        wanted = plain(value)
        if not _is_json(wanted):
            accepted = "values that JSON can say: str keys, str, numbers, bool, None, lists and mappings, or patterns"
            raise cls.refused(value, accepted)
        return cls(wanted)

    def holds(self, request: LLMRequest) -> bool:
        return next(differences(self.wanted, request.raw), None) is None

    def verdict(self, request: LLMRequest) -> Verdict:
        found = list(differences(self.wanted, request.raw))
        if not found:
            return Verdict(True, "json", cut(repr(dict(self.wanted))), "that", distance=0.0)
        first, *others = map(_told, found[:TOLD])
        return replace(first, also=tuple(others), unsaid=len(found) - 1 - len(others))

    def implies(self, other: Condition) -> bool:
        return isinstance(other, JsonCondition) and _has(self.wanted, other.wanted)

    def __eq__(self, other: object) -> bool:
        """Whether both ask for the same JSON: 1 is 1.0, but true is not 1."""
        return isinstance(other, JsonCondition) and typed(self.wanted) == typed(other.wanted)

    def __hash__(self) -> int:
        return hash(typed(self.wanted))

    def __str__(self) -> str:
        return f"json={cut(repr(dict(self.wanted)))}"


def differences(wanted: Any, got: Any, path: str = "") -> Iterator[Mismatch]:
    """Give each place where `got` is not what `wanted` asks for."""
    if is_object(wanted) and is_object(got):
        there = mapping(got)
        for key, value in mapping(wanted).items():
            yield from differences(value, there.get(key, MISSING), f"{path}.{key}")
    elif is_array(wanted) and is_array(got) and len(wanted) == len(got):
        for number, pair in enumerate(zip(items(wanted), items(got), strict=True)):
            yield from differences(*pair, f"{path}[{number}]")
    elif not (isinstance(got, str) and wanted.search(got) if _is_pattern(wanted) else is_same(wanted, got)):
        yield Mismatch(path, wanted, got)


def _told(found: Mismatch) -> Verdict:
    """Say one place; of two long values from shortly before where they differ."""
    if _is_pattern(found.wanted):
        expected, got = asked_for(cast("re.Pattern[str]", found.wanted)), repr(found.got)
    else:
        expected, got = _apart(repr(found.wanted), repr(found.got))
    if found.got is MISSING:
        got = "nothing: there is no such key"
    return Verdict(False, f"json{found.path}", cut(expected), cut(got))


def _apart(one: str, other: str) -> tuple[str, str]:
    one, other = hidden(one), hidden(other)  # what begins in the midst of a secret would not look like one
    pairs = enumerate(zip(one, other, strict=False))
    begin = next((number for number, (a, b) in pairs if a != b), min(len(one), len(other))) - BEFORE
    if begin <= 1 or max(len(one), len(other)) <= SHOWN_CHARACTERS:
        return one, other
    return f"…{one[begin:]}", f"…{other[begin:]}"


def typed(value: Any) -> Any:
    """Make a value of JSON, or a pattern, something that has a hash and is equal where JSON is."""
    if is_object(value):
        return "object", frozenset((key, typed(one)) for key, one in mapping(value).items())
    if is_array(value):
        return "array", tuple(map(typed, items(value)))
    return ("bool", value) if isinstance(value, bool) else value


def _has(given: Any, wanted: Any) -> bool:
    """Whether every body with `given` has `wanted`."""
    if is_object(wanted):
        there = mapping(given)
        return is_object(given) and all(
            key in there and _has(there[key], value) for key, value in mapping(wanted).items()
        )
    if is_array(wanted) and is_array(given) and len(given) == len(wanted):
        return all(map(_has, items(given), items(wanted)))
    return bool(typed(given) == typed(wanted))


def _is_json(value: Any) -> bool:
    if is_object(value):
        return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
    if is_array(value):
        return all(map(_is_json, value))
    return isinstance(value.pattern if _is_pattern(value) else value, str | int | float | None)


def _is_pattern(value: object) -> TypeGuard[re.Pattern[Any]]:
    return isinstance(value, re.Pattern)
