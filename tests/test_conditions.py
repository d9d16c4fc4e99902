"""Every condition of `on(…)` and `when(…)` alone: when it holds, and its verdict's words."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from respx.patterns import M

from llm_intercept import Interceptor, LLMRequest, intercept, when
from llm_intercept.conditions import MEMBERS, Conditions
from llm_intercept.conditions.base import Condition
from llm_intercept.errors import ReplyFunctionError, SettingsError, UnmatchedRequestError
from llm_intercept.model.wire import WireRequest
from tests.support import MESSAGES, URL, chat, read_chat


class Person(BaseModel):
    """A format to ask for."""

    name: str


def message(role: str, content: Any = "", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def called(*names: str) -> dict[str, Any]:
    """An assistant message that calls tools; a call's id is its tool's name in capitals."""
    calls = [{"id": name.upper(), "type": "function", "function": {"name": name, "arguments": "{}"}} for name in names]
    return message("assistant", None, tool_calls=calls)


def answered(name: str) -> dict[str, Any]:
    return message("tool", "42", tool_call_id=name.upper())


def offers(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, "parameters": {}}} for name in names]


def asks(*messages: dict[str, Any], headers: dict[str, str] | None = None, url: str = URL, **more: Any) -> LLMRequest:
    """Read a request as it comes over the wire."""
    body = {
        "model": "gpt-4o-2024-08-06",
        "messages": list(messages) or [message("user", "What is the weather?")],
        **more,
    }
    head = WireRequest("POST", url, httpx.URL(url).host, httpx.URL(url).path, httpx.Headers(headers or {}))
    return read_chat(head, body)


SCHEMA = {"type": "json_schema", "json_schema": {"name": "Person", "schema": {"title": "Someone", "type": "object"}}}
TALK = (message("system", "Be kind."), message("user", "weather?"), called("get_weather"), answered("get_weather"))
PAST = (*TALK, message("assistant", "sunny"), message("user", "thanks"))

HOLDS: list[tuple[dict[str, Any], LLMRequest, str, str, str]] = [
    ({"user": "WEATHER"}, asks(), "the last user message", "'WEATHER' in it", "'What is the weather?'"),
    ({"user": re.compile("^What")}, asks(), "the last user message", "a match of re.compile('^What')", "'What is the weather?'"),
    ({"system": "kind"}, asks(*TALK), "the system message", "'kind' in it", "'Be kind.'"),
    ({"system": "brief"}, asks(message("developer", "Be brief")), "the system message", "'brief' in it", "'Be brief'"),
    ({"last": "42"}, asks(*TALK), "the last message", "'42' in it", "'42'"),
    ({"model": "gpt-4o*"}, asks(), "model", "'gpt-4o*'", "'gpt-4o-2024-08-06'"),
    ({"api": "openai.chat"}, asks(), "api", "'openai.chat'", "'openai.chat'"),
    ({"api": "openai.*"}, asks(), "api", "'openai.*'", "'openai.chat'"),
    ({"model": re.compile("4o")}, asks(), "model", "a match of re.compile('4o')", "'gpt-4o-2024-08-06'"),
    ({"tool": "get_*"}, asks(tools=offers("a", "get_b")), "tools offered", "'get_*' among them", "'a', 'get_b'"),
    ({"tool_result": "get_weather"}, asks(*TALK), "tool result", "the result of 'get_weather'", "the result of 'get_weather'"),
    ({"turn": 1}, asks(), "turn", "1", "1: no assistant message so far"),
    ({"turn": range(2, 4)}, asks(*PAST), "turn", "range(2, 4)", "3: 2 assistant messages so far"),
    ({"turn": {2, 7}}, asks(*TALK), "turn", "(2, 7)", "2: 1 assistant message so far"),
    ({"stream": True}, asks(stream=True), "stream", "True", "True"),
    ({"stream": False}, asks(), "stream", "False", "False"),
    ({"response_format": Person}, asks(response_format=SCHEMA), "response_format", "'Person'", "json_schema 'Person'"),
    ({"response_format": "Someone"}, asks(response_format=SCHEMA), "response_format", "'Someone'", "json_schema 'Person'"),
    ({"response_format": "json_object"}, asks(response_format={"type": "json_object"}), "response_format", "'json_object'", "'json_object'"),
    ({"headers": {"X-Team": "a"}}, asks(headers={"x-team": "a"}), "header X-Team", "'a'", "'a'"),
    ({"headers": {"x-team": re.compile("^a")}}, asks(headers={"x-team": "ab"}), "header x-team", "re.compile('^a')", "'ab'"),
    ({"headers": {"x-team": None}}, asks(), "header x-team", "None", "no such header"),
    ({"url": "openai.com/*/chat"}, asks(), "url", "'openai.com/*/chat' in it", URL),
    ({"url": re.compile("v1")}, asks(), "url", "re.compile('v1') in it", URL),
    ({"json": {"temperature": 1}}, asks(temperature=1.0), "json", "{'temperature': 1}", "that"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "request_", "subject", "expected", "got"), HOLDS)
def test_a_condition_that_holds_says_so(wanted, request_, subject, expected, got):
    """Its verdict names what it looks at, what it asks for and what it found; its distance is 0."""
    condition = when(**wanted)
    verdict = condition.verdict(request_)
    assert condition.holds(request_)
    assert (verdict.holds, verdict.distance, verdict.hint) == (True, 0.0, "")
    assert (verdict.subject, verdict.expected, verdict.got) == (subject, expected, got)


FAILS: list[tuple[dict[str, Any], LLMRequest, str, str, str, str]] = [
    ({"user": "time"}, asks(), "the last user message", "'time' in it", "'What is the weather?'", ""),
    ({"user": "wether"}, asks(), "the last user message", "'wether' in it", "'What is the weather?'", "'weather?' is near"),
    ({"user": "the  weather"}, asks(), "the last user message", "'the  weather' in it", "'What is the weather?'", "it differs in white space only"),
    ({"user": "^What"}, asks(), "the last user message", "'^What' in it", "'What is the weather?'", "a str is looked for as it is; for a pattern write re.compile('^What')"),
    ({"user": re.compile("what")}, asks(), "the last user message", "a match of re.compile('what')", "'What is the weather?'", "it would match whatever the case; add re.IGNORECASE"),
    ({"user": "kind"}, asks(*TALK), "the last user message", "'kind' in it", "'weather?'", "the system message has it: use system=…"),
    ({"user": "42"}, asks(*TALK), "the last user message", "'42' in it", "'weather?'", "the last message has it: use last=…"),
    ({"user": "weather"}, asks(*PAST), "the last user message", "'weather' in it", "'thanks'", "an earlier user message has it, and only the last user message is looked at"),
    ({"user": "x"}, asks(message("user", "")), "the last user message", "'x' in it", "''", ""),
    ({"user": "x"}, asks(message("system", "y")), "the last user message", "'x' in it", "nothing: there is no such message", ""),
    ({"system": "kind"}, asks(), "the system message", "'kind' in it", "nothing: there is no such message", ""),
    ({"last": "weather"}, asks(*TALK), "the last message", "'weather' in it", "'42'", "the last user message has it: use user=…"),
    ({"model": "o3*"}, asks(), "model", "'o3*'", "'gpt-4o-2024-08-06'", ""),
    ({"model": "GPT-4o*"}, asks(), "model", "'GPT-4o*'", "'gpt-4o-2024-08-06'", "it differs in case only"),
    ({"model": "gpt-4o"}, asks(), "model", "'gpt-4o'", "'gpt-4o-2024-08-06'", "'gpt-4o*' matches the versions of a model too"),
    ({"model": "openai/gpt-4o*"}, asks(), "model", "'openai/gpt-4o*'", "'gpt-4o-2024-08-06'", "the client sends the name without its provider"),
    ({"model": "gpt-4o"}, asks(model="openai/gpt-4o"), "model", "'gpt-4o'", "'openai/gpt-4o'", "the client sends the name with its provider"),
    ({"api": "other"}, asks(), "api", "'other'", "'openai.chat'", ""),
    ({"api": "openai.chats"}, asks(), "api", "'openai.chats'", "'openai.chat'", "'openai.chat' is near"),
    ({"model": re.compile("^4o")}, asks(), "model", "a match of re.compile('^4o')", "'gpt-4o-2024-08-06'", ""),
    ({"tool": "get_weather"}, asks(), "tools offered", "'get_weather' among them", "no tools at all", ""),
    ({"tool": "get_wether"}, asks(tools=offers("get_time", "get_weather")), "tools offered", "'get_wether' among them", "'get_time', 'get_weather'", "'get_weather' is near"),
    ({"tool": "get_weather"}, asks(*TALK), "tools offered", "'get_weather' among them", "no tools at all", "its result has come; for that use tool_result=…"),
    ({"tool_result": "get_weather"}, asks(tools=offers("get_weather")), "tool result", "the result of 'get_weather'", "no tool result", "the tool is offered, and was not called yet; for that use tool=…"),
    ({"tool_result": "get_weather"}, asks(*PAST), "tool result", "the result of 'get_weather'", "no tool result since the last assistant message", "it was called in an earlier turn"),
    ({"tool_result": "get_wether"}, asks(*TALK), "tool result", "the result of 'get_wether'", "the result of 'get_weather'", "'get_weather' is near"),
    ({"tool_result": "x"}, asks(called("get_weather"), answered("else")), "tool result", "the result of 'x'", "results for call ids that no call of the conversation has", "the call id of a result is the id of the call in an assistant message before it"),
    ({"turn": 2}, asks(), "turn", "2", "1: no assistant message so far", ""),
    ({"turn": (1, 2)}, asks(*PAST), "turn", "(1, 2)", "3: 2 assistant messages so far", ""),
    ({"stream": True}, asks(), "stream", "True", "False", ""),
    ({"response_format": Person}, asks(), "response_format", "'Person'", "none: the request has no response_format", ""),
    ({"response_format": Person}, asks(tools=offers("Person")), "response_format", "'Person'", "none: the request has no response_format", "a tool has that name: use tool=…"),
    ({"response_format": "json_object"}, asks(response_format=SCHEMA), "response_format", "'json_object'", "json_schema 'Person'", ""),
    ({"headers": {"x-team": "a"}}, asks(), "header x-team", "'a'", "no such header", ""),
    ({"headers": {"x-a": "a", "x-b": re.compile("b")}}, asks(headers={"x-a": "a", "x-b": "c"}), "header x-b", "re.compile('b')", "'c'", ""),
    ({"headers": {"x-team": None}}, asks(headers={"x-team": "a"}), "header x-team", "None", "'a'", ""),
    ({"url": "mistral.ai"}, asks(), "url", "'mistral.ai' in it", URL, ""),
    ({"json": {"temperature": 1}}, asks(), "json.temperature", "1", "nothing: there is no such key", ""),
    ({"json": {"temperature": 1}}, asks(temperature=True), "json.temperature", "1", "True", ""),
    ({"json": {"messages": [{"content": re.compile("time")}]}}, asks(), "json.messages[0].content", "a match of re.compile('time')", "'What is the weather?'", ""),
    ({"json": {"stop": ["a"]}}, asks(stop=["a", "b"]), "json.stop", "['a']", "['a', 'b']", ""),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "request_", "subject", "expected", "got", "hint"), FAILS)
def test_a_condition_that_fails_says_why_and_what_may_have_been_meant(wanted, request_, subject, expected, got, hint):
    """Its verdict names what it looks at, what it asks for, what it found, and the likely slip."""
    condition = when(**wanted)
    verdict = condition.verdict(request_)
    assert not condition.holds(request_)
    assert (verdict.holds, verdict.subject, verdict.expected, verdict.got) == (False, subject, expected, got)
    assert verdict.hint == hint
    assert 0 < verdict.distance <= 1


def test_secrets_are_never_shown():
    """What a header that holds a key has, and should have, stays out of verdicts and rules."""
    condition = when(headers={"Authorization": "Bearer sk-wanted", "api-key": "sk-other"})
    request = asks(headers={"authorization": "Bearer sk-got"})
    assert "sk-" not in f"{condition.verdict(request)} {condition}"
    assert "(a secret, not shown)" in str(condition)


def test_another_secret_is_told_from_the_wanted_one():
    """Not by its value."""
    condition = when(headers={"Authorization": "Bearer sk-wanted"})
    assert condition.verdict(asks(headers={"authorization": "Bearer sk-got"})).got == "another value, not shown"
    assert condition.verdict(asks(headers={"authorization": "Bearer sk-wanted"})).got == "(a secret, not shown)"
    assert condition.verdict(asks()).got == "no such header"


def test_json_patterns_that_hold_a_key_are_a_users_own():
    """A pattern in json= is searched in the body's str, at every depth."""
    condition = when(json={"metadata": {"run": re.compile(r"^r\d+$")}})
    assert condition.holds(asks(metadata={"run": "r12", "more": 1}))
    assert not condition.holds(asks(metadata={"run": 12}))


