"""Which reply a request gets: conditions, order, scripts, and what is said of replies that cannot be one."""

from __future__ import annotations

import itertools
import re
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_intercept import Interceptor, LLMInterceptError, LLMRequest, Reply, intercept, when
from llm_intercept.base.json import encode
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.openai_chat.read import ChatRequest
from llm_intercept.dialects.openai_chat.read import read as read_sent
from llm_intercept.errors import (
    ReplyError,
    ReplyFunctionError,
    SettingsError,
    ShadowedRuleWarning,
    UnmatchedRequestError,
)
from llm_intercept.model.wire import WireRequest
from tests.amounts import PATIENCE, examples
from tests.support import URL, ask, chat, read_chat

HEAD = WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {})


def here() -> int:
    """The line this is called from."""
    return sys._getframe(1).f_lineno


def read(*messages: dict[str, Any], **more: Any) -> LLMRequest:
    """Read a request as it comes over the wire."""
    return read_chat(HEAD, {"model": "gpt-4o", "messages": list(messages), **more})


def message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def message_count(request: LLMRequest) -> int:
    return len(request.messages)


def post(user: str = "hi", **more: Any) -> Any:
    return httpx.post(URL, json=chat(user, **more))


def test_the_place_of_a_rule_is_said_as_seen_from_the_folder_the_program_is_in(monkeypatch, tmp_path):
    """Relative where the file is below it, in full where it is not; the folder may change."""
    llm = Interceptor()
    monkeypatch.chdir(Path(__file__).parents[1])
    assert llm.on("a").where == f"tests/test_rules.py:{here()}"
    monkeypatch.chdir(tmp_path)
    assert llm.on("a").where == f"{__file__}:{here()}"
    monkeypatch.chdir(Path(__file__).parent)
    assert llm.on("a").where == f"test_rules.py:{here()}"


# Conditions


@pytest.mark.parametrize(
    ("wanted", "text", "holds"),
    [
        ("weather", "What is the weather?", True),
        ("WEATHER", "What is the weather?", True),
        ("straße", "STRASSE", True),
        ("", "anything", True),
        ("", "", True),
        ("weather", "What is the wea ther?", False),
        ("weather", "", False),
        (re.compile("^retry"), "retry it", True),
        (re.compile("^retry"), "do not retry", False),
        (re.compile("not retry$"), "do not retry", True),
        (re.compile("WEATHER"), "weather", False),
        (re.compile("WEATHER", re.IGNORECASE), "weather", True),
    ],
)
def test_text_is_found_whatever_its_case_and_a_pattern_is_searched(wanted, text, holds):
    """A str is contained, a pattern searched; both in the last user message."""
    assert when(wanted).holds(read(message("user", text))) is holds
    assert when(user=wanted).holds(read(message("user", text))) is holds
    assert when(system=wanted).holds(read(message("system", text))) is holds


def test_a_condition_on_the_user_sees_the_last_user_message():
    """Not an earlier one, nor what others said after it."""
    request = read(
        message("user", "first"),
        message("assistant", "between"),
        message("user", [{"type": "text", "text": "sec"}, {"type": "text", "text": "ond"}]),
        message("assistant", "after"),
    )
    assert when("second").holds(request)
    assert not any(when(word).holds(request) for word in ("first", "between", "after"))


def test_a_condition_on_the_system_sees_system_and_developer_messages():
    """Both roles, all of them, a line each."""
    request = read(message("system", "You are kind."), message("developer", "Be brief."), message("user", "hi"))
    assert when(system="kind.\nBe brief").holds(request)
    assert not when(system="hi").holds(request)


