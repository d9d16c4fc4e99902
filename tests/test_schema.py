"""The smallest instance of a schema: valid, the same every time, or an error that says where there is none."""

from __future__ import annotations

import copy
import enum
import ipaddress
import json
import re
import time as clock
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import jsonschema
import openai
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openai.lib._pydantic import to_strict_json_schema
from pydantic import AnyUrl, BaseModel, Field, TypeAdapter, conint, conlist, constr

from llm_intercept import LLMInterceptError, auto, intercept
from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema import smallest
from tests.amounts import examples

LAW = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(schema: Any, value: Any) -> None:
    """Hold an instance against its schema; it is JSON, too."""
    json.dumps(value, allow_nan=False)
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(value)


# --- OpenAI's strict subset, whole -----------------------------------------------------------------------------------

FORMATS = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]
PATTERNS = [
    r"^[A-Z]{2}\d{3}$",
    r"^\+?\d{1,3}-\d{4}$",
    r"^@[a-zA-Z0-9_]+$",
    r"^(foo|bar|a)-[^x-z]$",
    r"\bword\b",
    r"^[^\d\s]{3,}$",
    r"^(?:a|b){2,4}c?$",
    r"^(?P<q>['\"]).*(?P=q)$",
    r"^\w+@\w+\.[a-z]{2,}$",
    r"^[\s\S]$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"",
    r"^$",
]
OPEN_PATTERNS = [r"^[a-z]+$", r"^\d*$", r"^a.*", r"^[A-Za-z_]\w*$"]
WORDS = st.sampled_from(["a", "b", "name", "città", "with space", "$ref", "a/b"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def numbers(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """A numeric schema around a number that fulfils it; all numbers are exact in binary."""
    unit = 1 if kind == "integer" else 0.25
    step = draw(st.none() | st.sampled_from([1, 2, 3, 7] if kind == "integer" else [0.25, 0.5, 1, 2, 3]))
    target = draw(st.integers(-40, 40)) * (step or unit)
    schema: dict[str, Any] = {"type": kind} | ({"multipleOf": step} if step else {})
    for name, sign in (("inimum", -1), ("aximum", 1)):
        prefix = "m" if draw(st.booleans()) else "exclusiveM"
        match draw(st.none() | st.integers(0, 9)):
            case None:
                pass
            case distance:
                distance = max(distance, prefix != "m")  # an exclusive bound is never the number itself
                schema[prefix + name] = target + sign * distance * unit
    return schema


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["plain", "format", "pattern", "open"]))
    if kind == "format":
        return {"type": "string", "format": draw(st.sampled_from(FORMATS))}
    if kind == "pattern":
        return {"type": "string", "pattern": draw(st.sampled_from(PATTERNS))}
    least = draw(st.integers(0, 12))
    schema: dict[str, Any] = {"type": "string", "minLength": least}
    if kind == "open":
        schema["pattern"] = draw(st.sampled_from(OPEN_PATTERNS))
    elif draw(st.booleans()):
        schema["maxLength"] = least + draw(st.integers(0, 3))
    return schema


@st.composite
def typed(draw: st.DrawFn) -> dict[str, Any]:
    """A scalar schema, its type alone or with null in a list of types."""
    one: dict[str, Any] = draw(
        st.one_of(
            numbers("integer"), numbers("number"), strings(), st.just({"type": "boolean"}), st.just({"type": "null"})
        )
    )
    if one["type"] != "null" and draw(st.booleans()):
        one["type"] = draw(st.permutations([one["type"], "null"]))
    return one


@st.composite
def chosen(draw: st.DrawFn) -> dict[str, Any]:
    """An enum or a const, with its type or without."""
    if draw(st.booleans()):
        return {"const": draw(JSON)}
    if draw(st.booleans()):
        return {"type": "string", "enum": draw(st.lists(st.text(max_size=5), min_size=1, max_size=3, unique=True))}
    return {"enum": draw(st.lists(JSON, min_size=1, max_size=3, unique_by=repr))}


@dataclass(frozen=True)
class Scope:
    """What a schema may refer to: `free` anywhere, `guarded` where an instance need not follow the reference."""

    free: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()
    inside: bool = False  # of an object or an array: an anyOf that refers to itself without one has no meaning

    def within(self, *, must: bool) -> Scope:
        """The scope of a property or an item that must be there, or may be left out."""
        return Scope(self.free if must else self.guarded, self.guarded, inside=True)

    def besides(self) -> Scope:
        """The scope of an alternative beside one that ends."""
        return Scope(self.guarded if self.inside else self.free, self.guarded, self.inside)


@st.composite
def objects(draw: st.DrawFn, depth: int, scope: Scope) -> dict[str, Any]:
    """An object: strict, or with properties that may be left out."""
    names = draw(st.lists(WORDS, max_size=3, unique=True))
    strict = draw(st.booleans())
    required = names if strict or not names else draw(st.lists(st.sampled_from(names), unique=True))
    properties = {name: draw(schemas(depth - 1, scope.within(must=name in required))) for name in names}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return schema | ({"additionalProperties": False} if strict else {})


@st.composite
def arrays(draw: st.DrawFn, depth: int, scope: Scope) -> dict[str, Any]:
    """An array, of some items or none."""
    least = draw(st.integers(0, 2))
    schema: dict[str, Any] = {"type": "array", "items": draw(schemas(depth - 1, scope.within(must=least > 0)))}
    schema |= {"minItems": least} if least or draw(st.booleans()) else {}
    return schema | ({"maxItems": least + draw(st.integers(0, 2))} if draw(st.booleans()) else {})


@st.composite
def alternatives(draw: st.DrawFn, depth: int, scope: Scope) -> dict[str, Any]:
    """An anyOf; it may recur, as null or another way out is among the alternatives."""
    out = draw(schemas(depth - 1, scope) | st.just({"type": "null"}))
    others = draw(st.lists(schemas(depth - 1, scope.besides()), max_size=2))
    return {"anyOf": draw(st.permutations([out, *others]))}


@st.composite
def schemas(draw: st.DrawFn, depth: int, scope: Scope) -> dict[str, Any]:
    """A schema that has an instance."""
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [typed(), chosen()]
    if scope.free:
        kinds.append(st.sampled_from(scope.free).map(lambda name: {"$ref": name}))
    if depth > 0:
        kinds += [make(depth, scope) for make in (objects, arrays, alternatives)]
    schema = draw(st.one_of(kinds))
    if draw(st.integers(0, 4)) == 0:
        schema = {**schema, "description": "what it is", "title": "T"}
    return schema


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A whole schema: an object at the root, definitions, references to them and to the root."""
    names = ["#/$defs/A", "#/$defs/B_2", "#/$defs/C"]
    every = (*names, "#")
    defs = {
        name.rpartition("/")[2]: draw(schemas(2, Scope(tuple(names[:number]), every)))
        for number, name in enumerate(names)
    }
    return {**draw(objects(3, Scope(tuple(names), every))), "$defs": defs}


@LAW
@given(documents())
def test_the_smallest_instance_is_valid(schema: dict[str, Any]) -> None:
    """Whatever OpenAI's structured outputs take has an instance, and it is valid."""
    check(schema, smallest(schema))


@LAW
@given(documents())
def test_the_smallest_instance_is_the_same_every_time(schema: dict[str, Any]) -> None:
    """Equal schemas have equal instances, byte for byte, and the schema is left as it was."""
    before = copy.deepcopy(schema)
    first = json.dumps(smallest(schema))
    assert first == json.dumps(smallest(json.loads(json.dumps(schema))))
    assert schema == before


@LAW
@given(documents())
@example(
    {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/B"}},
        "required": [],
        "$defs": {"A": {"type": "null"}, "B": {"$ref": "#/$defs/A"}},
    }
)
def test_a_strict_object_has_its_properties_in_their_order(schema: dict[str, Any]) -> None:
    """Required properties come in the schema's order, and no others; at the root all come where none is required."""
    value = smallest(schema)
    assert list(value) == [
        name for name in schema["properties"] if name in (schema["required"] or schema["properties"])
    ]


@LAW
@given(st.one_of(numbers("integer"), numbers("number")))
def test_numbers_are_within_every_bound(schema: dict[str, Any]) -> None:
    """Inclusive and exclusive bounds and multiples hold together, and an integer is an int."""
    value = smallest(schema)
    check(schema, value)
    assert schema["type"] == "number" or type(value) is int


@LAW
@given(st.integers(0, 60), st.integers(0, 9), st.sampled_from([None, *OPEN_PATTERNS]))
def test_strings_have_their_lengths(least: int, more: int, pattern: str | None) -> None:
    """Lengths hold, with a pattern too."""
    schema = {"type": "string", "minLength": least, "maxLength": least + more + 1}
    check(schema, smallest({**schema, "pattern": pattern} if pattern is not None else schema))


@pytest.mark.parametrize("pattern", [*PATTERNS, *OPEN_PATTERNS, r"(?i)^ABC$", r"^[^\W\d_]\d$", r"a{40}", r"^.{3}\Z"])
def test_patterns_match(pattern: str) -> None:
    """The string made for a pattern matches it."""
    assert re.search(pattern, smallest({"type": "string", "pattern": pattern}))


@pytest.mark.parametrize("pattern", ["x$", "a|b", r"\d", "^[ab]|c$"])
def test_a_pattern_that_is_not_anchored_leaves_room(pattern: str) -> None:
    """A pattern that need not match the whole string is no hindrance to a length."""
    schema = {"type": "string", "pattern": pattern, "minLength": 5}
    check(schema, smallest(schema))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("date-time", datetime),
        ("date", date),
        ("time", time),
        ("duration", timedelta),
        ("uuid", UUID),
        ("ipv4", ipaddress.IPv4Address),
        ("ipv6", ipaddress.IPv6Address),
        ("uri", AnyUrl),
    ],
)
def test_formats_are_what_they_say(name: str, kind: Any) -> None:
    """Each format's instance is read by pydantic as its type."""
    assert TypeAdapter(kind).validate_json(json.dumps(smallest({"type": "string", "format": name})))


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, ""),
        ({"type": "integer"}, 0),
        ({"type": "number"}, 0),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": ""}),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "integer", "minimum": 3, "multipleOf": 5}, 5),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "string", "enum": ["first", "second"]}, "first"),
        ({"properties": {"a": {"type": "null"}}, "required": ["a"]}, {"a": None}),
        ({"items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        ({"prefixItems": [{"type": "integer"}, {"type": "string"}], "type": "array", "minItems": 2}, [0, ""]),
        ({"allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "integer", "minimum": 2}}}, 2),
        ({"$ref": "#/$defs/a~1b~0", "$defs": {"a/b~": {"const": 1}}}, 1),
    ],
    ids=json.dumps,
)
def test_the_smallest_is_what_a_reader_expects(schema: Any, wanted: Any) -> None:
    """Empty, zero, the nearest bound, the first of a choice."""
    assert smallest(schema) == wanted
    check(schema, wanted)


LINKED = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
    "required": ["value", "next"],
    "additionalProperties": False,
}
TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["children"],
    "additionalProperties": False,
}
EXPRESSION = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"left": {"$ref": "#/$defs/E"}, "right": {"$ref": "#/$defs/E"}},
            "required": ["left", "right"],
        },
        {"type": "object", "properties": {"number": {"type": "number"}}, "required": ["number"]},
    ]
}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"$ref": "#/$defs/Node", "$defs": {"Node": LINKED}}, {"value": 0, "next": None}),
        (TREE, {"children": []}),
        ({"$ref": "#/$defs/E", "$defs": {"E": EXPRESSION}}, {"number": 0}),
        (
            {**TREE, "properties": {"children": {"type": "array", "minItems": 1, "items": {"anyOf": [TREE, {}]}}}},
            {"children": [{"children": []}]},
        ),
    ],
    ids=["linked list", "tree", "expression", "tree with a child"],
)
def test_recursion_ends_where_it_may(schema: Any, wanted: Any) -> None:
    """Recursion through null, an empty array or another alternative ends at once."""
    assert smallest(schema) == wanted