# On the wire


def served(case: Any, condition: Any, **more: Any) -> bool:
    """Whether a rule with the condition answers the case's request."""
    with intercept("no") as llm:
        llm.on(condition).reply("yes")
        return bool(case.text(case.post(**more)) == "yes")


ON_HTTP: list[tuple[dict[str, Any], bool]] = [
    ({"headers": {"X-TEAM": "red"}}, True),
    ({"headers": {"x-team": re.compile("^r")}}, True),
    ({"headers": {"x-team": "Red"}}, False),
    ({"headers": {"x-none": None}}, True),
    ({"headers": {"x-team": None}}, False),
    ({"headers": {"content-type": "application/json"}}, True),
    ({"url": "api.openai.com"}, True),
    ({"url": "API.OPENAI.COM/*/completions"}, True),
    ({"url": "azure"}, False),
    ({"url": re.compile(r"/v1/")}, True),
    ({"json": {"metadata": {"a": 1}}}, True),
    ({"json": {"metadata": {"a": 2}}}, False),
]


def test_conditions_on_http_hold_on_every_request(case):
    """Headers whatever their case, URLs and bodies; the matrix."""
    for wanted, holds in ON_HTTP:
        client = case.client(headers={"X-Team": "red"})
        assert served(case, when(**wanted), client=client, metadata={"a": 1, "b": 2}) is holds, wanted