@pytest.mark.parametrize(
    ("glob", "model", "holds"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o*", "gpt-4o-mini", True),
        ("gpt-?o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("GPT-4o", "gpt-4o", False),
        ("[mine]/model", "[mine]/model", True),
        ("*", "", True),
    ],
)
def test_a_condition_on_the_model_is_a_glob(glob, model, holds):
    """`*` and `?` are wildcards, case counts, and a name equals itself whatever characters it has."""
    assert when(model=glob).holds(read_chat(HEAD, {"model": model, "messages": []})) is holds


def test_a_function_of_the_request_is_a_condition():
    """Anything true will do."""
    with intercept("else") as llm:
        llm.on(lambda request: len(request.messages) > 1 and "long").reply("long")
        assert ask(httpx) == "else"
        assert (
            httpx.post(URL, json=chat(messages=[message("user", "a")] * 2)).json()["choices"][0]["message"]["content"]
            == "long"
        )


def test_all_conditions_given_must_hold():
    """A rule with three conditions answers only what fulfils all three."""
    with intercept("else") as llm:
        llm.on("weather", model="gpt-4o*", system="kind").reply("all three")

        def ask_it(user: str, system: str, model: str) -> str:
            messages = [message("system", system), message("user", user)]
            response = httpx.post(URL, json={"model": model, "messages": messages})
            text: str = response.json()["choices"][0]["message"]["content"]
            return text

        assert ask_it("weather?", "be kind", "gpt-4o-mini") == "all three"
        assert ask_it("time?", "be kind", "gpt-4o-mini") == "else"
        assert ask_it("weather?", "be rude", "gpt-4o-mini") == "else"
        assert ask_it("weather?", "be kind", "o3") == "else"


@pytest.mark.parametrize("wanted", [3, b"bytes", ["weather"], {"user": "x"}, None])
def test_a_condition_of_another_type_is_refused(wanted):
    """The message names the argument and what it may be."""
    llm = Interceptor()
    with pytest.raises(SettingsError, match=r"on\("):
        llm.on(wanted)
    for name in ("user", "system"):
        if wanted is not None:
            with pytest.raises(SettingsError, match=rf"on\({name}=…\)=.*a str"):
                llm.on(**{name: wanted})
    if wanted is not None:
        with pytest.raises(SettingsError, match="wildcards"):
            llm.on(model=wanted)


def test_a_rule_without_conditions_is_refused():
    """`llm.on()` is met with the advice to use `llm.reply`."""
    with pytest.raises(SettingsError, match=r"llm\.reply"):
        Interceptor().on()


def test_a_rule_reads_as_it_was_written():
    """Its repr is what the user wrote."""
    llm = Interceptor()
    assert repr(llm.on("weather", model="gpt-4o*")) == "on('weather', model='gpt-4o*')"
    assert repr(llm.on(user=re.compile("^a"))) == "on(user=re.compile('^a'))"
    assert repr(llm.reply("hello", times=1)) == "reply('hello')"
    assert repr(llm.on(message_count)) == "on(message_count)"
    assert repr(llm.on(turn=2, stream=True, json={"a": 1})) == "on(turn=2, stream=True, json={'a': 1})"
    assert repr(llm.on(~when("a") | when(model="b*"))) == "on(~'a' | model='b*')"


# Any body

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


def around(inner: Any) -> Any:
    return inner | st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


JSON = around(around(SCALARS))
"""Two levels deep: `st.recursive` draws again whatever is too large, which takes ten times as long, or a hundred."""
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])
KEYS = st.sampled_from(
    ["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "refusal", "type", "text", "function"]
)
MESSAGES = st.lists(
    JSON
    | st.fixed_dictionaries({"role": ROLES | JSON, "content": JSON})
    | st.fixed_dictionaries(
        {"role": ROLES, "content": st.lists(st.fixed_dictionaries({"type": JSON, "text": JSON}), max_size=3)}
    )
    | st.dictionaries(KEYS, JSON, max_size=6),
    max_size=5,
)
BODIES = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional={
        "model": JSON,
        "tools": JSON | st.lists(st.fixed_dictionaries({"type": JSON, "function": JSON}), max_size=3),
        "stream": JSON,
        "response_format": JSON,
        "stream_options": JSON,
        "temperature": JSON,
    },
)
CONDITIONS = [
    when("weather"),
    when(""),
    when("ß"),
    when(re.compile(r"\s")),
    when(user="a"),
    when(system=re.compile("^You")),
    when(model="gpt-4o*"),
    when(model="[!a"),
    when(lambda request: request.turn),
]
MANY = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(BODIES)
def test_no_condition_raises_whatever_the_body(body):
    """Every condition has a verdict on every JSON body, and can explain it."""
    request = ChatRequest.made(HEAD, body, b"", api="openai.chat")  # also what the API would refuse
    for condition in CONDITIONS:
        verdict = condition.verdict(request)
        assert condition.holds(request) is verdict.holds
        assert str(verdict)