def test_recursion_without_an_end_is_found_at_once() -> None:
    """Nine definitions that need one another are reported without trying all orders they could be followed in."""
    names = [f"T{number}" for number in range(9)]
    choices = {name: [inside({"$ref": f"#/$defs/{other}"}) for other in names if other != name] for name in names}
    schema = {"$ref": "#/$defs/T0", "$defs": {name: {"anyOf": choices[name]} for name in names}}
    began = clock.process_time()
    with pytest.raises(SchemaError, match=r"without end|more than [\d,]+ steps"):
        smallest(schema)
    assert clock.process_time() - began < 2


def test_the_shortest_way_out_of_a_recursion_is_taken() -> None:
    """Where definitions need one another and one of them ends, the instance goes to that one at once."""
    names = [f"T{number}" for number in range(6)]
    choices = {name: [inside({"$ref": f"#/$defs/{other}"}) for other in names if other != name] for name in names}
    choices["T5"].append({"type": "null"})
    schema = {"$ref": "#/$defs/T0", "$defs": {name: {"anyOf": choices[name]} for name in names}}
    assert smallest(schema) == {"a": None}


def test_a_syntax_tree_is_a_leaf() -> None:
    """Of a union of node types that hold the union again, as pydantic writes one, the instance has no needless node."""
    names = [f"Node{number}" for number in range(4)]
    union = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in (*names, "Leaf")]}
    fields = ["kind", "left", "right"]
    nodes = {
        name: {
            "type": "object",
            "properties": {"kind": {"const": name}, "left": union, "right": union},
            "required": fields,
            "additionalProperties": False,
        }
        for name in names
    }
    schema = {**inside(union), "$defs": {**nodes, "Leaf": inside({"type": "integer"})}}
    value = smallest(schema)
    check(schema, value)
    assert json.dumps(value).count("kind") <= 1


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "multipleOf": 0.1, "minimum": 0.3},
        {"type": "number", "multipleOf": 0.1, "exclusiveMinimum": 0.3},
        {"type": "number", "multipleOf": 0.01, "minimum": 0.29, "maximum": 0.295},
        {"type": "number", "multipleOf": 0.01, "exclusiveMaximum": -0.07},
        {"type": "number", "multipleOf": 0.1, "minimum": 0.7, "maximum": 0.7},
    ],
    ids=json.dumps,
)
def test_decimal_multiples_are_exact(schema: Any) -> None:
    """A multiple of 0.1 is written as one, and is within its bounds, in decimal arithmetic."""
    value = Decimal(json.dumps(smallest(schema)))
    assert value % Decimal(str(schema["multipleOf"])) == 0
    assert value >= Decimal(str(schema.get("minimum", "-Infinity")))
    assert value > Decimal(str(schema.get("exclusiveMinimum", "-Infinity")))
    assert value <= Decimal(str(schema.get("maximum", "Infinity")))
    assert value < Decimal(str(schema.get("exclusiveMaximum", "Infinity")))