RESPX: list[tuple[str, bool]] = [
    ('M(host="api.openai.com")', True),
    ('M(host="api.mistral.ai")', False),
    ('M(method="POST")', True),
    ('M(method__in=["GET", "PUT"])', False),
    ('M(path="/v1/chat/completions")', True),
    ('M(path__regex=r"^/v\\d+/")', True),
    ('M(url__startswith="https://api.openai.com/")', True),
    ('M(scheme="http")', False),
    ('M(headers={"X-Team": "red"})', True),
    ('M(params={"a": "1"})', False),
    ("M(content__contains=b'\"gpt-4o\"')", True),
    ('M(json__model="gpt-4o")', True),
    ('M(json__model="o3")', False),
    ('M(host="api.openai.com", method="POST")', True),
    ('M(host="api.openai.com") & M(method="GET")', False),
    ('M(host="api.mistral.ai") | M(host="api.openai.com")', True),
    ('~M(host="api.mistral.ai")', True),
    ('~(M(host="api.openai.com") | M(scheme="http"))', False),
    ('when(M(host="api.openai.com"), "weather")', True),
    ('when("weather") & when(M(host="api.openai.com"))', True),
    ('when("time") | when(M(host="api.openai.com"))', True),
    ('when(~M(host="api.openai.com")) | when("weather")', True),
    ('when("weather") & ~when(M(host="api.openai.com"))', False),
    ('~when("weather", M(host="api.openai.com"))', False),
    ('when(M(host="api.openai.com"), "rain", model="o3")', False),
    ('when(M(host="api.mistral.ai")) | ~when("weather")', False),
    ('when(M(host="api.openai.com") & M(method="POST"), "weather")', True),
]


