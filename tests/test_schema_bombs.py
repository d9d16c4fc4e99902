"""Schemas that ask for too much are refused with their path, soon and in little memory; patterns cannot loop."""

from __future__ import annotations

import re
import resource
import time as clock
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema import misfit, smallest
from llm_intercept.replies.schema.pattern import _Follow, compiled, found
from llm_intercept.replies.schema.steps import Steps
from tests.amounts import examples

SECONDS = 10.0  # of this process; the slowest takes 0.6 s on an idle core
MEMORY = 100_000  # kB


def chain(kind: str) -> dict[str, Any]:
    """Twenty definitions, each of which asks twice for the next: a million at the end."""

    def node(number: int) -> dict[str, Any]:
        following = {"$ref": f"#/$defs/n{number + 1}"}
        if kind == "properties":
            return {"type": "object", "properties": {"a": following, "b": following}, "required": ["a", "b"]}
        return {kind: [following, following]}

    return {"$defs": {**{f"n{n}": node(n) for n in range(20)}, "n20": {"type": "integer"}}, "$ref": "#/$defs/n0"}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


BOMBS: dict[str, tuple[dict[str, Any], str]] = {
    "properties": (chain("properties"), "#/properties/a"),
    "oneOf": (chain("oneOf"), "#/oneOf/0"),
    "allOf": (chain("allOf"), "#"),
    "items": (
        {"type": "array", "minItems": 10**4, "items": {"type": "array", "minItems": 10**4, "items": {"type": "null"}}},
        "#/minItems",
    ),
    "many items": ({"type": "array", "minItems": 10**12}, "#/minItems"),
    "minContains": ({"type": "array", "contains": {"type": "integer"}, "minContains": 10**6}, "#/minContains"),
    "minProperties": ({"type": "object", "minProperties": 10**12}, "#/minProperties"),
    "minLength": ({"type": "string", "minLength": 10**12}, "#/minLength"),
    "pattern": ({"type": "string", "pattern": "a{1000000000}"}, "#/pattern"),
    "nested pattern": ({"type": "string", "pattern": "((a{1000}){1000}){1000}"}, "#/pattern"),
    "too large a repeat": ({"type": "string", "pattern": "a{99999999999}"}, "#/pattern"),
    "back reference": ({"const": "a" * 60 + "b", "pattern": r"^(a+)+\1$"}, "#"),
    "unique": ({"const": list(range(10**4)), "uniqueItems": True}, "#"),
    "deep": (nested(400), "#/properties/a"),
    "a large number": ({"type": "number", "minimum": 10**5000}, "#/minimum"),
}


