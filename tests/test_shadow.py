"""Which rules can never answer, because an earlier one answers whatever they would match."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from respx.patterns import M

from llm_intercept import Interceptor, tool_call, when
from llm_intercept.model.wire import WireRequest
from llm_intercept.rules.shadow import implies, shadow_of, shadowed
from tests.amounts import examples
from tests.support import URL, read_chat

if TYPE_CHECKING:
    from llm_intercept import LLMRequest
    from llm_intercept.conditions.base import Condition


class Person(BaseModel):
    """A format to ask for."""

    name: str


def predicate(request: LLMRequest) -> bool:
    return request.stream


Shown = dict[str, Any] | str
P = re.compile("a")

SHADOWS: list[tuple[Shown, Shown]] = [
    ("refund", "my refund please"),
    ("REFUND", "a Refund"),
    ("refund", "refund"),
    ("refund", {"user": "refund", "model": "gpt-4o"}),
    ({"user": "a"}, "ab"),
    ({"system": "shop"}, {"system": "the shop"}),
    ({"last": "a"}, {"last": "a b", "turn": 2}),
    ({"user": P}, {"user": P}),
    ({"model": "*"}, {"model": "gpt-4o"}),
    ({"model": "gpt-4o*"}, {"model": "gpt-4o-mini"}),
    ({"model": "gpt-4o*"}, {"model": "gpt-4o-*"}),
    ({"model": "gpt-?o"}, {"model": "gpt-4o"}),
    ({"model": re.compile("^gpt")}, {"model": "gpt-4o"}),
    ({"api": "openai.*"}, {"api": "openai.chat"}),
    ({"tool": "get_*"}, {"tool": "get_weather"}),
    ({"tool_result": "get_*"}, {"tool_result": "get_weather"}),
    ({"turn": range(1, 4)}, {"turn": 2}),
    ({"turn": [1, 2]}, {"turn": (2, 1)}),
    ({"stream": True}, {"stream": True, "model": "m"}),
    ({"response_format": "Person"}, {"response_format": Person}),
    ({"response_format": Person}, {"response_format": Person}),
    ({"headers": {"a": "b"}}, {"headers": {"a": "b", "c": None}}),
    ({"url": "openai.com"}, {"url": "api.openai.com/v1"}),
    ({"url": "api*com"}, {"url": "api.openai.com"}),
    ({"json": {"a": {"b": 1}}}, {"json": {"a": {"b": 1, "c": 2}, "d": 3}}),
    ({"json": {"a": [1, {}]}}, {"json": {"a": [1, {"b": 1}]}}),
    ({"json": {}}, {"json": {"a": 1}}),
]
STANDS: list[tuple[Shown, Shown]] = [
    ("my refund please", "refund"),
    ("refund", {"system": "refund"}),
    ({"user": P}, "a"),
    ("a", {"user": P}),
    ({"user": P}, {"user": re.compile("a", re.IGNORECASE)}),
    ({"user": "a", "model": "m"}, "a"),
    ({"model": "gpt-4o"}, {"model": "gpt-4o*"}),
    ({"model": "gpt-4*"}, {"model": "gpt-*"}),
    ({"model": "gpt-4o"}, {"model": "GPT-4o"}),
    ({"tool": "a"}, {"tool_result": "a"}),
    ({"model": "openai.chat"}, {"api": "openai.chat"}),
    ({"turn": 2}, {"turn": range(1, 4)}),
    ({"turn": range(1, 4)}, {"turn": range(2, 5)}),
    ({"stream": True}, {"stream": False}),
    ({"response_format": Person}, {"response_format": "Person"}),
    ({"headers": {"a": "b", "c": None}}, {"headers": {"a": "b"}}),
    ({"url": "api.openai.com/v1"}, {"url": "openai.com"}),
    ({"url": "openai.com"}, {"url": "api*com"}),
    ({"json": {"a": 1, "b": 2}}, {"json": {"a": 1}}),
    ({"json": {"a": [1]}}, {"json": {"a": [1, 2]}}),
]


def on(llm: Interceptor, shown: Shown) -> Any:
    return llm.on(shown) if isinstance(shown, str) else llm.on(**shown)


def pairs(llm: Interceptor) -> list[tuple[str, str]]:
    """Name the rules that can never answer, and those that answer instead."""
    book = llm._engine.book
    return [(str(rule), str(by)) for rule, by in shadowed([*book.rules, *book.catch_alls])]


@pytest.mark.parametrize(("first", "second"), SHADOWS, ids=str)
def test_a_rule_is_shadowed_by_one_that_asks_for_less(first, second):
    """Whatever kind of condition it has."""
    llm = Interceptor()
    earlier, later = on(llm, first).reply("a"), on(llm, second).reply("b")
    assert pairs(llm) == [(str(later), str(earlier))]


@pytest.mark.parametrize(("first", "second"), STANDS, ids=str)
def test_a_rule_is_not_shadowed_by_one_that_asks_for_more_or_something_else(first, second):
    """Or where it cannot be told."""
    llm = Interceptor()
    on(llm, first).reply("a")
    on(llm, second).reply("b")
    assert pairs(llm) == []


def test_order_decides_which_of_two_is_shadowed():
    """The special rule first, then the general one: both answer."""
    llm = Interceptor()
    llm.on("refund", model="m").reply("a")
    llm.on("refund").reply("b")
    llm.reply("c")
    assert pairs(llm) == []


def test_a_rule_with_times_shadows_nothing_and_a_script_does():
    """The first steps aside in the end; a script that has run out is an error."""
    llm = Interceptor()
    llm.on("a").reply("a", "b", times=2)
    llm.on("a").reply("c", times=1)
    llm.on("a").reply("d", "e")
    llm.on("a").reply("f").optional()
    assert pairs(llm) == [("on('a')", "on('a')")]
    rules = llm._engine.book.rules
    assert shadowed(rules) == [(rules[3], rules[2])]


@pytest.mark.parametrize("then", ["cycle", "repeat_last"])
def test_a_script_that_goes_on_shadows_too(then):
    """With a key as well."""
    llm = Interceptor()
    getattr(llm.on("a").reply("a", "b"), then)()
    llm.on("a b").reply("c", "d").per("conversation")
    llm.on("a b c").reply("e")
    assert [str(rule) for rule, _ in shadowed(llm._engine.book.rules)] == ["on('a b')", "on('a b c')"]


def test_a_rule_without_a_reply_shadows_nothing():
    """It is a mistake of its own."""
    llm = Interceptor()
    llm.on("a")
    llm.on("a").reply("b")
    assert pairs(llm) == []


def test_the_second_of_two_catch_alls_is_shadowed_unless_the_first_has_times():
    """A catch-all never shadows a rule with conditions: it is asked after them."""
    llm = Interceptor()
    llm.reply("a", times=1)
    llm.reply("b", "c")
    llm.reply("d")
    llm.on("x").reply("e")
    assert pairs(llm) == [("reply('d')", "reply('b', 'c')")]


def test_a_function_shadows_itself_alone():
    """Nothing is known of what it does, and it is not called."""
    llm = Interceptor()

    def never(_: LLMRequest) -> bool:
        raise AssertionError

    for function in (predicate, never, predicate):
        llm.on(function, stream=True).reply("a")
    rules = llm._engine.book.rules
    assert shadowed(rules) == [(rules[2], rules[0])]


def test_combinations_are_looked_into():
    """`&`, `|` and `~` of all kinds of conditions, respx's patterns too."""
    a, b, ab = when("a"), when(model="m"), when("ab")
    host = when(M(host="api.openai.com"))
    for given_, wanted in [
        (ab, a), (ab & b, a), (a & b, b & a), (a, a | b), (ab | (a & b), a), (a & b, a | host), (host & a, host),
        (~a, ~ab), (~a, ~(a & b)), (~(a | b), ~a), (~~ab, ~~a),
    ]:  # fmt: skip
        assert implies(given_, wanted), f"{given_} -> {wanted}"
    for given_, wanted in [(a, ab), (a | b, a), (~ab, ~a), (a, ~b), (a, a & b), (~a, b)]:
        assert not implies(given_, wanted), f"{given_} -> {wanted}"