def test_respx_patterns_hold_on_every_request(case):
    """On both families, alone, combined by respx and combined with `when`."""
    for pattern, holds in RESPX:
        client = case.client(headers={"X-Team": "red"})
        assert served(case, eval(pattern), client=client, user="the weather") is holds, pattern


@pytest.mark.parametrize("pattern", [M(host="x.test"), M(host="x.test") & M(method="POST"), ~M(method="POST")])
def test_a_respx_pattern_explains_itself(pattern):
    """The failing part has its verdict, with respx's own words."""
    rule = Interceptor().on(pattern)
    (verdict,) = rule.facts(asks()).failed
    assert verdict.subject in {"respx host", "respx method"}
    assert ("api.openai.com" in verdict.got) or ("POST" in verdict.got)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (M(host="x.test"), "'x.test'"),
        (M(host__in=["x.test"]), "in ['x.test']"),
        (M(url__startswith="https://x.test"), "startswith 'https://x.test'"),
    ],
)
def test_a_respx_pattern_names_its_lookup_unless_it_is_equality(pattern, expected):
    """As respx has it."""
    (verdict,) = Interceptor().on(pattern).facts(asks()).failed
    assert expected in verdict.expected
    assert not verdict.expected.startswith("eq")


# What cannot be a condition


class Odd:
    """Tells what it contains, and is none of Python's own collections."""

    def __contains__(self, number: int) -> bool:
        return number % 2 == 1

    def __repr__(self) -> str:
        return "Odd()"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"user": 3}, r"on\(user=…\)=3 cannot be used\. Use a str or a re\.compile"),
    ({"system": ["a"]}, r"on\(system=…\)=\['a'\] .*a str or a re\.compile"),
    ({"last": re.compile(b"x")}, "pattern of str"),
    ({"url": 3}, r"on\(url=…\)=3 .*a str or a re\.compile"),
    ({"api": 4}, r"on\(api=…\)=4 .*wildcards \* and \?"),
    ({"model": 4}, r"on\(model=…\)=4 .*wildcards \* and \?"),
    ({"tool": Person}, "wildcards"),
    ({"tool_result": 1}, "wildcards"),
    ({"turn": 0}, r"on\(turn=…\)=0 .*1 for the first answer"),
    ({"turn": "1"}, r"range\(2, 5\)"),
    ({"turn": True}, r"range\(2, 5\)"),
    ({"turn": ["1"]}, r"range\(2, 5\)"),
    ({"turn": 1.0}, r"range\(2, 5\)"),
    ({"turn": Odd()}, r"on\(turn=…\)=Odd\(\) .*or several of them, such as range\(2, 5\) or \(1, 3\)"),
    ({"turn": {1: "a"}}, r"range\(2, 5\)"),
    ({"turn": iter([1])}, r"range\(2, 5\)"),
    ({"turn": b"\1"}, r"range\(2, 5\)"),
    ({"turn": ()}, r"range\(2, 5\)"),
    ({"turn": (1, 0)}, r"range\(2, 5\)"),
    ({"turn": {1, 2.0}}, r"range\(2, 5\)"),
    ({"turn": [True]}, r"range\(2, 5\)"),
    ({"turn": range(3)}, r"range\(2, 5\)"),
    ({"turn": range(2, 2)}, r"range\(2, 5\)"),
    ({"stream": 1}, "True or False"),
    ({"stream": "yes"}, "True or False"),
    ({"response_format": Person(name="a")}, "a pydantic class"),
    ({"response_format": ""}, "a pydantic class"),
    ({"response_format": {"type": "json_object"}}, "'json_object'"),
    ({"headers": {}}, "a mapping of header names"),
    ({"headers": ["a"]}, "a mapping of header names"),
    ({"headers": {"a": 1}}, "a mapping of header names"),
    ({"headers": {1: "a"}}, "a mapping of header names"),
    ({"json": ["a"]}, "a mapping: the part of the request's body"),
    ({"json": {"a": {1, 2}}}, "values that JSON can say"),
    ({"json": {"a": b"x"}}, "values that JSON can say"),
    ({"json": {1: "a"}}, "values that JSON can say"),
    ({"json": {"a": {None: 1}}}, "values that JSON can say: str keys"),
    ({"json": {"a": [{"b": {1}}]}}, "values that JSON can say"),
    ({"json": {"a": [1, b"x"]}}, "values that JSON can say"),
    ({"json": {"a": object}}, "values that JSON can say"),
    ({"json": {"a": re.compile(b"x")}}, "values that JSON can say"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "words"), REFUSED)
