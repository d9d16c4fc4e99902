"""The shape of an answer: which fields its JSON has, of which types, and in which order a stream tells what.

Knows: takes' answers, what a dialect says of events. Must not know: any API's JSON, how an answer was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.recording.bodies import answer_values, event_bytes, event_value, framing_in
from llm_intercept.secrets.looks import MARK
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.recording.take import TakeResponse

ANY = "anything"
"""The type of what redaction took out."""
SHOWN = 100
TYPES: tuple[tuple[type, str], ...] = ((bool, "true or false"), (int, "number"), (float, "number"), (str, "text"))


@dataclass(slots=True)
class Shape:
    """What values of one place have: their types, their fields, and what is in their lists."""

    types: set[str] = field(default_factory=set[str])
    fields: dict[str, Shape] = field(default_factory=dict[str, "Shape"])
    item: Shape | None = None

    def add(self, value: Any, free: frozenset[str]) -> None:
        """See one more value; into a field named in `free` nobody looks."""
        self.types.add(_type(value))
        if is_object(value):
            for name, one in mapping(value).items():
                self.fields.setdefault(name, Shape()).add({} if name in free and is_object(one) else one, free)
        elif is_array(value):
            for one in items(value):
                self.item = self.item or Shape()
                self.item.add(one, free)

    def changes(self, now: Shape, path: str = "$") -> Iterator[str]:
        """Say what is another in `now`; below what is there in one of both alone, nothing more is said."""
        if ANY in self.types or ANY in now.types:
            return
        if self.types != now.types:
            yield f"{path}: {_said(self.types)} became {_said(now.types)}"
        if "object" in self.types and "object" in now.types:
            for name in dict.fromkeys((*self.fields, *now.fields)):
                yield from self._field(now, name, f"{path}.{name}")
        if self.item is not None and now.item is not None:
            yield from self.item.changes(now.item, f"{path}[*]")

    def _field(self, now: Shape, name: str, path: str) -> Iterator[str]:
        if name not in now.fields:
            yield f"{path} is gone"
        elif name not in self.fields:
            yield f"{path} is new"
        else:
            yield from self.fields[name].changes(now.fields[name], path)


def shape_changes(was: TakeResponse, now: TakeResponse, dialect: Dialect) -> Iterator[str]:
    """Say how the shape of an answer differs from that of a recorded one: of each kind of event, if it is a stream."""
    if was.events is None or now.events is None:
        yield from _shape(answer_values(was), dialect).changes(_shape(answer_values(now), dialect))
        return
    first, second = _told(was, dialect), _told(now, dialect)
    yield from _order([kind for kind, _ in first], [kind for kind, _ in second])
    found: dict[str, list[str]] = {}
    for kind in dict.fromkeys(kind for kind, _ in first):
        before, after = ([value for one, value in told if one == kind and is_object(value)] for told in (first, second))
        for one in _shape(before, dialect).changes(_shape(after, dialect)) if before and after else ():
            found.setdefault(one, []).append(kind)
    yield from (f"{', '.join(kinds)}: {one}" for one, kinds in found.items())


def _shape(values: Sequence[Any], dialect: Dialect) -> Shape:
    made = Shape()
    for value in values:
        made.add(value, dialect.recorded.free_fields)
    return made


def _told(response: TakeResponse, dialect: Dialect) -> list[tuple[str, Any]]:
    """Give each event's kind and what it says, without those that come when they come."""
    framing = framing_in(response)
    told: list[tuple[str, Any]] = []
    for event in response.events or ():
        value = event_value(event, framing)
        named = mapping(value).get(dialect.recorded.event_kind) if is_object(value) else None
        kind = named if isinstance(named, str) else dialect.grammar.kind(event_bytes(event, framing))
        if kind not in dialect.recorded.without_model:
            told.append((kind, value))
    return told


def _order(was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    """Say from where on events come in another order; how often one comes in a row does not count."""
    first, second = ([kind for kind, _ in groupby(kinds)] for kinds in (was, now))
    if first == second:
        return
    alike = next((n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), None)
    begin = min(len(first), len(second)) if alike is None else alike
    after = f"after {first[begin - 1]} " if begin else ""
    yield f"events: {after}came {_listed(first[begin:])}; now {_listed(second[begin:])}"


def _listed(kinds: Sequence[str]) -> str:
    return cut(", ".join(kinds), SHOWN) or "nothing more"


def _type(value: Any) -> str:
    if isinstance(value, str) and MARK in value:
        return ANY
    if is_object(value):
        return "object"
    if is_array(value):
        return "list"
    return next((name for kind, name in TYPES if isinstance(value, kind)), "null")


def _said(types: set[str]) -> str:
    return " or ".join(sorted(types))
