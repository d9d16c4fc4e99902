"""The subset of JSON Schema that Anthropic takes where a schema is to be kept: of an answer's format, of strict tools.

Source: Anthropic's guide "Structured outputs", "JSON Schema limitations"; the words are those seen in issues.

Knows: where such schemas stand in a request. Must not know: what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_object, items, mapping, text
from llm_intercept.dialects.anthropic.wording import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NUMBERS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")
UNSUPPORTED = {
    "integer": NUMBERS,
    "number": NUMBERS,
    "string": ("maxLength", "minLength"),
    "array": ("maxItems",),
}
DEEPEST = 100
"""So many levels are looked at."""
HINT = "Leave the keyword out of the schema; every object in it says additionalProperties: false."


def check_schemas(body: Mapping[str, Any]) -> None:
    """Refuse schemas outside the subset.

    Raises:
        BadRequestError: Anthropic would refuse them.

    """
    for place, schema in _schemas(body):
        told = next(_objections(mapping(schema), 0), "")
        if told:
            raise refused(f"{place}: {told}", hint=HINT)


def _schemas(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "output_config.format.schema", mapping(mapping(body.get("output_config")).get("format")).get("schema")
    yield "output_format.schema", mapping(body.get("output_format")).get("schema")
    for number, tool in enumerate(map(mapping, items(body.get("tools")))):
        if tool.get("strict") is True:
            yield f"tools.{number}.custom", tool.get("input_schema")


def _objections(schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    kind = text(schema.get("type"))
    if kind == "object":
        others = schema.get("additionalProperties")
        if "additionalProperties" not in schema:
            yield "For 'object' type, 'additionalProperties' must be explicitly set to false"
        elif others is not False:
            told = f"'additionalProperties: {encode(others).decode()}' is not supported"
            yield f"For 'object' type, {told}. Please set 'additionalProperties' to false"
    found = [name for name in UNSUPPORTED.get(kind, ()) if name in schema]
    if len(found) == 1:
        yield f"For '{kind}' type, property '{found[0]}' is not supported"
    elif found:
        yield f"For '{kind}' type, properties {', '.join(found)} are not supported"
    if kind == "array" and schema.get("minItems", 0) not in (0, 1):
        yield "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if depth < DEEPEST:
        for inner in _within(schema):
            yield from _objections(mapping(inner), depth + 1)


def _within(schema: Mapping[str, Any]) -> Iterator[Any]:
    for keyword in ("properties", "$defs", "definitions"):
        yield from mapping(schema.get(keyword)).values()
    yield from (one for one in (schema.get("items"),) if is_object(one))
    for keyword in ("anyOf", "allOf"):
        yield from items(schema.get(keyword))