def test_a_value_that_cannot_be_a_condition_is_refused_with_what_can(wanted, words):
    """The same from `on` and `when`: the argument, its value, and what to use."""
    for make in (when, Interceptor().on):
        with pytest.raises(SettingsError, match=words):
            make(**wanted)


@pytest.mark.parametrize("turns", [2, [2], (2, 5), {2, 3}, frozenset({2}), range(2, 4)])
def test_turns_may_be_a_number_or_a_collection_of_them(turns):
    """A list, tuple, set or range of positive numbers."""
    assert when(turn=turns).holds(asks(*TALK))
    assert not when(turn=turns).holds(asks())


async def awaited(request: LLMRequest) -> bool:
    return True


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (3, "a str, a re.compile"),
        (None, "a str, a re.compile"),
        ({"user": "x"}, "a function of the request"),
        (Person, r"response_format=Person for requests that ask for this class"),
        (awaited, "a plain function: this one would have to be awaited"),
        (lambda: True, "takes the request alone"),
        (lambda request, more: True, "takes the request alone"),
    ],
)
def test_what_cannot_be_a_positional_condition_is_refused(wanted, words):
    """The same from `on` and `when`."""
    for make in (when, Interceptor().on):
        with pytest.raises(SettingsError, match=words):
            make(wanted)