@MANY
@given(
    st.dictionaries(st.text(min_size=2, max_size=5), JSON, max_size=3),
    st.just({}) | st.fixed_dictionaries({"messages": JSON}),
)
def test_reading_is_total(body, messages):
    """Any JSON object is read, or refused as the API refuses it."""
    whole = {**body, **messages}
    if isinstance(whole.get("messages"), list):
        request = read_chat(HEAD, whole)
        assert len(request.messages) == len(whole["messages"])
        assert encode(request.raw) == encode(whole)
        return
    with pytest.raises(BadRequestError) as refused:
        read_chat(HEAD, whole)
    assert (refused.value.error.status, refused.value.error.param) == (400, "messages")


@MANY
@given(BODIES)
def test_what_is_read_is_all_there(body):
    """A message for every message, and nothing of the body is lost."""
    request = ChatRequest.made(HEAD, body, b"", api="openai.chat")  # also what the API would refuse
    assert len(request.messages) == len(body["messages"])
    assert encode(request.raw) == encode(body)
    said = body.get("stream")
    assert read_sent(HEAD, encode({"messages": [], "stream": said})).stream is (said is True)
    assert request.turn >= 1


# Order


def test_rules_are_tried_in_the_order_they_were_made():
    """The first that matches answers."""
    with intercept() as llm:
        llm.on("weather").reply("first")
        llm.on("the weather").reply("second")
        llm.on("the").reply("third")
        assert [ask(httpx, "the weather"), ask(httpx, "the time")] == ["first", "third"]


def test_catch_alls_come_after_every_rule():
    """Whenever they were made; among themselves in order."""
    with intercept() as llm:
        llm.reply("any", times=1)
        llm.reply("rest")
        llm.on("weather").reply("rule")
        assert [ask(httpx, "weather"), ask(httpx, "a"), ask(httpx, "b"), ask(httpx, "weather")] == [
            "rule",
            "any",
            "rest",
            "rule",
        ]


def test_one_reply_repeats_for_ever():
    """As often as it is asked for."""
    with intercept("again") as llm:
        assert {ask(httpx) for _ in range(5)} == {"again"}
        assert llm.calls[0].rule.used == 5


def test_several_replies_are_used_once_each_in_order():
    """A script."""
    with intercept() as llm:
        llm.on("go").reply("one", "two", "three")
        assert [ask(httpx, "go") for _ in range(3)] == ["one", "two", "three"]


def test_a_script_that_has_run_out_is_an_error_even_where_a_later_rule_would_match():
    """It says how many replies it had, and the later rule is not asked."""
    with pytest.raises(UnmatchedRequestError, match="all 2 of its replies are used"), intercept("later") as llm:
        llm.on("go").reply("one", "two")
        llm.on("g").reply("later too")
        assert [ask(httpx, "go") for _ in range(2)] == ["one", "two"]
        assert post("go").status_code == 404
        assert llm.calls[-1].source == "unmatched"
        assert str(llm.calls[-1].rule) == "on('go')"


def test_a_rule_with_times_steps_aside():
    """After that many answers the next rule is asked; a script of many ends with its own length."""
    with intercept("rest") as llm:
        llm.on("go").reply("twice", times=2)
        llm.on("go").reply("once", times=1)
        assert [ask(httpx, "go") for _ in range(4)] == ["twice", "twice", "once", "rest"]


def test_times_may_cut_a_script_short():
    """A rule with three replies and times=2 gives two and steps aside."""
    with intercept("rest") as llm:
        llm.on("go").reply("one", "two", "three", times=2)
        assert [ask(httpx, "go") for _ in range(3)] == ["one", "two", "rest"]


def test_a_request_that_only_a_spent_rule_matches_is_unmatched():
    """The message says that the rule has answered as often as it may."""
    with (
        pytest.raises(UnmatchedRequestError, match="it matches, but has answered once, as times=1 allows"),
        intercept() as llm,
    ):
        llm.reply("once", times=1)
        assert ask(httpx) == "once"
        assert post().status_code == 404


