"""The keywords of a schema: whether they are well formed, how two schemas' join, where a reference leads.

Knows: JSON Schema 2020-12. Must not know: instances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema.pattern import PatternError, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
HUGE = 10**400
"""No number of a schema is larger: Python writes none of 4,300 digits."""
NAMED = ("properties", "patternProperties", "dependentSchemas")
LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")


def _are_alternatives(value: object) -> bool:
    return is_array(value) and bool(items(value))


def _are_names(value: object) -> bool:
    return is_array(value) and all(isinstance(one, str) for one in items(value))


def _is_schema(value: object) -> bool:
    return isinstance(value, bool) or is_object(value)


def _is_number(value: object) -> bool:
    return is_number(value, -HUGE, HUGE)


def _are_types(value: object) -> bool:
    kinds = items(value) if is_array(value) else [value]
    return bool(kinds) and all(kind in TYPES for kind in kinds)


FORMS: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (_is_number, "a number")),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains",
                     "maxContains"), (lambda value: is_int(value, 0), "a whole number, 0 or more")),
    **dict.fromkeys(("anyOf", "oneOf", "allOf"), (_are_alternatives, "an array with at least one alternative")),
    **dict.fromkeys(NAMED, (is_object, "an object")),
    **dict.fromkeys(("items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames",
                     "unevaluatedProperties", "unevaluatedItems"), (_is_schema, "a schema")),
    **dict.fromkeys(("$dynamicRef", "$recursiveRef"), (lambda _: False, "left out: it is not followed here")),
    "dependentRequired": (is_object, "an object"),
    "type": (_are_types, f"one of {', '.join(TYPES)}, or several"),
    "enum": (_are_alternatives, "an array that is not empty"),
    "multipleOf": (lambda value: is_number(value, 0, HUGE) and value > 0, "a number above 0"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
    "prefixItems": (is_array, "an array"),
    "required": (_are_names, "an array of names"),
}  # fmt: skip


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:
        return "a number of more digits than can be written"


def check_keywords(schema: Mapping[str, Any], path: str) -> None:
    """Raise `SchemaError` if a keyword of one schema has a value that it cannot have."""
    for name, value in schema.items():
        form = FORMS.get(name)
        if form is not None and not form[0](value):
            raise SchemaError(f"{path}/{name}", f"{name} is {_shown(value)}; it must be {form[1]}")
    for name in NAMED:
        for key, one in mapping(schema.get(name)).items():
            if not _is_schema(one):
                raise SchemaError(f"{path}/{name}/{key}", f"{one!r} is not a schema")
    if "pattern" in schema or "patternProperties" in schema:
        for pattern in (*mapping(schema.get("patternProperties")), schema.get("pattern", "")):
            try:
                compiled(pattern)
            except PatternError as error:
                raise SchemaError(f"{path}/pattern", str(error)) from error


def resolve(root: object, target: object, path: str) -> Any:
    """Follow a reference into the schema `root`; raises `SchemaError` if it leads to nothing there."""
    if not isinstance(target, str) or not target.startswith("#"):
        raise SchemaError(path, f"$ref {target!r} does not point into the schema (it must begin with '#')")
    found: Any = root
    for step in filter(None, unquote(target[1:]).split("/")):
        name = step.replace("~1", "/").replace("~0", "~")
        if is_array(found) and name.isdigit() and int(name) < len(items(found)):
            found = items(found)[int(name)]
        elif is_object(found) and name in found:
            found = found[name]
        else:
            raise SchemaError(path, f"$ref {target!r} points to nothing: there is no {name!r}")
    return found


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Join two schemas into one that asks for both, as far as keywords can say that."""
    whole = dict(first)
    for name, value in second.items():
        whole[name] = _joined(name, whole[name], value) if name in whole else value
    return whole


def _joined(name: str, ours: Any, theirs: Any) -> Any:
    if ours == theirs:
        return ours
    if name in LARGER + SMALLER and is_number(ours) and is_number(theirs):
        return max(ours, theirs) if name in LARGER else min(ours, theirs)
    if name in {"properties", "patternProperties"}:
        mine, other = mapping(ours), mapping(theirs)
        both = {key: {"allOf": [mine[key], other[key]]} for key in mine if key in other}
        return {**mine, **other, **both}
    if name == "required":
        return [*items(ours), *(one for one in items(theirs) if one not in items(ours))]
    if name == "enum":
        return [one for one in items(ours) if one in items(theirs)] or ours
    if name == "type":
        return _joined_types(ours, theirs)
    if name in {"allOf", "anyOf", "oneOf"}:
        return [*items(ours), *items(theirs)] if name == "allOf" else theirs
    return theirs


def _joined_types(ours: Any, theirs: Any) -> Any:
    mine, other = (items(one) if is_array(one) else [one] for one in (ours, theirs))
    both = [one for one in mine if one in other or (one == "integer" and "number" in other)]
    both += [one for one in other if one == "integer" and "number" in mine and one not in both]
    return both or ours