def test_no_condition_at_all_is_refused():
    """`when()` and `on()` say what to do instead."""
    for make in (when, Interceptor().on):
        with pytest.raises(SettingsError, match=r"at least one condition, or llm\.reply"):
            make()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: a and b,
        lambda a, b: a or b,
        lambda a, b: not a,
        lambda a, b: bool(a),
        lambda a, b: M(host="api.openai.com") & a,
        lambda a, b: M(host="api.openai.com") | a,
    ],
)
def test_and_or_and_not_are_refused(wrong):
    """Python would take the last condition alone; the message names the operators to use, and the way for respx."""
    with pytest.raises(
        SettingsError, match=r"with &, \| and ~ instead of and, or and not; a respx pattern with when\(M"
    ):
        wrong(when("a"), when(model="b"))


@pytest.mark.parametrize("other", ["b", None, re.compile("b"), M(host="api.openai.com"), len])
def test_what_is_no_condition_is_not_combined_with_one(other):
    """The message says how it becomes one."""
    for combine in (lambda: when("a") & other, lambda: when("a") | other):
        with pytest.raises(SettingsError, match=r"Use a condition on both sides, such as when\('text'\) or when\(M"):
            combine()


@pytest.mark.parametrize(
    ("wrong", "right"), [("modle", "model"), ("tools", "tool"), ("steam", "stream"), ("apis", "api")]
)
@pytest.mark.parametrize("value", ["gpt-4o", 3, None])
def test_a_misspelt_keyword_is_told_the_one_that_was_meant(wrong, right, value):
    """The same from `on`, `when` and `calls.matching`, whatever its value."""
    llm = Interceptor()
    for make in (when, llm.on, llm.calls.matching):
        with pytest.raises(SettingsError, match=rf"\({wrong}=…\)={value!r} cannot be used\. Did you mean '{right}'\?"):
            make("a", **{wrong: value})


def test_a_keyword_like_no_other_is_told_those_there_are():
    """And those of the outcome, where there are such."""
    with pytest.raises(
        SettingsError, match=r"when\(zzz=…\)=1 cannot be used\. Use one of 'user', 'system', 'last', 'mo"
    ):
        when(zzz=1)
    with pytest.raises(SettingsError, match=r"'json', 'source', 'status', 'attempt', 'failed'\."):
        Interceptor().calls.matching(zzz=1)


def test_a_keyword_that_is_none_is_not_given():
    """So that a caller may pass on what it was given."""
    assert when("a", model=None) == when("a")


def test_every_condition_has_a_type_for_its_keyword():
    """What type checkers take in `on(…)` is what it takes."""
    assert [*Conditions.__annotations__] == [member.key for member in MEMBERS]


# Combining


def test_combined_conditions_read_as_they_were_written():
    """With brackets where they are needed."""
    a, b, c = when("a"), when(model="b"), when(turn=1)
    assert str(a & b | ~c) == "('a' & model='b') | ~turn=1"
    assert str(~(a | b)) == "~('a' | model='b')"


def test_what_must_hold_together_has_a_verdict_each():
    """`when(a, b)`, `a & b` and `on(a, b)` fail one by one."""
    llm = Interceptor()
    both = when("x", model="o3*")
    for rule in (
        llm.on("x", model="o3*"),
        llm.on(both),
        llm.on(when("x") & when(model="o3*")),
        llm.on(M(host="x"), both),
    ):
        assert [verdict.subject for verdict in rule.facts(asks()).failed][-2:] == ["the last user message", "model"]


def test_alternatives_about_one_thing_are_told_in_one_verdict():
    """`a | b` on the same text: expected this or that."""
    verdict = (when("time") | when("rain")).verdict(asks())
    assert (verdict.subject, verdict.expected) == ("the last user message", "'time' in it or 'rain' in it")