# --- beyond the strict subset: valid, or reported --------------------------------------------------------------------

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
BEYOND = [
    {"type": "integer", "multipleOf": 1.5, "minimum": 1},
    {"type": "integer", "multipleOf": 0.5, "exclusiveMinimum": 0},
    {"type": "integer", "minimum": 0.2, "maximum": 1.8},
    {"type": "integer", "minimum": 2**53 + 1},
    {"type": "integer", "minimum": 10**30, "maximum": 10**30 + 1},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 5e-324},
    {"type": "string", "format": "date", "minLength": 30},
    {"type": "string", "format": "date", "maxLength": 3},
    {"type": "string", "format": "uuid", "minLength": 40},
    {"type": "string", "format": "email", "minLength": 30, "maxLength": 30},
    {"type": "string", "format": "email", "pattern": "^b"},
    {"type": "string", "format": "ipv4", "maxLength": 8},
    {"type": "string", "format": "an-unknown-one"},
    {"type": "string", "pattern": r"^(?=.*\d)(?=.*[a-z]).{8,}$"},
    {"type": "string", "pattern": "^[a-z]+$|^x$", "minLength": 5},
    {"type": "string", "pattern": "^[a-z]+$", "maxLength": 0},
    {"type": "string", "enum": [1, "b"]},
    {"type": "string", "enum": ["a", "bbb"], "minLength": 3},
    {"type": "integer", "enum": ["a", 2.5]},
    {"type": "string", "const": 5},
    {"enum": ["a", "b"], "anyOf": [{"const": "b"}, {"const": "a"}]},
    {"type": ["integer", "string"], "minimum": 5, "maximum": 1},
    {"type": ["string", "integer"], "minimum": 5, "pattern": "^a"},
    {"type": "array", "items": INTEGER, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "contains": {"const": 5}},
    {"type": "array", "prefixItems": [STRING], "items": False, "minItems": 2},
    {"type": "array", "items": INTEGER, "maxItems": 0},
    {"type": "object", "required": ["z"], "additionalProperties": False},
    {"type": "object", "required": ["z"], "additionalProperties": INTEGER},
    {"type": "object", "required": ["z"], "patternProperties": {"^z": INTEGER}},
    {"type": "object", "required": ["z"], "maxProperties": 0},
    {"type": "object", "minProperties": 2, "additionalProperties": INTEGER},
    {"type": "object", "properties": {"a": INTEGER}, "minProperties": 1, "propertyNames": {"pattern": "^a"}},
    {
        "type": "object",
        "properties": {"a": INTEGER, "b": INTEGER},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    {"type": "object", "properties": {"a": INTEGER}, "required": ["a"], "anyOf": [{"required": ["b"]}]},
    {
        "type": "object",
        "properties": {"a": INTEGER},
        "anyOf": [{"properties": {"a": {"minimum": 5}}, "required": ["a"]}],
    },
    {"anyOf": [INTEGER], "minimum": 5},
    {"anyOf": [{"type": "integer", "minimum": 5, "maximum": 1}, STRING]},
    {"oneOf": [INTEGER, {"type": "number"}]},
    {"oneOf": [{"type": "string", "minLength": 0}, {"type": "string", "maxLength": 3}]},
    {"allOf": [{"type": "integer", "minimum": 5}, {"minimum": 3}]},
    {"allOf": [{"type": "integer", "maximum": -5}, {"maximum": -3}]},
    {"allOf": [INTEGER, STRING]},
    {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
    {"allOf": [{"type": "object", "properties": {"a": INTEGER}, "required": ["a"]}, {"required": ["b"]}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"a": {"minimum": 3}}, "required": ["a"]}]},
    {"allOf": [{"anyOf": [STRING, INTEGER]}, {"anyOf": [INTEGER]}]},
    {"$ref": "#/$defs/A", "minimum": 3, "$defs": {"A": {"type": "integer", "minimum": 5}}},
    {"$ref": "#/$defs/A", "required": ["b"], "$defs": {"A": {"properties": {"a": INTEGER}, "required": ["a"]}}},
    {"$ref": "#/anyOf/0", "anyOf": [{"type": "null"}]},
    {"$ref": "#/$defs/a%20b", "$defs": {"a b": {"type": "null"}}},
    {"$ref": "#own", "$defs": {"A": {"$anchor": "own", "type": "null"}}},
    {"not": {"type": "null"}},
    {"type": "integer", "not": {"const": 0}},
    {"type": "object", "properties": {"a": INTEGER}, "if": {}, "then": {"required": ["a"]}},
]


