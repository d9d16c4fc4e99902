"""Whether a value fulfils a JSON schema, and why not; formats are taken on trust.

Knows: the keywords of JSON Schema 2020-12. Must not know: how instances are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import encode, is_array, is_object, is_same, items, mapping
from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema.keywords import check_keywords, resolve
from llm_intercept.replies.schema.numbers import exact
from llm_intercept.replies.schema.pattern import found
from llm_intercept.replies.schema.steps import Steps
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Schema = Mapping[str, Any]


def misfit(value: Any, schema: object) -> str:
    """Say why a value does not fulfil a schema, empty if it does; of a schema that cannot be used, why that is so."""
    try:
        return _Test(schema).misfit(value, schema, "")
    except SchemaError as error:
        return f"its schema cannot be used: at {error.path}, {error.problem}"
    except RecursionError:
        return "its schema cannot be used: it is nested too deeply"


def fulfils(value: Any, schema: object, root: object, steps: Steps | None = None) -> bool:
    """Whether `value` fulfils `schema`, whose references lead into `root`.

    Raises:
        SchemaError: The schema is none, or asks for more than can be looked at in bounded time.

    """
    return _Test(root, steps).holds(value, schema)


class _Test:
    """Tests values against the parts of one schema."""

    def __init__(self, root: object, steps: Steps | None = None) -> None:
        self._root, self._steps = root, steps or Steps()

    def holds(self, value: Any, schema: object) -> bool:
        self._steps.take()
        if isinstance(schema, bool):
            return schema
        known = mapping(schema)
        check_keywords(known, self._steps.at)
        if value is None and known.get("nullable") is True:  # OpenAPI's keyword, which OpenAI takes too
            return True
        tests = (self._reference, self._choices, _type, _numeric, self._textual, self._listed, self._keyed)
        return all(test(value, known) for test in tests) and self._nothing_else(value, known)

    def misfit(self, value: Any, schema: object, path: str) -> str:
        """Say where a value does not fulfil a schema, the deepest place that can be named."""
        if self.holds(value, schema):
            return ""
        known = mapping(schema)
        if "$ref" in known:
            return self.misfit(value, resolve(self._root, known["$ref"], "#"), path) or self._not(value, known, path)
        if is_object(value) and _type(value, known):
            missing = [name for name in items(known.get("required")) if name not in value]
            if missing:
                return f"{path or 'it'} lacks {', '.join(map(repr, missing))}"
            for name, own in mapping(known.get("properties")).items():
                if name in value and not self.holds(value[name], own):
                    return self.misfit(value[name], own, f"{path}.{name}" if path else name)
            more = [
                name for name in value if not self._schemas_of(name, known) or self._schemas_of(name, known) == [False]
            ]
            if more:
                return f"{path or 'it'} has {', '.join(map(repr, more))}, which its schema does not allow"
        return self._not(value, known, path)

    def _not(self, value: Any, schema: Schema, path: str) -> str:
        asked = {
            name: one for name, one in schema.items() if name not in {"$defs", "definitions", "title", "description"}
        }
        shown = cut(encode(value).decode(), 60)
        return f"{path or 'it'} is {shown}, and {cut(encode(asked).decode(), 100)} is asked for"

    def _reference(self, value: Any, schema: Schema) -> bool:
        return "$ref" not in schema or self.holds(value, resolve(self._root, schema["$ref"], self._steps.at))

    def _choices(self, value: Any, schema: Schema) -> bool:
        def held(name: str) -> int:
            return sum(self.holds(value, one) for one in items(schema[name]))

        return (
            ("allOf" not in schema or held("allOf") == len(items(schema["allOf"])))
            and ("anyOf" not in schema or any(self.holds(value, one) for one in items(schema["anyOf"])))
            and ("oneOf" not in schema or held("oneOf") == 1)
            and ("not" not in schema or not self.holds(value, schema["not"]))
            and ("if" not in schema or self.holds(value, schema.get(self._branch(value, schema), True)))
        )

    def _branch(self, value: Any, schema: Schema) -> str:
        return "then" if self.holds(value, schema["if"]) else "else"

    def _textual(self, value: Any, schema: Schema) -> bool:
        if not isinstance(value, str):
            return True
        fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return fits and ("pattern" not in schema or found(schema["pattern"], value, self._steps))

    def _listed(self, value: Any, schema: Schema) -> bool:
        if not is_array(value):
            return True
        prefix = items(schema.get("prefixItems"))
        return (
            schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
            and all(self.holds(one, own) for one, own in zip(value, prefix, strict=False))
            and all(self.holds(one, schema.get("items", True)) for one in value[len(prefix) :])
            and ("contains" not in schema or self._contains(value, schema))
            and not (schema.get("uniqueItems") and self._repeats(value))
        )

    def _contains(self, value: list[Any], schema: Schema) -> bool:
        count = sum(self.holds(one, schema["contains"]) for one in value)
        return bool(schema.get("minContains", 1) <= count <= schema.get("maxContains", count))

    def _repeats(self, value: list[Any]) -> bool:
        self._steps.take(len(value) * len(value) // 2)
        return any(is_same(one, other) for number, one in enumerate(value) for other in value[:number])

    def _keyed(self, value: Any, schema: Schema) -> bool:
        if not is_object(value):
            return True
        depends = mapping(schema.get("dependentRequired"))
        needed = {*items(schema.get("required")), *(one for name in value for one in items(depends.get(name)))}
        return (
            schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
            and needed <= set(value)
            and all(self.holds(value, one) for one in _dependent(value, schema))
            and all(self.holds(one, own) for name, one in value.items() for own in self._schemas_of(name, schema))
            and all(self.holds(name, schema.get("propertyNames", True)) for name in value)
        )

    def _schemas_of(self, name: str, schema: Schema) -> list[Any]:
        """Find the schemas that a property must fulfil."""
        return self._described(name, schema) or [schema.get("additionalProperties", True)]

    def _described(self, name: str, schema: Schema) -> list[Any]:
        properties = mapping(schema.get("properties"))
        own = [properties[name]] if name in properties else []
        patterns = mapping(schema.get("patternProperties"))
        return own + [one for pattern, one in patterns.items() if found(pattern, name, self._steps)]

    def _nothing_else(self, value: Any, schema: Schema) -> bool:
        """Whether what no keyword looks at fulfils `unevaluatedProperties` and `unevaluatedItems`."""
        if "unevaluatedProperties" in schema and is_object(value):
            names = set(value) - self._seen_names(value, schema)
            if not all(self.holds(value[name], schema["unevaluatedProperties"]) for name in names):
                return False
        if "unevaluatedItems" in schema and is_array(value):
            places = set(range(len(value))) - self._seen_places(value, schema)
            return all(self.holds(value[place], schema["unevaluatedItems"]) for place in places)
        return True

    def _seen_names(self, value: Mapping[str, Any], schema: Schema, *, whole: bool = False) -> set[str]:
        """Find the properties that a schema's keywords look at; `whole` with what `unevaluatedProperties` does."""
        if "additionalProperties" in schema or (whole and "unevaluatedProperties" in schema):
            return set(value)
        seen = {name for name in value if self._described(name, schema)}
        return seen.union(*(self._seen_names(value, one, whole=True) for one in self._applied(value, schema)))

    def _seen_places(self, value: list[Any], schema: Schema, *, whole: bool = False) -> set[int]:
        if "items" in schema or (whole and "unevaluatedItems" in schema):
            return set(range(len(value)))
        seen = set(range(min(len(value), len(items(schema.get("prefixItems"))))))
        if "contains" in schema:
            seen |= {place for place, one in enumerate(value) if self.holds(one, schema["contains"])}
        return seen.union(*(self._seen_places(value, one, whole=True) for one in self._applied(value, schema)))

    def _applied(self, value: Any, schema: Schema) -> Iterator[Schema]:
        """Give the schemas beside the keywords that the value itself fulfils."""
        self._steps.take()
        chosen: list[Any] = [one for name in ("allOf", "anyOf", "oneOf") for one in items(schema.get(name))]
        chosen += _dependent(value, schema) if is_object(value) else []
        if "$ref" in schema:
            chosen.append(resolve(self._root, schema["$ref"], self._steps.at))
        if "if" in schema:
            chosen += [schema["if"], schema.get(self._branch(value, schema), True)]
        yield from (mapping(one) for one in chosen if is_object(one) and self.holds(value, one))


def _dependent(value: Mapping[str, Any], schema: Schema) -> list[Any]:
    return [one for name, one in mapping(schema.get("dependentSchemas")).items() if name in value]


def _type(value: Any, schema: Schema) -> bool:
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
        "integer": lambda: is_number(value) and (isinstance(value, int) or value.is_integer()),
        "number": lambda: is_number(value),
        "string": lambda: isinstance(value, str),
        "array": lambda: is_array(value),
        "object": lambda: is_object(value),
    }
    return isinstance(kind, str) and kind in tests and tests[kind]()


def _numeric(value: Any, schema: Schema) -> bool:
    if not is_number(value):
        return True
    return (
        ("minimum" not in schema or value >= schema["minimum"])
        and ("maximum" not in schema or value <= schema["maximum"])
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and ("multipleOf" not in schema or exact(value) % exact(schema["multipleOf"]) == 0)
    )
