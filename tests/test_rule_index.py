"""Rules are looked up, not asked one after the other; which one answers, and which functions are asked, stays the same."""

from __future__ import annotations

import re
import threading
from itertools import permutations
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from respx.patterns import M

from llm_intercept import Interceptor, LLMRequest, when
from llm_intercept.conditions.base import all_clues
from llm_intercept.errors import ReplyFunctionError
from llm_intercept.model.wire import WireRequest
from llm_intercept.rules import book as books
from llm_intercept.rules import lookup
from llm_intercept.rules.book import RuleBook
from llm_intercept.rules.lookup import Strings
from llm_intercept.rules.rule import Rule
from llm_intercept.rules.script import SteppedAside
from tests.amounts import amount, examples
from tests.support import URL, read_chat

HEAD = WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {"x-team": "red"})
LAW = settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Strings that are in one another, overlap, or are the same only whatever their case.
PIECES = ["a", "b", "ab", "aba", "abab", "ss", "ß", "SS", "ſ", "s", "İ", "i", "i̇", "\u212a", "k", "ﬁ", "fi", "Σ", "ς"]
PIECES += ["weather", "the weather", "THE WEATHER in Paris", "𝔘", "\ud800", "?", " ", ""]
STRINGS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
NAMES = st.sampled_from(["gpt", "gpt-4", "GPT", "get", "get-4", "[get]", "Person", "json_object", "ß", ""])
GLOBS = NAMES | st.sampled_from(["*", "g*t", "gp?*", "*-4", "[gx]pt", "g[e]t*", "gpt[", "[!a]*", "g[*]"])
PATTERNS = st.sampled_from([re.compile("a"), re.compile("^ab$"), re.compile("S+", re.IGNORECASE)])


def read(texts: list[tuple[str, str]], model: str, **more: Any) -> LLMRequest:
    """Read a request as it comes over the wire; a `tool` message is the answer to a call of that name."""
    messages: list[dict[str, Any]] = []
    for role, text in texts:
        if role == "tool":
            call = {"id": f"call-{len(messages)}", "type": "function", "function": {"name": text, "arguments": "{}"}}
            messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
        else:
            messages.append({"role": role, "content": text})
    return read_chat(HEAD, {"model": model, "messages": messages, **more})


REQUESTS = st.builds(
    read,
    st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), STRINGS | NAMES), max_size=4),
    NAMES,
    tools=st.lists(NAMES.filter(bool).map(lambda name: {"type": "function", "function": {"name": name}}), max_size=3),
    stream=st.booleans(),
    response_format=st.sampled_from(
        [
            {"type": "json_object"},
            {"type": "json_schema", "json_schema": {"name": "Person", "schema": {"title": "get"}}},
            None,
        ]
    ),
)


class Function:
    """A user's condition: it writes down that it was asked, and returns or raises what it is told."""

    def __init__(self, name: int, outcome: object, asked: list[int]) -> None:
        self.name, self.outcome, self.asked = name, outcome, asked

    def __repr__(self) -> str:
        return f"function {self.name}"

    def __call__(self, _: LLMRequest) -> object:
        self.asked.append(self.name)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def function(name: int, outcome: object) -> Any:
    return lambda asked: when(Function(name, outcome, asked))


def ready(condition: Any) -> Any:
    return lambda _: condition


SIMPLE = st.one_of(
    *(
        st.builds(lambda wanted, name=name: ready(when(**{name: wanted})), STRINGS | PATTERNS)
        for name in ("user", "system", "last")
    ),
    *(
        st.builds(lambda wanted, name=name: ready(when(**{name: wanted})), GLOBS | PATTERNS)
        for name in ("model", "tool", "tool_result")
    ),
    st.sampled_from([1, 2, range(2, 4), (1, 3)]).map(lambda turn: ready(when(turn=turn))),
    st.booleans().map(lambda stream: ready(when(stream=stream))),
    NAMES.filter(bool).map(lambda name: ready(when(response_format=name))),
    st.sampled_from(
        [when(headers={"x-team": "red"}), when(url="openai"), when(json={"model": "gpt"}), when(M(json__model="gpt"))]
    ).map(ready),
    st.builds(function, st.integers(0, 99), st.sampled_from([True, False, False, ValueError("mine")])),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.builds(lambda a, b: lambda asked: a(asked) & b(asked), inner, inner)
        | st.builds(lambda a, b: lambda asked: a(asked) | b(asked), inner, inner)
        | st.builds(lambda a: lambda asked: ~a(asked), inner)
    ),
    max_leaves=4,
)
RULES = st.tuples(st.lists(CONDITIONS, min_size=0, max_size=3), st.sampled_from([None, 1, 2]))
STEPS = st.lists(RULES | REQUESTS, max_size=25)


def make(spec: Any, number: int, asked: list[int]) -> Rule:
    conditions, times = spec
    rule = Rule(tuple(condition(asked) for condition in conditions), "on", f"rule {number}")
    return rule.reply(str(number), times=times)