@pytest.mark.parametrize("times", [0, -1, True])
def test_times_is_a_positive_int(times):
    """Anything else is refused."""
    with pytest.raises(SettingsError, match="a positive int"):
        Interceptor().on("x").reply("y", times=times)


def test_a_rule_has_its_replies_once():
    """No reply at all and a second `.reply` are refused."""
    llm = Interceptor()
    with pytest.raises(SettingsError, match="at least one reply"):
        llm.on("x").reply()
    rule = llm.on("x").reply("y")
    with pytest.raises(SettingsError, match="has its replies already"):
        rule.reply("z")


def test_a_rule_that_was_given_no_reply_says_so():
    """A forgotten `.reply` is an error that names the rule, not silence."""
    with pytest.raises(UnmatchedRequestError, match=r"was given no reply: call \.reply"), intercept("else") as llm:
        llm.on("hi")
        assert post().status_code == 404


def test_a_script_is_counted_once_each_from_many_threads():
    """Every reply of a shared script is given exactly once, whoever asks."""
    count, workers = 120, 8
    answers: list[Any] = []
    start = threading.Barrier(workers)
    rule = Interceptor().on("x").reply(*map(str, range(count))).shared()
    request = read(message("user", "x"))

    def work() -> None:
        start.wait(PATIENCE)
        for _ in range(count // workers):
            answers.append(rule.take(request))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(reply.text) for reply in answers) == list(range(count))
    assert rule.used == count


def test_times_is_counted_from_many_threads():
    """A rule with times=10 answers ten of the requests of eight clients."""
    with intercept("rest") as llm:
        llm.on("hi").reply("limited", times=10)
        answers: list[str] = []

        def work() -> None:
            with httpx.Client(verify=False) as client:
                answers.extend(ask(client) for _ in range(5))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (answers.count("limited"), answers.count("rest")) == (10, 30)
    assert len(llm.calls) == 40


# Rules that can never answer


