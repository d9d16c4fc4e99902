"""Functions as OpenAI declares them to its models: in TypeScript, which is what they cost.

Knows: JSON schemas, the form (docs/wire.md 2.4). Must not know: requests, how tokens are counted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def declared(functions: Sequence[Mapping[str, Any]]) -> str:
    """Declare functions, each with its `name`, `description` and `parameters`; the same ones are declared once."""
    return _declared(encode(functions))


@lru_cache(maxsize=64)
def _declared(functions: bytes) -> str:
    lines = ["namespace functions {", ""]
    for function in map(mapping, items(decode(functions))):
        lines += [f"// {text(function.get('description'))}"] if function.get("description") else []
        parameters = mapping(function.get("parameters"))
        given = f"(_: {{\n{_fields(parameters, '')}\n}})" if mapping(parameters.get("properties")) else "()"
        lines += [f"type {text(function.get('name'))} = {given} => any;", ""]
    return "\n".join([*lines, "} // namespace functions"])


def _fields(schema: Mapping[str, Any], indent: str) -> str:
    """Declare the fields of an object; only the outermost are described."""
    required = items(schema.get("required"))
    lines: list[str] = []
    for name, value in mapping(schema.get("properties")).items():
        field = mapping(value)
        if field.get("description") and not indent:
            lines.append(f"// {text(field['description'])}")
        lines.append(f"{indent}{name}{'' if name in required else '?'}: {_type(field, indent)},")
    return "\n".join(lines)


def _type(schema: Mapping[str, Any], indent: str) -> str:
    kind = schema.get("type")
    if "enum" in schema:
        return " | ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in items(schema["enum"]))
    if isinstance(kind, str) and kind in NAMES:
        return NAMES[kind]
    if kind == "object":
        return f"{{\n{_fields(schema, indent + '  ')}\n{indent}}}"
    if kind == "array":
        return f"{_type(mapping(schema.get('items')), indent)}[]" if is_object(schema.get("items")) else "any[]"
    return " | ".join(_type(mapping(one), indent) for one in items(schema.get("anyOf"))) or "any"
