"""Translates the schemas of Google's own, OpenAPI's with types in capitals, into JSON schemas.

Knows: the API's reference ("Schema"). Must not know: what a schema is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping
from llm_intercept.dialects.google.named import got

if TYPE_CHECKING:
    from collections.abc import Mapping

AS_THEY_ARE = ("title", "description", "default", "pattern", "minimum", "maximum", "required", "enum", "example")
COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
"""Fields that protocol buffers write as texts, being numbers of 64 bits."""
NEVER_STATED = frozenset({"TYPE_UNSPECIFIED", ""})
ANY_OF = "anyOf"


def json_schema(schema: Any) -> dict[str, Any]:
    """Translate a schema, and those in it; what is a JSON schema already stays one."""
    if not is_object(schema):
        return {}
    given = mapping(schema)
    made: dict[str, Any] = {name: given[name] for name in AS_THEY_ARE if given.get(name) is not None}
    made |= {name: int(got(given, name)) for name in COUNTS if str(got(given, name)).isdecimal()}
    made |= _type(given)
    made |= _inner(given)
    return _nullable(made) if given.get("nullable") is True else made


def _type(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = given.get("type")
    if isinstance(kind, str):
        return {} if kind in NEVER_STATED else {"type": kind.lower()}
    kinds = [one.lower() for one in items(kind) if isinstance(one, str)]
    return {"type": kinds} if kinds else {}


def _inner(given: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if is_object(given.get("properties")):
        made["properties"] = {name: json_schema(one) for name, one in given["properties"].items()}
    if is_object(given.get("items")):
        made["items"] = json_schema(given["items"])
    if got(given, ANY_OF):
        made[ANY_OF] = [json_schema(one) for one in items(got(given, ANY_OF))]
    more = got(given, "additionalProperties")
    if more is not None:
        made["additionalProperties"] = json_schema(more) if is_object(more) else more
    return made | {name: _defined(given[name]) for name in ("$defs", "defs", "$ref", "ref") if name in given}


def _defined(value: Any) -> Any:
    return {name: json_schema(one) for name, one in value.items()} if is_object(value) else value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if ANY_OF in schema:
        return {**schema, ANY_OF: [*schema[ANY_OF], {"type": "null"}]}
    made = {**schema, "type": [schema["type"], "null"]} if isinstance(schema.get("type"), str) else schema
    return {**made, "enum": [*made["enum"], None]} if "enum" in made else made