def test_a_catch_all_behind_one_that_answers_for_ever_is_warned_of():
    """The warning names both and points at the line that made the second."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with intercept("first") as llm:
            line = here() + 1
            llm.reply("second")
    (warning,) = caught
    assert warning.category is ShadowedRuleWarning
    assert (warning.filename, warning.lineno) == (__file__, line)
    assert "reply('second')" in str(warning.message)
    assert "intercept('first')" in str(warning.message)
    assert "comes first and answers everything for ever" in str(warning.message)


def test_no_other_rule_is_warned_of():
    """Not one behind a script, a limited one or a rule with conditions, nor one with conditions itself."""
    with intercept() as llm:
        llm.reply("one", "two")
        llm.reply("limited", times=3)
        llm.reply("for ever")
        llm.on("x").reply("y")
    with intercept(iter(["once"])) as llm:
        llm.reply("after an iterator")


# Iterators


def test_an_iterator_is_a_reply_that_can_be_given_once():
    """The second request is told that it is used up, and what to give instead."""
    advice = (
        r"(?s)an iterator, used up by the first request\n.*Give a list of str, or a function that returns an iterator\."
    )
    with pytest.raises(UnmatchedRequestError, match=advice), intercept() as llm:
        llm.reply(iter(["one ", "two"]))
        assert ask(httpx) == "one two"
        assert post().status_code == 404


def test_iterators_in_a_script_are_used_one_after_the_other():
    """Each is its own reply."""
    with intercept() as llm:
        llm.reply(iter(["a"]), (part for part in "bc"), iter([]))
        assert [ask(httpx) for _ in range(3)] == ["a", "bc", ""]


def test_an_iterator_is_read_only_as_far_as_it_is_asked_for():
    """An endless one serves a stream that is closed in time."""
    taken = itertools.count()
    with intercept(f"{number} " for number in taken), httpx.stream("POST", URL, json=chat(stream=True)) as response:
        chunks = response.iter_raw()
        for _ in range(4):
            next(chunks)
    assert next(taken) <= 5


def test_a_list_of_texts_serves_every_request():
    """What can be read again repeats for ever."""
    with intercept(["a", "b"]):
        assert [ask(httpx), ask(httpx)] == ["ab", "ab"]


# Replies that are none

BAD: dict[str, tuple[Any, list[str]]] = {
    "dict": ({"content": "hi"}, ["structured", "raw"]),
    "int": (3, ["A reply is a str"]),
    "float": (1.5, ["A reply is a str"]),
    "bytes": (b"text", ["A reply is a str"]),
    "None": (None, ["A reply is a str"]),
    "object": (object(), ["A reply is a str"]),
    "list with int": (["a", 3], ["3", "A reply is a str"]),
    "list with None": (["a", None], ["None", "A reply is a str"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_reply_is_refused_where_it_is_given_with_advice(kind):
    """A ReplyError names the value, the line, and what can be given."""
    value, words = BAD[kind]
    with pytest.raises(ReplyError) as caught:
        Interceptor().on("x").reply("good", value)
    line = next(entry.lineno + 1 for entry in caught.traceback if str(entry.path) == __file__)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert f"test_rules.py:{line})" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, LLMInterceptError)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_reply_of_a_function_is_a_500_and_raised_at_the_end(kind):
    """The same words, with the rule and its line; it is not retried."""
    value, words = BAD[kind]
    with pytest.raises(ReplyError) as caught, intercept() as llm:
        line = here() + 1
        llm.on("hi").reply(lambda request: value)
        response = post()
        assert (response.status_code, response.headers["x-should-retry"]) == (500, "false")
        assert response.json()["error"]["message"] == str(llm.calls[0].error)
        assert llm.calls[0].status == 500
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert f"test_rules.py:{line}" in str(caught.value)
    assert "on('hi')" in str(caught.value)


def test_a_reply_function_that_raises_is_a_500_and_raised_at_the_end():
    """The error names the rule, its file and line and what was raised; the client is told not to retry."""
    with pytest.raises(ReplyFunctionError) as caught, intercept() as llm:
        line = here() + 1
        llm.on("hi").reply(lambda request: 1 / 0)
        response = post()
        assert (response.status_code, response.headers["x-should-retry"]) == (500, "false")
        assert "ZeroDivisionError" in response.json()["error"]["message"]
        assert response.json()["error"]["code"] == "llm_intercept_failed"
    assert caught.value.rule == "on('hi')"
    assert caught.value.where.endswith(f"test_rules.py:{line}")
    assert "ZeroDivisionError: division by zero" in str(caught.value)


def test_a_condition_that_raises_is_a_500_and_raised_at_the_end():
    """Its own error is the cause."""
    with pytest.raises(ReplyFunctionError, match="KeyError") as caught, intercept("else") as llm:
        llm.on(lambda request: request.raw["absent"]).reply("never")
        assert post().status_code == 500
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_reply_function_may_not_return_a_function():
    """It is told to return the reply itself."""
    with pytest.raises(ReplyError, match="returned another function"), intercept(lambda request: lambda again: "x"):
        assert post().status_code == 500


def test_a_failure_of_a_stream_is_plain_json():
    """A 500 for a request that asks for a stream is no stream."""
    with pytest.raises(ReplyFunctionError), intercept(lambda request: 1 / 0):
        response = post(stream=True)
        assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"text": 3}, "text"), ({"finish_reason": "content-filter"}, "finish_reason"), ({"nonsense": 1}, "nonsense")],
)
def test_a_reply_refuses_fields_it_cannot_have(fields, words):
    """A wrong field is an error where it is made."""
    with pytest.raises((ValueError, TypeError), match=words):
        Reply(**fields)


def test_a_function_whose_reply_cannot_be_made_says_which_field():
    """A pydantic error inside the function becomes one of ours."""
    with pytest.raises(LLMInterceptError, match="finish_reason"), intercept(lambda _: Reply("x", finish_reason="no")):
        assert post().status_code == 500


@pytest.mark.parametrize("depth", [100, 250, 300])
def test_a_deeply_nested_body_is_answered(depth):
    """However a tool's schema is nested, within what Python itself reads."""
    deep: Any = {}
    for _ in range(depth):
        deep = {"a": deep}
    with intercept("ok"):
        assert ask(httpx, metadata=deep) == "ok"


def test_a_request_without_messages_is_refused_as_the_api_does():
    """The answer is the API's own 400, no failure of the test."""
    with intercept("x") as llm:
        response = httpx.post(URL, json={"model": "gpt-4o"})
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "missing_required_parameter"
    assert [call.status for call in llm.calls] == [400]
