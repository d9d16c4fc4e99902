"""The subset of JSON Schema that OpenAI takes where a schema is to be kept strictly.

Source: OpenAI's guide "Structured model outputs", "Supported schemas": every object has `additionalProperties: false`
and lists each of its properties in `required`; the root is an object, and no `anyOf`.

Knows: JSON schemas. Must not know: where in a request they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str, ...]
STRICT = "Mend the schema, or leave `strict` out."
DEEPEST = 100
"""So many levels are looked at."""


def objection(schema: object, *, is_completed: bool = False) -> str:
    """Say in OpenAI's words why a schema is outside the subset; empty if it is not.

    Args:
        schema: The schema.
        is_completed: Whether `additionalProperties` may be left out, as Responses take it of functions (a recorded
            request was answered).

    """
    if not is_object(schema):
        return ""
    kind = mapping(schema).get("type")
    if "$ref" not in mapping(schema) and kind != "object":
        shown = "None" if kind is None else kind
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'."
    return next(_objections(mapping(schema), (), is_completed=is_completed), "")


def _objections(schema: Mapping[str, Any], path: Path, *, is_completed: bool) -> Iterator[str]:
    properties = mapping(schema.get("properties"))
    kind = schema.get("type")
    if kind == "object" or properties or "object" in items(kind):
        if schema.get("additionalProperties", not is_completed) is not False:
            yield f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
        left = [name for name in properties if name not in items(schema.get("required"))]
        if left:
            told = "'required' is required to be supplied and to be an array including every key in properties."
            yield f"In context={path}, {told} Missing '{left[0]}'."
    if len(path) < DEEPEST:
        for inner, place in _within(schema):
            if is_object(inner):
                yield from _objections(mapping(inner), (*path, *place), is_completed=is_completed)


def _within(schema: Mapping[str, Any]) -> Iterator[tuple[Any, Path]]:
    for keyword in ("properties", "$defs", "definitions"):
        for name, inner in mapping(schema.get(keyword)).items():
            yield inner, (keyword, name)
    if "items" in schema:
        yield schema["items"], ("items",)
    for number, inner in enumerate(items(schema.get("anyOf"))):
        yield inner, ("anyOf", str(number))