@pytest.mark.parametrize("schema", BEYOND, ids=json.dumps)
def test_an_instance_is_valid_or_there_is_none(schema: Any) -> None:
    """What lies beyond the strict subset is answered validly or reported; it is never guessed."""
    try:
        value = smallest(schema)
    except SchemaError:
        return
    check(schema, value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": INTEGER, "minItems": 1, "uniqueItems": True},
        {"type": "object", "properties": {"a": INTEGER}, "minProperties": 1},
        {"oneOf": [{"type": "null"}, STRING]},
        {"type": "integer", "minimum": 2**53 + 1},
        {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 9}]},
        {"type": "object", "required": ["z"], "additionalProperties": INTEGER},
        {"type": "object", "properties": {"a": INTEGER}, "required": ["a"], "anyOf": [{"required": ["b"]}]},
        {"type": "object", "properties": {"a": False}},
        True,
        {},
    ],
    ids=json.dumps,
)
def test_common_schemas_beyond_the_subset_have_instances(schema: Any) -> None:
    """What tools are often described with is answered, though strict mode would refuse it."""
    check(schema, smallest(schema))


# --- schemas that are none, or have no instance ----------------------------------------------------------------------


def inside(schema: Any) -> dict[str, Any]:
    """The schema of a required property."""
    return {"type": "object", "properties": {"a": schema}, "required": ["a"]}