def test_an_unused_rule_is_told_what_shadows_it():
    """With the place of the earlier one."""
    llm = Interceptor()
    earlier = llm.on("a").reply("b").optional()
    llm.on("a b").reply("c")
    with pytest.raises(AssertionError, match="comes first and answers instead") as raised:
        llm.assert_all_used()
    assert f"{earlier} ({earlier.where})" in str(raised.value)


# Laws

TEXTS = st.sampled_from(
    ["", "a", "A", "ab", "b", "ß", "SS", re.compile("a"), re.compile("^a"), re.compile("a", re.IGNORECASE)]
)
NAMES = st.sampled_from(
    ["a", "ab", "b", "*", "a*", "*b", "?", "a?", "[a]", "[ab]*", "[", "a[", re.compile("a"), re.compile("^a$")]
)
SAYS = st.sampled_from(["", "a", "b", "ab", "aB", "ba", "ss", "ß"])
CALLED = st.sampled_from(["", "a", "b", "ab", "[a]", "[", "a[", "aa"])
NAMED = st.lists(CALLED.filter(bool), max_size=2)  # a tool without a name is refused before any rule is asked


def jsons(*leaves: Any) -> st.SearchStrategy[Any]:
    """Make small JSON values."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
        max_leaves=3,
    )


JSONS = jsons(None, True, False, 0, 1, 1.0, "a", "1")
HEADER_VALUES = st.sampled_from(["a", "b", None, re.compile("a")])
KINDS: list[st.SearchStrategy[Condition]] = [
    TEXTS.map(lambda text: when(user=text)),
    TEXTS.map(lambda text: when(system=text)),
    TEXTS.map(lambda text: when(last=text)),
    NAMES.map(lambda name: when(model=name)),
    NAMES.map(lambda name: when(tool=name)),
    NAMES.map(lambda name: when(tool_result=name)),
    st.integers(1, 3).map(lambda turn: when(turn=turn)),
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(lambda turns: when(turn=turns)),
    st.booleans().map(lambda stream: when(stream=stream)),
    st.sampled_from(["Person", "json_object", "json_schema", Person]).map(lambda one: when(response_format=one)),
    st.dictionaries(st.sampled_from(["x-a", "X-A", "x-b"]), HEADER_VALUES, min_size=1).map(
        lambda headers: when(headers=headers)
    ),
    st.sampled_from(["a", "A", "*", "a*b", "ab", "c/v1", re.compile("a"), re.compile("^https")]).map(
        lambda url: when(url=url)
    ),
    st.dictionaries(st.sampled_from("xy"), jsons(None, False, 1, 1.0, "a", "1"), max_size=2).map(
        lambda body: when(json=body)
    ),
]
KIND_NAMES = [
    "user",
    "system",
    "last",
    "model",
    "tool",
    "tool_result",
    "turn",
    "turns",
    "stream",
    "format",
    "headers",
    "url",
    "json",
]
ATOMS = st.one_of(KINDS)


def combined(atoms: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Combine conditions with `&`, `|` and `~`."""
    return st.recursive(
        atoms,
        lambda inner: (
            st.tuples(inner, inner).map(lambda two: two[0] & two[1])
            | st.tuples(inner, inner).map(lambda two: two[0] | two[1])
            | inner.map(lambda one: ~one)
        ),
        max_leaves=4,
    )


