"""The subset of OpenAPI's schemas that Google takes, where a schema is not given as a JSON schema.

Sources: the reference's "Schema" (its JSON is that of protocol buffers, which refuses any other field, for each
model); what google-genai 3.6 refuses by itself for AI Studio; the words are those seen in issues of 2025 and 2026.

Knows: where schemas stand in a request, and their keywords. Must not know: what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.google.named import got, snake
from llm_intercept.dialects.google_gemini.objections import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.dialects.google.places import Place

FIELDS = frozenset(
    {
        *("type", "format", "title", "description", "nullable", "enum", "properties", "required", "items", "any_of"),
        *(
            "max_items",
            "min_items",
            "min_properties",
            "max_properties",
            "min_length",
            "max_length",
            "minimum",
            "maximum",
        ),
        *("pattern", "example", "property_ordering", "default"),
    }
)
AT_VERTEX = FIELDS | {"additional_properties", "defs", "ref"}
ONE = "Proto field is not repeating, cannot start list."
"""What is said of a schema with several types (issues of 2025)."""
DEEPEST = 100
"""So many levels are looked at."""
HINT = "Give it as parametersJsonSchema or responseJsonSchema, which take JSON schemas, or leave the keyword out."


def check_schemas(body: Mapping[str, Any], place: Place) -> None:
    """Refuse schemas outside the subset.

    Raises:
        BadRequestError: Google would refuse them.

    """
    known = AT_VERTEX if place.is_vertex else FIELDS
    schemas = [(where, schema) for where, schema in _schemas(body) if is_object(schema)]
    unknown = [told for where, schema in schemas for told in _unknown(mapping(schema), where, known)]
    if unknown:
        raise refused("\n".join(unknown), "", place, HINT)
    wrong = [told for where, schema in schemas for told in _wrong(mapping(schema), where)]
    if wrong and not place.is_vertex:
        raise refused("".join(f"* GenerateContentRequest.{told}\n" for told in wrong), "", place)


def _schemas(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for number, tool in enumerate(items(body.get("tools"))):
        for index, declared in enumerate(items(got(tool, "functionDeclarations"))):
            where = f"tools[{number}].function_declarations[{index}]"
            yield f"{where}.parameters", mapping(declared).get("parameters")
            yield f"{where}.response", mapping(declared).get("response")
    yield "generation_config.response_schema", got(got(body, "generationConfig"), "responseSchema")


def _unknown(schema: Mapping[str, Any], where: str, known: frozenset[str], depth: int = 0) -> Iterator[str]:
    """Say which keywords are not known, in the words of the parser, which numbers what is in a map."""
    for name, value in schema.items():
        why = "Cannot find field." if snake(name) not in known else ONE if name == "type" and is_array(value) else ""
        if why:
            yield f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': {why}"
    if depth < DEEPEST:
        for inner, place in _within(schema, lambda number, _: f"[{number}].value"):
            yield from _unknown(inner, where + place, known, depth + 1)


def _wrong(schema: Mapping[str, Any], where: str, depth: int = 0) -> Iterator[str]:
    """Say what is wrong with a schema whose keywords are all known."""
    kind, properties = text(schema.get("type")).upper(), mapping(schema.get("properties"))
    if kind == "OBJECT":
        is_answer = where.startswith("generation_config")
        if is_answer and not properties:
            yield f"{where}.properties: should be non-empty for OBJECT type"
        for number, name in enumerate(items(schema.get("required"))):
            if not isinstance(name, str) or name not in properties:
                yield f"{where}.required[{number}]: property is not defined"
    elif kind and properties:
        yield f"{where}.properties: only allowed for OBJECT type"
    if kind == "ARRAY" and not is_object(schema.get("items")):
        yield f"{where}.items: missing field."
    if kind in ("INTEGER", "NUMBER", "BOOLEAN", "ARRAY", "OBJECT") and schema.get("enum"):
        yield f"{where}.enum: only allowed for STRING type"
    if depth < DEEPEST:
        quoted = where.startswith("generation_config")
        for inner, place in _within(schema, lambda _, name: f'["{name}"]' if quoted else f"[{name}]"):
            yield from _wrong(inner, where + place, depth + 1)


def _within(schema: Mapping[str, Any], named: Callable[[int, str], str]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Give the schemas in a schema, with their places; `named` writes that of a property, by its number and name."""
    for number, (name, inner) in enumerate(mapping(schema.get("properties")).items()):
        if is_object(inner):
            yield mapping(inner), f".properties{named(number, name)}"
    if is_object(schema.get("items")):
        yield mapping(schema["items"]), ".items"
    for number, inner in enumerate(items(got(schema, "anyOf"))):
        if is_object(inner):
            yield mapping(inner), f".any_of[{number}]"
