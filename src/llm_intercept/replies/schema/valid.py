"""Whether a value fulfils a JSON schema; formats are taken on trust.

Knows: the keywords of JSON Schema 2020-12. Must not know: how instances are made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, is_same, items, mapping
from llm_intercept.replies.schema.keywords import resolve
from llm_intercept.replies.schema.numbers import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schema = Mapping[str, Any]


def fulfils(value: Any, schema: object, root: object) -> bool:
    """Whether `value` fulfils `schema`, whose references lead into `root`."""
    if isinstance(schema, bool):
        return schema
    known = mapping(schema)
    return all(
        holds(value, known, root) for holds in (_reference, _choices, _type, _numeric, _textual, _listed, _keyed)
    )


def _reference(value: Any, schema: Schema, root: object) -> bool:
    return "$ref" not in schema or fulfils(value, resolve(root, schema["$ref"], "#"), root)


def _choices(value: Any, schema: Schema, root: object) -> bool:
    def held(name: str) -> int:
        return sum(fulfils(value, one, root) for one in items(schema[name]))

    return (
        ("allOf" not in schema or held("allOf") == len(items(schema["allOf"])))
        and ("anyOf" not in schema or held("anyOf") > 0)
        and ("oneOf" not in schema or held("oneOf") == 1)
        and ("not" not in schema or not fulfils(value, schema["not"], root))
        and ("if" not in schema or _conditional(value, schema, root))
    )


def _conditional(value: Any, schema: Schema, root: object) -> bool:
    branch = "then" if fulfils(value, schema["if"], root) else "else"
    return fulfils(value, schema.get(branch, True), root)


def _type(value: Any, schema: Schema, root: object) -> bool:  # noqa: ARG001 - all have these arguments
    kind = schema.get("type")
    kinds: list[Any] = items(kind) if is_array(kind) else [kind]
    return (
        (kind is None or any(_is_of(one, value) for one in kinds))
        and ("const" not in schema or is_same(value, schema["const"]))
        and ("enum" not in schema or any(is_same(value, one) for one in items(schema["enum"])))
    )


def _is_of(kind: object, value: Any) -> bool:
    tests: dict[object, Callable[[], bool]] = {
        "null": lambda: value is None,
        "boolean": lambda: isinstance(value, bool),
        "integer": lambda: is_number(value) and float(value).is_integer(),
        "number": lambda: is_number(value),
        "string": lambda: isinstance(value, str),
        "array": lambda: is_array(value),
        "object": lambda: is_object(value),
    }
    return isinstance(kind, str) and kind in tests and tests[kind]()


def _numeric(value: Any, schema: Schema, root: object) -> bool:  # noqa: ARG001
    if not is_number(value):
        return True
    return (
        ("minimum" not in schema or value >= schema["minimum"])
        and ("maximum" not in schema or value <= schema["maximum"])
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and ("multipleOf" not in schema or exact(value) % exact(schema["multipleOf"]) == 0)
    )


def _textual(value: Any, schema: Schema, root: object) -> bool:  # noqa: ARG001
    if not isinstance(value, str):
        return True
    fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    return fits and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)


def _listed(value: Any, schema: Schema, root: object) -> bool:
    if not is_array(value):
        return True
    prefix = items(schema.get("prefixItems"))
    rest = value[len(prefix) :]
    return (
        schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        and all(fulfils(one, own, root) for one, own in zip(value, prefix, strict=False))
        and all(fulfils(one, schema.get("items", True), root) for one in rest)
        and ("contains" not in schema or any(fulfils(one, schema["contains"], root) for one in value))
        and not (schema.get("uniqueItems") and any(is_same(a, b) for n, a in enumerate(value) for b in value[:n]))
    )


def _keyed(value: Any, schema: Schema, root: object) -> bool:
    if not is_object(value):
        return True
    depends = mapping(schema.get("dependentRequired"))
    needed = {*items(schema.get("required")), *(one for name in value for one in items(depends.get(name)))}
    return (
        schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
        and needed <= set(value)
        and all(fulfils(one, own, root) for name, one in value.items() for own in _schemas_of(name, schema))
        and all(fulfils(name, schema.get("propertyNames", True), root) for name in value)
    )


def _schemas_of(name: str, schema: Schema) -> list[Any]:
    """Find the schemas that a property must fulfil."""
    properties = mapping(schema.get("properties"))
    own = [properties[name]] if name in properties else []
    own += [one for pattern, one in mapping(schema.get("patternProperties")).items() if re.search(pattern, name)]
    return own or [schema.get("additionalProperties", True)]