@st.composite
def related(draw: st.DrawFn) -> tuple[Condition, Condition]:
    """Make two conditions of the same few parts, so that one often implies the other."""
    kind = draw(st.sampled_from(KINDS))
    parts = combined(st.sampled_from([*draw(st.lists(kind, min_size=2, max_size=2)), draw(ATOMS)]))
    return draw(parts), draw(parts)


FORMATS = st.sampled_from(
    [
        None,
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "Person", "schema": {"type": "object"}}},
        {"type": "json_schema", "json_schema": {"name": "other", "schema": {"title": "Person"}}},
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> LLMRequest:
    """Make a request of few words, so that conditions of few words hold often."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(SAYS)}] if draw(st.booleans()) else []
    messages += [{"role": "user", "content": draw(SAYS)}]
    for number in range(draw(st.integers(0, 2))):
        function = {"name": draw(CALLED), "arguments": "{}"}
        call = {"id": f"c{number}", "type": "function", "function": function}
        messages += [{"role": "assistant", "content": None, "tool_calls": [call]}]
        messages += [draw(st.sampled_from([tool(number), {"role": "user", "content": "ab"}]))]
    body: dict[str, Any] = {"model": draw(CALLED), "messages": messages, "stream": draw(st.booleans())}
    body["tools"] = [{"type": "function", "function": {"name": name}} for name in draw(NAMED)]
    body["response_format"] = draw(FORMATS)
    body |= draw(st.dictionaries(st.sampled_from("xy"), JSONS, max_size=2))
    headers = draw(st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.sampled_from(["a", "b", "ab"])))
    url = draw(st.sampled_from(["https://a.test", "https://axb.test", "https://B.test/a", "https://c"]))
    head = WireRequest("POST", url + "/v1/chat/completions", "a.test", "/v1/chat/completions", headers)
    return read_chat(head, body)


def tool(number: int) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"c{number}", "content": "a"}


def in_turn(turn: int) -> LLMRequest:
    """Make a request for a late answer."""
    messages = [{"role": role, "content": "a"} for _ in range(turn - 1) for role in ("user", "assistant")]
    messages.append({"role": "user", "content": "a"})
    return read_chat(WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {}), {"messages": messages})


@settings(max_examples=examples(200), deadline=None)
@given(related(), st.lists(requests(), min_size=1, max_size=6))
def test_what_is_said_to_imply_another_never_holds_without_it(two, asked):
    """For conditions of every kind, combined, and any request."""
    first, second = two
    if implies(first, second):
        for request in asked:
            assert not first.holds(request) or second.holds(request), f"{first} -> {second}"


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
@settings(max_examples=examples(25), deadline=None)
@given(st.data(), st.lists(requests(), min_size=1, max_size=6))
def test_the_same_of_two_conditions_of_one_kind(kind, data, asked):
    """Where implication is common."""
    first, second = data.draw(kind), data.draw(kind)
    if implies(first, second):
        for request in asked:
            assert not first.holds(request) or second.holds(request), f"{first} -> {second}"


@example((True,), (1,))
@example((1,), (True,))
@settings(deadline=None)
@given(st.tuples(JSONS), st.tuples(JSONS))
def test_a_condition_on_a_body_implies_another_only_where_its_own_body_fulfils_that(first, second):
    """The body that is asked for is itself a request that fulfils it; true is not 1."""
    (one,), (other,) = first, second
    if implies(when(json={"x": one}), when(json={"x": other})):
        head = WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {})
        assert when(json={"x": other}).holds(read_chat(head, {"messages": [], "x": one}))


@pytest.mark.parametrize(
    ("earlier", "later", "turn"), [(1, 100, 100), (range(1, 70), range(1, 200), 150), ([1, 2], (64,), 64)]
)
def test_late_turns_are_not_taken_for_none(earlier, later, turn):
    """A long conversation has more turns than are looked at."""
    given_, wanted = when(turn=later), when(turn=earlier)
    assert given_.holds(in_turn(turn))
    assert not wanted.holds(in_turn(turn))
    assert not implies(given_, wanted)


@given(combined(ATOMS))
@settings(deadline=None)
def test_a_condition_implies_itself(condition):
    """A rule made twice is shadowed by the first."""
    assert implies(condition, condition)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.lists(ATOMS, min_size=1, max_size=2), min_size=2, max_size=4), st.lists(requests(), max_size=6))
def test_a_shadowed_rule_never_answers(rules, asked):
    """Whatever is asked; the rule named answers, or one before it."""
    llm = Interceptor()
    made = [llm.on(*conditions).reply(tool_call("a")) for conditions in rules]
    hidden = {id(rule) for rule, _ in shadowed(made)}
    for request in asked:
        decision = llm._engine.book.decide(request)
        assert decision is None or id(decision.rule) not in hidden


def test_nothing_shadows_the_first_rule():
    """There is none before it."""
    llm = Interceptor()
    assert shadow_of(llm.on("a").reply("b"), ()) is None
