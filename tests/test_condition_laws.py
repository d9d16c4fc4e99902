"""Laws of conditions over any JSON body: they never raise, their verdicts agree with them, and they are an algebra."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from respx.patterns import M

from llm_intercept import LLMRequest, when
from llm_intercept.conditions.base import Condition
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.model.wire import WireRequest
from llm_intercept.rules.shadow import implies
from tests.amounts import examples
from tests.support import URL, read_chat

HEAD = WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {"x-team": "red"})
MANY = settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(MANY, max_examples=examples(30))

WORDS = st.sampled_from(
    ["", "weather", "Weather", "get_weather", "the weather", "gpt-4o", "Person", "ß", "a", "^a", "user"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CALLS = st.lists(
    JSON
    | st.fixed_dictionaries({"id": WORDS | JSON, "function": JSON | st.fixed_dictionaries({"name": WORDS | JSON})}),
    max_size=2,
)
MESSAGES = st.lists(
    JSON
    | st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"]) | JSON,
            "content": WORDS | JSON | st.lists(st.fixed_dictionaries({"type": st.just("text") | JSON, "text": JSON})),
        },
        optional={"tool_calls": CALLS | JSON, "tool_call_id": WORDS | JSON, "name": WORDS | JSON},
    ),
    max_size=4,
)
TOOLS = st.lists(  # others are refused before any condition is asked
    st.fixed_dictionaries({"type": JSON})
    | st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": WORDS.filter(bool)}, optional={"x": JSON}),
        }
    )
)
FORMATS = st.fixed_dictionaries(
    {"type": WORDS | JSON}, optional={"json_schema": JSON | st.fixed_dictionaries({"name": JSON, "schema": JSON})}
)
BODIES = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional={
        "model": WORDS | JSON,
        "tools": TOOLS | st.none(),
        "stream": JSON,
        "response_format": FORMATS | JSON,
        "temperature": JSON,
        "metadata": JSON,
    },
)
PATTERNS = st.sampled_from([re.compile(""), re.compile("a"), re.compile("^Weather$"), re.compile(r"\s", re.IGNORECASE)])
TEXTS = WORDS | PATTERNS
SIMPLE = st.one_of(
    TEXTS.map(when),
    *(st.builds(lambda wanted, name=name: when(**{name: wanted}), TEXTS) for name in ("user", "system", "last", "url")),
    *(
        st.builds(lambda wanted, name=name: when(**{name: wanted}), TEXTS | st.sampled_from(["*", "g?t*", "[", "[!a"]))
        for name in ("model", "tool", "tool_result")
    ),
    st.sampled_from([1, 2, range(2, 4), (1, 3)]).map(lambda turn: when(turn=turn)),
    st.booleans().map(lambda stream: when(stream=stream)),
    WORDS.filter(bool).map(lambda name: when(response_format=name)),
    st.sampled_from([dict, Condition]).map(lambda kind: when(response_format=kind)),
    st.sampled_from([{"x-team": "red"}, {"X-TEAM": None}, {"x-team": re.compile("r"), "none": "a"}]).map(
        lambda headers: when(headers=headers)
    ),
    st.dictionaries(WORDS | st.sampled_from(["messages", "metadata", "temperature"]), JSON, max_size=2)
    .filter(lambda wanted: "nan" not in repr(wanted))
    .map(lambda wanted: when(json=wanted)),
    st.sampled_from(
        [M(host="api.openai.com"), M(json__model="gpt-4o"), M(content__contains=b"a"), ~M(method="GET")]
    ).map(when),
    st.just(when(lambda request: request.turn % 2)),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | st.builds(lambda a: ~a, inner)
    ),
    max_leaves=6,
)


def read(body: dict[str, Any]) -> LLMRequest:
    """Read a body as it comes over the wire."""
    try:
        return read_chat(HEAD, body)
    except BadRequestError as error:
        raise AssertionError(error) from error


REQUESTS = BODIES.map(read)


@MANY
@given(CONDITIONS, REQUESTS)
def test_no_condition_raises_on_any_body_and_its_verdict_agrees(condition, request_):
    """`verdict(r).holds == holds(r)`; the distance is 0 exactly where it holds, and never more than 1."""
    verdict = condition.verdict(request_)
    assert condition.holds(request_) is verdict.holds
    assert (verdict.distance == 0) is verdict.holds
    assert 0 <= verdict.distance <= 1
    assert str(verdict).startswith(f"{verdict.subject}: expected ")
    assert verdict.subject
    assert verdict.expected
    assert verdict.got
    assert str(condition)


@MANY
@given(CONDITIONS, CONDITIONS, CONDITIONS, REQUESTS)
def test_conditions_are_a_boolean_algebra(a, b, c, request_):
    """And, or and not; De Morgan; double negation; commutative, associative, distributive, absorbing."""

    def same(first: Condition, second: Condition) -> bool:
        return first.holds(request_) is second.holds(request_)

    x, y = a.holds(request_), b.holds(request_)
    assert (a & b).holds(request_) is (x and y)
    assert (a | b).holds(request_) is (x or y)
    assert (~a).holds(request_) is (not x)
    assert same(~~a, a)
    assert same(~(a & b), ~a | ~b)
    assert same(~(a | b), ~a & ~b)
    assert same(a & b, b & a)
    assert same(a | b, b | a)
    assert same((a & b) & c, a & (b & c))
    assert same((a | b) | c, a | (b | c))
    assert same(a & (b | c), (a & b) | (a & c))
    assert same(a | (b & c), (a | b) & (a | c))
    assert same(a & (a | b), a)
    assert not (a & ~a).holds(request_)
    assert (a | ~a).holds(request_)


@MANY
@given(CONDITIONS, CONDITIONS, REQUESTS)
def test_what_implies_another_never_holds_without_it(a, b, request_):
    """What `assert_all_used` and `llm-intercept check` call shadowed is."""
    if implies(a, b) and a.holds(request_):
        assert b.holds(request_)


@FEW
@given(CONDITIONS, REQUESTS)
def test_asking_twice_gives_the_same(condition, request_):
    """A verdict changes nothing."""
    assert condition.verdict(request_) == condition.verdict(request_)
