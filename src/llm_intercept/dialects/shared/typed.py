"""Whether JSON is of a type, as an SDK's own types of requests say it: TypedDicts, and pydantic's models.

The SDKs' types say `Iterable` where a list is sent, which pydantic would pass over unread, and long unions, of which it
would name every branch; to build its validators takes a tenth of a second. So they are walked here.

Knows: Python's annotations. Must not know: any SDK, any API's words.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from llm_intercept.base.json import is_array, is_object, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[str | int, ...]
UNIONS = (Union, types.UnionType)
SCALARS: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a string"),
    bool: ((bool,), "a boolean"),
    int: ((int,), "an integer"),
    float: ((int, float), "a decimal"),
}
LISTS = ("list", "Sequence", "Iterable", "SequenceNotStr", "Collection")
TELLING = ("type", "role")
"""The fields by which the branches of a union are told apart."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with JSON at a place.

    Attributes:
        kind: Whether a field is not known or is missing, or a value is of another type, or is none of those there are.
        place: The names and numbers that lead there.
        expected: The type, in words; of values, those there are.
        value: What is there.

    """

    kind: Literal["unknown", "missing", "type", "value"]
    place: Place
    expected: str | tuple[Any, ...] = ""
    value: Any = None


def first_mistake(body: Mapping[str, Any], kind: Any) -> Mistake | None:
    """Find the first thing that is wrong with a body of a kind.

    What is missing is passed over: SDKs require what APIs do not (`strict` of a function, in openai 3).
    """
    return next((one for one in _mistakes(body, kind, ()) if one.kind != "missing"), None)


def unknown_name(body: Mapping[str, Any], kind: Any) -> Place | None:
    """Find the first field that a kind does not have, whatever the values are."""
    return next((one.place for one in _mistakes(body, kind, ()) if one.kind == "unknown"), None)


def wrong_scalar(body: Mapping[str, Any], kind: Any) -> Mistake | None:
    """Find a field of a body that is a single value by its type, and a value of another type here."""
    known = _simple(kind)
    for name, value in body.items():
        found = known.get(name)
        if found is not None and value is not None and not _is_one(value, found[0]):
            return Mistake("type", (name,), found[1], value)
    return None


@cache
def _simple(kind: Any) -> Mapping[str, tuple[tuple[type, ...], str]]:
    """Give the fields that are a single value, with the types that it has in JSON."""
    found = {name: _scalar(of) for name, (of, _) in _fields(kind).items()}
    return {name: one for name, one in found.items() if one is not None}


def _scalar(kind: Any) -> tuple[tuple[type, ...], str] | None:
    options = [one for one in get_args(kind) if one is not type(None)] if get_origin(kind) in UNIONS else [kind]
    known = {SCALARS.get(one) for one in options}
    return known.pop() if len(known) == 1 else None


def _is_one(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (isinstance(value, bool) == (bool in kinds))


def _mistakes(value: Any, kind: Any, place: Place) -> Iterator[Mistake]:
    origin = get_origin(kind)
    if kind in SCALARS or kind is type(None) or origin is Literal:
        yield from _in_value(value, kind, place)
    elif origin in UNIONS or origin is Annotated:
        yield from _in_union(value, tuple(_branches(kind)), place)
    elif getattr(origin, "__name__", "") in LISTS:
        yield from _in_list(value, kind, place)
    elif origin is dict or origin is Mapping:
        yield from _in_map(value, get_args(kind)[1], place)
    elif _fields(kind):
        yield from _in_object(value, kind, place)


def _in_value(value: Any, kind: Any, place: Place) -> Iterator[Mistake]:
    """Look at a single value, a list of those there are, or null."""
    if get_origin(kind) is Literal:
        if not any(value == one and type(value) is type(one) for one in get_args(kind)):
            yield Mistake("value", place, get_args(kind), value)
        return
    kinds, expected = SCALARS.get(kind, ((type(None),), "null"))
    if not _is_one(value, kinds):
        yield Mistake("type", place, expected, value)


def _in_union(value: Any, options: tuple[Any, ...], place: Place) -> Iterator[Mistake]:
    """Say nothing where a branch fits; else what is wrong by the branch that is meant, if one is."""
    found: list[tuple[Any, Mistake]] = []
    if not options:
        return
    for option in options:
        mistake = next(_mistakes(value, option, place), None)
        if mistake is None:
            return
        found.append((option, mistake))
    meant = [mistake for option, mistake in found if is_object(value) and _is_meant(mapping(value), option)]
    lists = [mistake for _, mistake in found if is_array(value) and len(mistake.place) > len(place)]
    values = [mistake for _, mistake in found if mistake.kind == "value" and isinstance(value, str)]
    incomplete = [mistake for mistake in meant if mistake.kind == "missing"]
    yield next(iter((*incomplete, *meant, *lists, *values)), found[0][1])


def _branches(kind: Any) -> Iterator[Any]:
    """Give the branches of a union, and of those in it; beside TypedDicts no models, which are those of answers."""
    found = list(_all_branches(kind))
    are_dicts = any(hasattr(one, "__total__") for one in found)
    return (one for one in found if not (are_dicts and hasattr(one, "model_fields")))


def _all_branches(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _all_branches(get_args(kind)[0])
    elif origin in UNIONS:
        for one in get_args(kind):
            yield from _all_branches(one)
    else:
        yield kind


def _is_meant(value: Mapping[str, Any], option: Any) -> bool:
    """Whether what tells the branches apart is a branch's."""
    told = {name: of for name, (of, _) in _fields(option).items() if name in TELLING and get_origin(of) is Literal}
    return bool(told) and all(value.get(name) in get_args(of) for name, of in told.items())


def _in_list(value: Any, kind: Any, place: Place) -> Iterator[Mistake]:
    if not is_array(value):
        yield Mistake("type", place, "an array", value)
    for number, one in enumerate(items(value)):
        yield from _mistakes(one, get_args(kind)[0], (*place, number))


def _in_map(value: Any, kind: Any, place: Place) -> Iterator[Mistake]:
    if not is_object(value):
        yield Mistake("type", place, "an object", value)
    for name, one in mapping(value).items():
        yield from _mistakes(one, kind, (*place, name))


def _in_object(value: Any, kind: Any, place: Place) -> Iterator[Mistake]:
    if not is_object(value):
        yield Mistake("type", place, "an object", value)
        return
    known, given = _fields(kind), mapping(value)
    for name, one in given.items():
        if name not in known:
            yield Mistake("unknown", (*place, name), value=one)
        elif one is not None or known[name][1]:
            yield from _mistakes(one, known[name][0], (*place, name))
    for name, (_, is_required) in known.items():
        if is_required and name not in given:
            yield Mistake("missing", (*place, name))


@cache
def _fields(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """Give the type of each field of an object by its name in JSON, and whether it must be there; else nothing."""
    if hasattr(kind, "model_fields"):
        named = ((name, one) for of, one in kind.model_fields.items() for name in (of, one.alias or of))
        return {name: (one.annotation, False) for name, one in named}
    if not (isinstance(kind, type) and hasattr(kind, "__total__")):
        return {}
    try:
        hints = get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):
        return {}
    return dict(_field(name, hint) for name, hint in hints.items())


def _field(name: str, hint: Any) -> tuple[str, tuple[Any, bool]]:
    is_required = False
    while (origin := get_origin(hint)) in (Required, NotRequired, Annotated):
        if origin is Annotated:
            name = next((alias for one in hint.__metadata__ if (alias := getattr(one, "alias", None))), name)
        else:
            is_required = origin is Required
        hint = get_args(hint)[0]
    return name, (hint, is_required)