@pytest.mark.parametrize(("schema", "path"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_its_path(schema: dict[str, Any], path: str) -> None:
    """What asks for too much is a SchemaError within a second, and it takes little memory to say so."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = clock.process_time()
    with pytest.raises(SchemaError) as raised:
        smallest(schema)
    assert clock.process_time() - began < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY
    assert raised.value.path.startswith(path)


ANSWERED = [
    {"type": "object", "patternProperties": {"^(a+)+$": {"type": "integer"}}, "required": ["a" * 12 + "b"]},
    {"type": "object", "patternProperties": {"^(a+)+$": {"type": "integer"}}, "required": ["a" * 12]},
    {"type": "string", "pattern": "^(a|a)*$", "minLength": 16},
    {"type": "string", "pattern": r"^([\w.-]+\.)+[a-z]{2,}$", "minLength": 16},
    {"type": "array", "contains": {"type": "integer"}, "minContains": 3, "items": {"minimum": 4}},
    {"type": "array", "contains": {"const": 1}, "minContains": 0, "maxContains": 0},
    {"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}], "unevaluatedProperties": False},
    {"type": "array", "prefixItems": [{"type": "null"}], "minItems": 1, "unevaluatedItems": False},
    {"type": "object", "required": ["a"], "dependentSchemas": {"a": {"properties": {"a": {"type": "null"}}}}},
]


def test_names_are_looked_at_in_bounded_time() -> None:
    """A name that the pattern of a property could be tried on for ever is told to match, or not to."""
    for name, wanted in (("a" * 60 + "b", None), ("a" * 60, 0)):
        schema = {"type": "object", "patternProperties": {"^(a+)+$": {"type": "integer"}}, "required": [name]}
        assert smallest(schema) == {name: wanted}


@pytest.mark.parametrize("schema", ANSWERED, ids=str)
def test_what_is_no_bomb_is_answered(schema: dict[str, Any]) -> None:
    """Hard patterns, counted items and what no keyword looks at are answered, and right."""
    jsonschema.Draft202012Validator(schema).validate(smallest(schema))


NONE = [
    {
        "type": "object",
        "allOf": [{"properties": {"a": {}}, "required": ["a"]}],
        "unevaluatedProperties": False,
        "required": ["b"],
    },
    {"type": "array", "prefixItems": [{"type": "null"}], "minItems": 2, "unevaluatedItems": False},
    {"type": "array", "contains": {"const": 1}, "minContains": 2, "maxContains": 1},
    {"type": "array", "items": [{"type": "null"}]},
    {"$dynamicRef": "#x"},
    {"type": "object", "required": ["a"], "dependentSchemas": {"a": False}},
]


@pytest.mark.parametrize("schema", NONE, ids=str)
def test_what_nothing_fulfils_is_refused(schema: dict[str, Any]) -> None:
    """Where there is no instance, or a keyword is not followed, there is an error, never a wrong instance."""
    with pytest.raises(SchemaError):
        smallest(schema)


SUB = st.sampled_from(
    [True, False, {"type": "null"}, {"type": "integer"}, {"type": "string"}, {"const": 1}, {"minimum": 2}]
)
KEYED = st.dictionaries(st.sampled_from("abc"), SUB, max_size=2)
SCHEMAS = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "properties": KEYED, "patternProperties": KEYED, "additionalProperties": SUB, "dependentSchemas": KEYED,
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True), "unevaluatedProperties": SUB,
            "prefixItems": st.lists(SUB, min_size=1, max_size=2), "items": SUB, "contains": SUB,
            "minContains": st.integers(0, 3), "maxContains": st.integers(0, 3), "unevaluatedItems": SUB,
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {}, optional={name: st.lists(inner, min_size=1, max_size=2) for name in ("allOf", "anyOf", "oneOf")}
        | dict.fromkeys(("not", "if", "then", "else"), inner) | {"unevaluatedProperties": SUB, "unevaluatedItems": SUB},
    ),
    max_leaves=4,
)  # fmt: skip
VALUES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([None, 1, 2, "x"]), max_size=3) | st.lists(
    st.sampled_from([None, 1, 2, "x"]), max_size=3
)


@settings(max_examples=examples(150), deadline=None)
@given(SCHEMAS, VALUES)
def test_what_fits_is_what_jsonschema_says(schema: dict[str, Any], value: Any) -> None:
    """A value fulfils a schema here if it does so by jsonschema; an instance made here fulfils its schema there."""
    oracle = jsonschema.Draft202012Validator(schema)
    assert (not misfit(value, schema)) == oracle.is_valid(value)
    try:
        made = smallest(schema)
    except SchemaError:
        return
    oracle.validate(made)


ATOMS = st.sampled_from(["a", "b", ".", r"\w", "[ab]", "[^a]", "^", "$", r"\b", "(?=a)", "(?!b)", "(?<=a)", "(?i:A)"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda ones: f"(?:{'|'.join(ones)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "*?", "{1,}"])).map(
            lambda one: f"(?:{one[0]}){one[1]}"
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=examples(200), deadline=None)
@given(PATTERNS, st.text("abA\n ", max_size=8))
def test_following_a_pattern_finds_what_python_finds(pattern: str, text: str) -> None:
    """Following all ends at once tells the same as Python's matcher, which tries one after the other."""
    _, parsed = compiled(pattern)
    ends = _Follow(text, Steps()).ends(parsed, frozenset(range(len(text) + 1)), parsed.state.flags)
    assert bool(ends) == (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    "pattern", [r"^(a+)+$", r"^(a|a?)+$", r"^(a*)*b$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"a*a*a*a*a*a*b"]
)
def test_a_pattern_cannot_loop(pattern: str) -> None:
    """Patterns that make Python try for ever are told on long texts."""
    assert not found(pattern, "a" * 2000 + "\n!", Steps())
