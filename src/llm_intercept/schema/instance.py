"""The smallest instance of a JSON schema: what must be there and no more, the same every time.

Knows: the keywords of JSON Schema. Must not know: where the schema comes from.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.errors import LLMInterceptError
from llm_intercept.jsontext import is_array, is_object, items, mapping
from llm_intercept.schema.pattern import matching

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


class SchemaError(LLMInterceptError, ValueError):
    """A schema that has no instance, or is none; `path` says where in it."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"auto() cannot answer this schema: at {path or '#'}, {problem}. Mend the schema, or answer this request "
            "with a rule of its own: structured(…) or tool_call(…)."
        )


class _EndlessError(SchemaError):
    """A required part of the schema contains itself."""


def smallest(schema: object) -> Any:
    """Make the smallest instance of a schema.

    Args:
        schema: The schema, as JSON values.

    Raises:
        SchemaError: The schema is invalid or nothing fulfils it.

    """
    return _Builder(schema).build(schema, "#", ())


class _Builder:
    """Builds instances; references are resolved in `root`."""

    def __init__(self, root: object) -> None:
        self._root = root

    def build(self, schema: object, path: str, within: tuple[str, ...]) -> Any:
        """Build an instance of `schema`; `within` are the references that are being resolved around it."""
        if schema is True or schema == {}:
            return None if schema is True else {}
        if not is_object(schema):
            raise SchemaError(path, f"{schema!r} is not a schema")
        known = mapping(schema)
        if "$ref" in known:
            return self._reference(known, path, within)
        if "allOf" in known:
            return self.build(self._merged(known, path), path, within)
        for choice in ("anyOf", "oneOf"):
            if choice in known:
                return self._first(known, choice, path, within)
        if "const" in known:
            return known["const"]
        if "enum" in known:
            return self._enum(known["enum"], path)
        return self._typed(known, path, within)

    def _reference(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Any:
        target = schema["$ref"]
        if target in within:
            raise _EndlessError(path, f"{target!r} requires itself, without end")
        found = self._resolve(target, path)
        siblings = {
            key: value for key, value in schema.items() if key not in {"$ref", "description", "title", "default"}
        }
        if siblings and is_object(found):
            found = {**mapping(found), **siblings}
        return self.build(found, path, (*within, target))

    def _resolve(self, target: object, path: str) -> object:
        if not isinstance(target, str) or not target.startswith("#"):
            raise SchemaError(path, f"$ref {target!r} does not point into the schema (it must begin with '#')")
        found: Any = self._root
        for step in filter(None, target[1:].split("/")):
            name = step.replace("~1", "/").replace("~0", "~")
            if not is_object(found) or name not in found:
                raise SchemaError(path, f"$ref {target!r} points to nothing: there is no {name!r}")
            found = found[name]
        return found

    def _merged(self, schema: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Merge the branches of allOf into one schema."""
        whole: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for branch in items(schema["allOf"]):
            part = self._resolve(branch["$ref"], path) if is_object(branch) and "$ref" in branch else branch
            for key, value in mapping(part).items():
                if key == "properties":
                    whole[key] = {**mapping(whole.get(key)), **mapping(value)}
                elif key == "required":
                    whole[key] = [*items(whole.get(key)), *items(value)]
                else:
                    whole[key] = value
        return whole

    def _first(self, schema: Mapping[str, Any], choice: str, path: str, within: tuple[str, ...]) -> Any:
        """Build the first alternative that ends; a recursive one gives way to one that is not."""
        alternatives = items(schema[choice])
        if not alternatives:
            raise SchemaError(f"{path}/{choice}", "there is no alternative")
        shared = {key: value for key, value in schema.items() if key in {"type", "properties", "required"}}
        endless: _EndlessError | None = None
        for number, alternative in enumerate(alternatives):
            try:
                merged = {**shared, **mapping(alternative)} if is_object(alternative) and shared else alternative
                return self.build(merged, f"{path}/{choice}/{number}", within)
            except _EndlessError as error:
                endless = error
        raise endless or SchemaError(path, "there is no alternative")

    def _enum(self, values: object, path: str) -> Any:
        if not items(values):
            raise SchemaError(f"{path}/enum", "it is empty, or not an array")
        return items(values)[0]

    def _typed(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
        kinds: list[Any] = items(kind) if is_array(kind) else [kind]
        if not kinds or any(one is not None and one not in TYPES for one in kinds):
            raise SchemaError(f"{path}/type", f"{kind!r} is not a type; the types are {', '.join(TYPES)}")
        match kinds[0]:
            case "object":
                return self._object(schema, path, within)
            case "array":
                return self._array(schema, path, within)
            case "string":
                return _string(schema, path)
            case "integer" | "number":
                return _number(schema, path, whole=kinds[0] == "integer")
            case "boolean":
                return False
            case _:
                return None

    def _object(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> dict[str, Any]:
        properties = mapping(schema.get("properties"))
        required = set(map(str, items(schema.get("required"))))
        names = [*(name for name in properties if name in required), *sorted(required - set(properties))]
        least = schema.get("minProperties", 0)
        names += [name for name in properties if name not in required][: max(0, least - len(names))]
        if len(names) < least:
            raise SchemaError(
                f"{path}/minProperties", f"{least} properties are asked for and {len(names)} are described"
            )
        return {
            name: self.build(properties[name], f"{path}/properties/{name}", within) if name in properties else None
            for name in names
        }

    def _array(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if least > most:
            raise SchemaError(path, f"minItems {least} is more than maxItems {most}")
        first = items(schema.get("prefixItems"))[:least]
        made = [self.build(one, f"{path}/prefixItems/{number}", within) for number, one in enumerate(first)]
        while len(made) < least:
            made.append(self.build(schema.get("items", True), f"{path}/items", within))
        return made


def _string(schema: Mapping[str, Any], path: str) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if least > most:
        raise SchemaError(path, f"minLength {least} is more than maxLength {most}")
    if "pattern" in schema:
        return _matching(schema["pattern"], least, most, path)
    text = FORMATS.get(str(schema.get("format")), "")
    return text if len(text) >= least else text.ljust(least, "a")


def _matching(pattern: object, least: int, most: float, path: str) -> str:
    try:
        found = matching(str(pattern), least)
    except re.error as error:
        raise SchemaError(f"{path}/pattern", f"{pattern!r} is not a regular expression ({error})") from error
    if found is None or len(found) > most:
        raise SchemaError(f"{path}/pattern", f"no string for {pattern!r} was found")
    return found


def _number(schema: Mapping[str, Any], path: str, *, whole: bool) -> int | float:
    step = schema.get("multipleOf", 1 if whole else None)
    lowest, over = _bound(schema, "minimum", "exclusiveMinimum", max)
    highest, under = _bound(schema, "maximum", "exclusiveMaximum", min)
    start = min(max(0, lowest), highest)
    if step is None:
        value = start
        if (over and value == lowest) or (under and value == highest):
            value = (max(lowest, -1e308) + min(highest, lowest + 2)) / 2 if lowest > -math.inf else highest - 1
    else:
        value = (math.ceil(start / step) if start >= 0 else math.floor(start / step)) * step
        if over and value <= lowest:
            value += step
        if (under and value >= highest) or value > highest:
            value = (math.floor(highest / step) - (under and highest % step == 0)) * step
    if value < lowest or value > highest or (over and value == lowest) or (under and value == highest):
        raise SchemaError(path, "no number is within its bounds")
    return int(value) if float(value).is_integer() else value


def _bound(schema: Mapping[str, Any], name: str, exclusive: str, tighter: Any) -> tuple[float, bool]:
    """The tighter of an inclusive and an exclusive bound, and whether it is exclusive."""
    none = -math.inf if tighter is max else math.inf
    inclusive = cast("float", schema.get(name, none))
    other = cast("float", schema.get(exclusive, none))
    if isinstance(other, bool):
        return inclusive, other
    return tighter(inclusive, other), exclusive in schema and tighter(inclusive, other) == other