def test_alternatives_about_different_things_name_both():
    """`a | b` on a text and the model."""
    verdict = (when("time") | when(model="o3")).verdict(asks())
    assert not verdict.holds
    assert verdict.subject == "either"
    assert verdict.expected == "'time' in it (the last user message), or 'o3' (model)"
    assert verdict.got == "'What is the weather?' (the last user message), and 'gpt-4o-2024-08-06' (model)"


def test_a_negation_is_told_in_the_words_of_what_it_negates():
    """`~a` expects anything but what `a` does."""
    verdict = (~when("weather")).verdict(asks())
    assert str(verdict).startswith("the last user message: expected anything but 'weather' in it\n")
    assert verdict.got == "'What is the weather?'"
    assert (~when("time")).verdict(asks()).holds


def test_a_condition_is_a_value():
    """Equal where it asks for the same, and hashable."""
    assert when("a") == when(user="a")
    assert when("a") != when("b")
    assert len({when(json={"a": 1}), when(json={"a": 1}), when(turn=[1, 2]), when(turn=(1, 2))}) == 2
    assert isinstance(when("a"), Condition)


def test_a_predicate_that_raises_surfaces_with_the_rules_name_and_line(case):
    """Also inside a combination; the client gets a 500, the block ends with the user's own error as the cause."""

    def broken(request: LLMRequest) -> bool:
        raise KeyError("inside")

    with (
        pytest.raises(
            ReplyFunctionError, match=r"on\(.*broken \| model='o3'.*test_conditions\.py:\d+\) raised KeyError"
        ) as caught,
        intercept("else") as llm,
    ):
        llm.on(when(broken) | when(model="o3")).reply("never")
        assert case.post().status_code == 500
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_predicate_that_does_not_hold_is_named_with_its_line():
    """And with what it returned."""

    def is_long(request: LLMRequest) -> int:
        return len(request.last_user) // 100

    with (
        pytest.raises(UnmatchedRequestError, match=r"is_long \(line \d+\): expected something true\n +got +0"),
        intercept() as llm,
    ):
        llm.on(is_long).reply("x")
        httpx.post(URL, json=chat())


NOW, BEFORE = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "so"}
TURNS = [
    ([NOW], 1),
    ([NOW, BEFORE, NOW], 2),
    ([NOW, BEFORE, BEFORE, NOW], 2),
    ([NOW, BEFORE, NOW, BEFORE], 2),
    ([NOW, BEFORE], 1),
    ([BEFORE, NOW, BEFORE, BEFORE], 2),
]
"""Conversations, and which answer of the model's they ask for."""


@pytest.mark.parametrize(("messages", "turn"), TURNS)
@pytest.mark.parametrize("url", [URL, MESSAGES])
def test_an_answer_in_several_messages_is_one_turn_and_its_beginning_none(url, messages, turn):
    """Whichever API: what the model said in a row is one answer, and a prefill begins the one that is asked for."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(turn=turn).reply("this one")
        answer = client.post(url, json={"model": "m", "max_tokens": 9, "messages": messages})
        assert "this one" in answer.text
    assert llm.calls[0].request.turn == turn


def test_a_prefill_hides_no_tools_answer():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    said = [
        NOW,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        BEFORE,
    ]
    with intercept() as llm, httpx.Client() as client:
        llm.on(tool_result="f").reply("seen")
        assert "seen" in client.post(URL, json={"model": "m", "messages": said}).text
    assert llm.calls[0].request.turn == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda llm: llm.on(api="anthropic.message"),
        lambda llm: llm.on(when("hi") & ~when(api="anthropic.message")),
        lambda llm: llm.on(when(api="anthropic.message") | when("hi")),
    ],
)
def test_a_misspelt_api_is_told_where_it_is_written(make):
    with intercept() as llm, pytest.raises(SettingsError, match=r"Did you mean 'anthropic.messages'\?"):
        make(llm)


@pytest.mark.parametrize(
    "api", ["openai.*", "bedrock.invoke", "openai.files", "side.tokens", re.compile("anthropic.message")]
)
def test_an_api_that_there_is_can_be_named(api):
    """By a glob too, and one that nobody here speaks; what a pattern means, its author knows."""
    with intercept() as llm:
        llm.on(api=api).reply("x").optional()