BROKEN: list[tuple[Any, str, str]] = [
    ({"type": "strange"}, "#/type", "strange"),
    ({"type": ["string", "strange"]}, "#/type", "strange"),
    ({"type": []}, "#/type", "[]"),
    ({"type": 5}, "#/type", "5"),
    ({"type": [["string"]]}, "#/type", "string"),
    (inside({"type": "strange"}), "#/properties/a/type", "strange"),
    (inside({"type": "array", "items": {"type": "strange"}, "minItems": 1}), "#/properties/a/items/type", "strange"),
    (inside({"anyOf": [{"type": "strange"}]}), "#/properties/a/anyOf/0/type", "strange"),
    (inside(5), "#/properties/a", "5"),
    (inside(None), "#/properties/a", "None"),
    (inside(False), "#/properties/a", "False"),
    ([], "#", "[]"),
    (None, "#", "None"),
    ("string", "#", "string"),
    (False, "#", "False"),
    ({"$ref": "#/$defs/Nope"}, "#", "Nope"),
    (inside({"$ref": "#/$defs/Nope"}), "#/properties/a", "Nope"),
    ({"$ref": "https://example.com/schema"}, "#", "https://example.com/schema"),
    ({"$ref": "Nope"}, "#", "Nope"),
    ({"$ref": 5}, "#", "5"),
    ({"allOf": [{"$ref": "#/$defs/Nope"}]}, "#", "Nope"),
    ({"enum": []}, "#/enum", "empty"),
    ({"enum": "a"}, "#/enum", "array"),
    ({"enum": None}, "#/enum", "array"),
    (inside({"type": "string", "enum": []}), "#/properties/a/enum", "empty"),
    ({"anyOf": []}, "#/anyOf", "alternative"),
    ({"oneOf": []}, "#/oneOf", "alternative"),
    ({"anyOf": "x"}, "#/anyOf", "alternative"),
    ({"type": "integer", "minimum": 5, "maximum": 1}, "#", "bounds"),
    ({"type": "number", "exclusiveMinimum": 5, "exclusiveMaximum": 5}, "#", "bounds"),
    ({"type": "number", "minimum": 5, "exclusiveMaximum": 5}, "#", "bounds"),
    ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "#", "bounds"),
    ({"type": "integer", "minimum": 0.2, "maximum": 0.8}, "#", "bounds"),
    ({"type": "integer", "minimum": 6, "maximum": 9, "multipleOf": 5}, "#", "bounds"),
    (inside({"type": "integer", "minimum": 5, "maximum": 1}), "#/properties/a", "bounds"),
    ({"type": "string", "minLength": 5, "maxLength": 1}, "#", "minLength 5"),
    ({"type": "array", "minItems": 5, "maxItems": 1}, "#", "minItems 5"),
    ({"type": "object", "minProperties": 2, "properties": {"a": {}}, "additionalProperties": False}, "#", "2"),
    ({"type": "string", "pattern": "["}, "#/pattern", "["),
    ({"type": "string", "pattern": "(?P<"}, "#/pattern", "(?P<"),
    ({"type": "string", "pattern": "*"}, "#/pattern", "*"),
    ({"type": "string", "pattern": r"\p{L}+"}, "#/pattern", "p{L}"),
    ({"type": "string", "pattern": "^a$", "minLength": 2}, "#/pattern", "^a$"),
    ({"type": "string", "pattern": "^a{9}$", "maxLength": 2}, "#/pattern", "a{9}"),
    ({"type": "string", "pattern": "(?!)"}, "#/pattern", "(?!)"),
    (inside({"type": "string", "pattern": "["}), "#/properties/a/pattern", "["),
    ({"$ref": "#"}, "#", "without end"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}, "#", "without end"),
    (inside({"$ref": "#"}), "#/properties/a", "without end"),
    ({"$ref": "#/$defs/A", "$defs": {"A": inside({"$ref": "#/$defs/A"})}}, "#/properties/a", "without end"),
    ({"type": "array", "minItems": 1, "items": {"$ref": "#"}}, "#/items", "without end"),
    ({"anyOf": [inside({"$ref": "#"}), inside({"$ref": "#"})]}, "#/anyOf/", "without end"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}]}}}, "#", "without end"),
    ({"type": "number", "multipleOf": 0}, "#", "0"),
    ({"type": "number", "multipleOf": "x"}, "#", "x"),
    ({"type": "integer", "minimum": "low"}, "#", "low"),
    ({"type": "integer", "exclusiveMaximum": [1]}, "#", "1"),
    ({"type": "array", "minItems": "two"}, "#", "two"),
    ({"type": "array", "minItems": 1, "items": 5}, "#/items", "5"),
    ({"type": "string", "minLength": "two"}, "#", "two"),
    ({"type": "string", "pattern": 5}, "#/pattern", "5"),
    ({"type": "object", "properties": []}, "#", "[]"),
    ({"type": "object", "properties": {"a": {}}, "required": "a"}, "#", "a"),
    ({"type": "object", "required": ["z"], "additionalProperties": False}, "#", "z"),
]