def plainly(book: RuleBook, request: LLMRequest) -> Any:
    """Ask the rules one after the other."""
    for rule in (*book.rules, *book.catch_alls):
        if rule.matches(request):
            taken = rule.take(request)
            if not isinstance(taken, SteppedAside):
                return rule.where, taken
    return None


def looked_up(book: RuleBook, request: LLMRequest) -> Any:
    decision = book.decide(request)
    return None if decision is None else (decision.rule.where, decision.reply)


def outcome(decide: Any, book: RuleBook, request: LLMRequest) -> Any:
    try:
        return decide(book, request)
    except ReplyFunctionError as error:
        return str(error)


@LAW
@given(STEPS, st.sampled_from([1, 2, 8]), st.sampled_from([0, 3, 64]))
def test_the_rule_looked_up_is_the_first_that_matches_and_the_same_functions_are_asked(steps, few, strings):
    """For all rules and requests, in any order: the reply, the error and the functions asked are those of a loop."""
    first, second = RuleBook(), RuleBook()
    asked: tuple[list[int], list[int]] = ([], [])
    with patch.object(books, "FEW", few), patch.object(lookup, "FEW", strings):
        for number, step in enumerate(steps):
            if isinstance(step, LLMRequest):
                assert outcome(looked_up, second, step) == outcome(plainly, first, step)
                assert asked[1] == asked[0]
            else:
                first.add(make(step, number, asked[0]))
                second.add(make(step, number, asked[1]))


@LAW
@given(CONDITIONS, REQUESTS)
def test_what_holds_has_its_clues(condition, request_):
    """A request without a condition's clue does not fulfil it."""
    made = condition([])
    try:
        holds = made.holds(request_)
    except ValueError:
        holds = True
    for alternatives in all_clues((made,)):
        there = [
            clue.wanted in value if clue.kind == "part" else clue.wanted == value
            for clue in alternatives
            for value in clue.read(request_)
        ]
        assert any(there) or not holds


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("straße", "STRASSE"),
        ("STRASSE", "Straße"),
        ("ſ", "S"),
        ("i̇stanbul", "İSTANBUL"),
        ("300 \u212a", "300 k"),
        ("ﬁne", "FINE"),
        ("ΟΔΟΣ", "οδος"),
    ],
)
def test_a_text_is_looked_up_whatever_its_case(wanted, text):
    """As `on(…)` alone finds it, so do many rules."""
    llm = Interceptor()
    for number in range(100):
        llm.on(f"topic {number}").reply("x")
    llm.on(wanted).reply("x")
    decision = llm._engine.book.decide(read([("user", f"Tell me: {text}")], "gpt-4o"))
    assert decision is not None
    assert decision.rule is llm._engine.book.rules[-1]


def test_a_rule_with_two_clues_is_asked_once():
    """Also where a request has both."""
    llm = Interceptor()
    asked: list[int] = []
    for number in range(40):
        llm.on(when(user="a") | when(last="ab"), Function(number, False, asked))
    assert llm._engine.book.decide(read([("user", "cabs")], "gpt-4o")) is None
    assert asked == list(range(40))


def test_a_condition_may_make_requests_of_its_own():
    """What it adds and has filed meanwhile is not asked for the request that was under way."""
    llm = Interceptor()
    asked: list[int] = []
    request, other = read([("user", "hi")], "gpt-4o"), read([("user", "other")], "gpt-4o")

    def busy(seen: LLMRequest) -> bool:
        if seen is request:
            for number in range(40):
                llm.on(Function(number, False, asked))
            assert llm._engine.book.decide(other) is None
            asked.clear()
        return False

    for number in range(40):
        llm.on(Function(number, False, asked))
    llm.on(busy)
    assert llm._engine.book.decide(request) is None
    assert asked == []


@LAW
@given(st.lists(STRINGS, max_size=30), st.lists(STRINGS, max_size=8).map("".join), st.sampled_from([0, 64]))
@example(["aaaa", "aaaaaaaa", "aaa", "aa", "a"], "aaaaaaaaa", 0)
@example(["?"], "\ud800", 0)
@example(["é", "\u00e9a"], "aé", 0)
def test_of_many_strings_those_in_a_text_are_found(strings, text, few):
    """All of them, also those that overlap or are in one another, and no others."""
    kept = Strings()
    for number, string in enumerate(strings):
        if string:
            kept.add(string, number)
    with patch.object(lookup, "FEW", few):
        found = sorted(number for numbers in kept.found(text) for number in numbers)
    assert found == [number for number, string in enumerate(strings) if string and string in text]


@given(st.text(), st.text())
def test_folding_keeps_strings_in_texts(before, string):
    """What is in a text is in it whatever the case: the one look-up of the folded text is enough."""
    assert string.casefold() in (before + string + before).casefold()