@pytest.mark.parametrize(("schema", "path", "words"), BROKEN, ids=[json.dumps(one[0]) for one in BROKEN])
def test_a_schema_without_an_instance_says_where_and_why(schema: Any, path: str, words: str) -> None:
    """Invalid and unsatisfiable schemas are a SchemaError that names the path, the value and what to do."""
    with pytest.raises(SchemaError) as raised:
        smallest(schema)
    error = raised.value
    assert error.path.startswith(path)
    assert words in error.problem
    assert f"at {error.path}" in str(error)
    assert "structured(…)" in str(error)
    assert isinstance(error, LLMInterceptError)
    assert isinstance(error, ValueError)


# fmt: off
KEYWORDS = ["type", "enum", "const", "anyOf", "allOf", "oneOf", "$ref", "properties", "required", "items", "minItems",
            "minimum", "maximum", "multipleOf", "minLength", "pattern", "format", "prefixItems", "minProperties"]
# fmt: on
TOKENS = st.sampled_from(["object", "array", "string", "number", "#", "#/properties/a", ["a"]])
ANY_SCHEMA = st.recursive(
    JSON | TOKENS,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=4)
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=12,
)


@LAW
@given(st.dictionaries(st.sampled_from(KEYWORDS), ANY_SCHEMA, min_size=1, max_size=4))
def test_nothing_but_a_schema_error_comes_out(schema: Any) -> None:
    """Whatever JSON is given as a schema, there is an instance or a SchemaError; no other exception."""
    with suppress(SchemaError):
        json.dumps(smallest(schema), allow_nan=False)


# --- pydantic --------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: constr(min_length=3)  # type: ignore[valid-type]
    postcode: constr(pattern=r"^\d{5}(-\d{4})?$")  # type: ignore[valid-type]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: conint(ge=1, le=9)  # type: ignore[valid-type]


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Node(BaseModel):
    value: int
    children: list[Node]
    parent: Node | None


class Person(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=20, description="the name")]
    age: conint(gt=0, lt=150)  # type: ignore[valid-type]
    height: Annotated[float, Field(gt=0.5, le=2.5)]
    score: Annotated[float, Field(multiple_of=0.5, ge=0.75)]
    even: conint(multiple_of=2, gt=2)  # type: ignore[valid-type]
    nick: str | None
    colour: Colour
    size: Literal["small", "big", 3] | None
    home: Address
    others: list[Address]
    tags: conlist(str, min_length=2)  # type: ignore[valid-type]
    pair: tuple[int, str]
    born: date
    seen: datetime
    wakes: time
    lasts: timedelta
    id: UUID
    host: ipaddress.IPv4Address
    site: AnyUrl
    price: Decimal
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    either: int | str | None
    flags: dict[str, bool]
    note: str = "default"


class Small(BaseModel):
    text: str
    pick: Literal["a"]


class Group(BaseModel):
    names: Annotated[set[str], Field(min_length=1)]
    numbers: Annotated[set[int], Field(min_length=2)]