def matched(book: RuleBook, request: LLMRequest) -> list[str]:
    """Decide, and say which rules were asked."""
    names: list[str] = []
    ask = Rule.matches

    def matches(rule: Rule, asked: LLMRequest) -> bool:
        names.append(rule.description)
        return ask(rule, asked)

    with patch.object(Rule, "matches", matches):
        book.decide(request)
    return names


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (lambda number: {"model": f"model-{number}"}, {"model": "model-977"}),
        (lambda number: {"user": f"Topic {number:03}"}, {"texts": [("user", "what of topic 977?")]}),
        (lambda number: {"model": "gpt-*", "user": f"topic {number:03}"}, {"texts": [("user", "topic 977")]}),
        (lambda number: {"model": f"model-{number:03}*", "stream": False}, {"model": "model-977-mini"}),
        (lambda number: {"api": "openai.chat" if number == 977 else ("openai.models", "ollama.chat")[number % 2]}, {}),
        (lambda number: {"tool": f"tool_{number}"}, {"tools": [{"function": {"name": "tool_977"}}]}),
        (lambda number: {"tool_result": f"tool_{number}"}, {"texts": [("tool", "tool_977")]}),
        (lambda number: {"turn": number + 1}, {"texts": [("user", "a"), ("assistant", "a")] * 977 + [("user", "a")]}),
        (lambda number: {"response_format": f"F{number}"}, {"response_format": {"type": "F977"}}),
    ],
)
def test_of_a_thousand_rules_only_those_that_can_match_are_asked(given, asked):
    """A look-up leaves the one that answers, and few more."""
    llm = Interceptor()
    for number in range(1000):
        llm.on(**given(number)).reply("x")
    names = matched(llm._engine.book, read(**{"texts": [], "model": "gpt-4o", **asked}))
    assert names[-1] == str(llm._engine.book.rules[977])
    assert len(names) <= 3


def test_rules_added_between_requests_are_filed_once():
    """A book that grows with every request asks few rules of it each time."""
    llm = Interceptor()
    asked = 0
    for number in range(500):
        llm.on(f"topic {number:03}").reply("x")
        asked += len(matched(llm._engine.book, read([("user", f"topic {number:03}")], "gpt-4o")))
    assert asked < 500 * (books.FEW + 1)


def test_a_rule_added_by_a_condition_is_for_the_next_request():
    """A decision is made among the rules there were when the request came."""
    llm = Interceptor()

    def adds(_: LLMRequest) -> bool:
        llm.on("hi").reply("on")
        llm.reply("catch-all", times=1)
        return False

    llm.on(adds)
    request = read([("user", "hi")], "gpt-4o")
    assert llm._engine.book.decide(request) is None
    decision = llm._engine.book.decide(request)
    assert decision is not None
    assert str(decision.rule) == "on('hi')"


def test_threads_decide_while_rules_are_added():
    """Every rule that was there when a request came is found for it."""
    llm = Interceptor()
    wrong: list[tuple[int, object]] = []
    count, most = 0, amount(whole=2000, part=500)

    def decide() -> None:
        while count < most:
            number = max(0, count - 1)
            if number < count:
                decision = llm._engine.book.decide(read([("user", f"topic {number:04}")], "gpt-4o"))
                if decision is None or str(decision.rule) != f"on('topic {number:04}')":
                    wrong.append((number, decision))

    threads = [threading.Thread(target=decide) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(most):
        llm.on(f"topic {number:04}").reply("x")
        count = number + 1
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_condition_too_deep_to_be_looked_up_is_asked():
    """It fails as it would alone, and not when it is filed."""
    llm = Interceptor()
    deep = when("a")
    for _ in range(3000):
        deep |= when("a")
    found = (deep,)
    for number in range(40):
        llm._engine.book.add(Rule(found, "on", f"rule {number}").reply("x"))
    with pytest.raises(ReplyFunctionError, match="rule 0"):
        llm._engine.book.decide(read([("user", "b")], "gpt-4o"))


class Kind(str):
    """A str that is equal to others than itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))

    def __hash__(self) -> int:
        return 1


def test_a_str_of_a_users_own_class_is_asked():
    """What it is equal to is its own affair."""
    assert all_clues((when(model=Kind("gpt")), when(user=Kind("gpt")))) == ()
    assert all_clues((when(model="gpt"),))


@pytest.mark.parametrize("conditions", [(when("a"),), ()], ids=["with conditions", "catch-alls"])
def test_nearer_rules_come_first_whenever_they_are_added(conditions):
    """A test's before those of its fixtures, of each in the order they were made."""
    for order in permutations((0, 1, 1, 2, 3)):
        book = RuleBook()
        made = []
        for book.distance in order:
            made.append(book.add(Rule(conditions, "on", "here").reply("x")))
        found = book.rules if conditions else book.catch_alls
        assert [id(one) for one in found] == [id(one) for one in sorted(made, key=lambda rule: rule.distance)]