class Settings(BaseModel):
    values: Annotated[dict[str, int], Field(min_length=1)]


MODELS = [Address, Cat, Dog, Node, Person, Small]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "plain"])
def test_a_pydantic_models_instance_is_read_back(model: type[BaseModel], strict: bool) -> None:
    """What is made from a model's schema, as pydantic or as the SDK's strict mode writes it, is an instance of it."""
    schema = to_strict_json_schema(model) if strict else model.model_json_schema()
    value = smallest(schema)
    check(schema, value)
    assert model.model_validate_json(json.dumps(value))


@pytest.mark.parametrize("model", [Group, Settings])
def test_a_collection_that_may_not_be_empty_is_read_back_or_reported(model: type[BaseModel]) -> None:
    """Sets have distinct members and dicts as many entries as they must, or the schema is reported."""
    try:
        value = smallest(model.model_json_schema())
    except SchemaError:
        return
    assert model.model_validate(value)


@pytest.mark.parametrize(
    "kind", [int, str, float, bool, list[int], dict[str, int], int | None, Colour, Literal[3], tuple[int, ...], None]
)
def test_any_type_pydantic_describes_is_read_back(kind: Any) -> None:
    """Types that are no models are answered as well."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    adapter.validate_json(json.dumps(smallest(adapter.json_schema())))


@pytest.mark.parametrize("model", MODELS)
def test_auto_answers_parse(model: type[BaseModel]) -> None:
    """The SDK's `.parse(response_format=Model)` under `auto()` gives an instance of the model."""
    with intercept(auto(), validate="off"), openai.OpenAI(api_key="sk-test") as client:
        answer = client.chat.completions.parse(
            model="gpt-4o", messages=[{"role": "user", "content": "hi"}], response_format=model
        )
    assert isinstance(answer.choices[0].message.parsed, model)


def test_auto_calls_a_forced_tool_with_parsed_arguments() -> None:
    """The SDK's `pydantic_function_tool`, forced, is called with arguments that the model reads."""
    tool = openai.pydantic_function_tool(Person, name="save")
    with intercept(auto(), validate="off"), openai.OpenAI(api_key="sk-test") as client:
        answer = client.chat.completions.parse(
            model="gpt-4o",
            messages=[{"role": "user", "content": "hi"}],
            tools=[tool],
            tool_choice={"type": "function", "function": {"name": "save"}},
        )
    calls = answer.choices[0].message.tool_calls
    assert calls
    assert isinstance(calls[0].function.parsed_arguments, Person)
