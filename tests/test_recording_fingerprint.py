"""A request finds its take by what matters in it, and by nothing else."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.dialects.openai.not_in_key import NOT_IN_KEY
from llm_intercept.errors import SettingsError
from llm_intercept.recording.config import Recordings
from llm_intercept.recording.fingerprint import Match, slug
from llm_intercept.recording.paths import parse, removed
from llm_intercept.recording.volatile import VOLATILE
from tests.support import URL

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5}


def fingerprint(body=BODY, *, match=None, url=URL):
    found = match or Match()
    return found.fingerprint(found.canonical("POST", url, body))


def said(text):
    return {**BODY, "messages": [{"role": "user", "content": text}]}


@pytest.mark.parametrize("field", sorted(NOT_IN_KEY))
def test_what_only_says_how_to_answer_makes_no_difference(field):
    assert fingerprint({**BODY, field: "anything"}) == fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "gpt-4"},
        {"temperature": 0.6},
        {"n": 2},
        {"tools": []},
        {"messages": []},
        {"response_format": {"type": "text"}},
    ],
)
def test_whatever_else_differs_makes_a_difference(change):
    assert fingerprint({**BODY, **change}) != fingerprint()


def test_order_of_keys_nulls_and_layout_make_no_difference():
    other = {
        "temperature": 0.5,
        "stop": None,
        "messages": [{"content": "hi", "role": "user", "name": None}],
        "model": "gpt-4o",
    }
    assert fingerprint(other) == fingerprint()


def test_true_is_not_one_and_a_word_is_not_a_number():
    assert len({fingerprint({**BODY, "n": value}) for value in (1, True, "1")}) == 3


def test_the_host_the_path_and_a_port_that_somebody_chose_make_a_difference():
    hosts = ["https://api.openai.com", "https://other.test", "http://localhost:11434", "http://localhost:8000"]
    hosts += ["http://other.test", "http://other.test:8080", "https://other.test:50000"]
    assert len({fingerprint(url=host + "/v1/chat/completions") for host in hosts}) == 6
    assert (
        fingerprint(url="https://a.test:443/x")
        == fingerprint(url="http://a.test:80/x")
        == fingerprint(url="https://a.test/x")
    )
    assert fingerprint(url=URL + "/") == fingerprint(url=URL + "?api-version=2") == fingerprint()
    assert fingerprint(url="http://127.0.0.1:40001/x") == fingerprint(url="https://127.0.0.2:50002/x")
    assert fingerprint(url="http://a.test:99999/x") == fingerprint(url="http://a.test/x")


def test_parameters_of_the_url_make_a_difference_where_takes_keep_them():
    kept = [fingerprint(url=f"{URL}?{query}") for query in ("deployment=a", "deployment=b", "deployment=a&limit=2", "")]
    assert len(set(kept)) == 4
    assert fingerprint(url=URL + "?limit=2&deployment=a") == kept[2]
    assert (
        fingerprint(url=URL + "?key=[redacted]&alt=sse") == fingerprint(url=URL + "?token=[redacted]") == fingerprint()
    )
    match = Match(ignore=("query",))
    assert fingerprint(url=URL + "?deployment=a", match=match) == fingerprint(match=match)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("see 0b8f7b3e-7f4e-4a53-8f0d-0f8a0d6c1e11", "see 6a1f7b3e-7f4e-4a53-8f0d-0f8a0d6c1e22"),
        ("now 2026-11-22T18:42:59Z.", "now 2027-01-02T03:04:05.678+01:00."),
        ("now 2026-11-22 18:42", "now 2025-10-21 17:41"),
        ("It is Wednesday, 25 November 2026 07:16.", "It is Sunday, 1 March 2027 17:05."),
        ("It is November 25, 2026 at 7:16 PM now", "It is May 2nd, 2027 at 11:06 a.m. now"),
        ("Date: Wed, 25 Nov 2026 07:16:00 GMT", "Date: Thu, 26 Nov 2026 08:17:01 GMT"),
        ("at Wed Nov 25 07:16:12 2026", "at Tue Dec  1 17:06:02 2026"),
        ("25/11/2026 07:16 or 25.11.2026, 07:16:01", "26/11/2026 07:17 or 26.11.2026, 07:17:01"),
        ("on 2026/11/25 07:16", "on 2027/1/5 17:16"),
        ("run 0b8f7b3e7f4e4a538f0d0f8a0d6c1e11", "run 6a1f7b3e7f4e4a538f0d0f8a0d6c1e22"),
        ("read /tmp/pytest-of-me/pytest-1/x0/report.pdf", "read /tmp/tmpab12cd34/report.pdf"),
        ("read /tmp/tmpab12cd34", "read /tmp/tmpzz99yy88"),
        (r"read C:\Users\me\AppData\Local\Temp\tmpab12cd34", r"read C:\Users\you\AppData\Local\Temp\tmpzz99yy88"),
        ("call_abcdefgh12345678 failed", "call_zyxwvuts87654321 failed"),
    ],
)
def test_what_changes_from_run_to_run_makes_no_difference(one, other):
    assert fingerprint(said(one)) == fingerprint(said(other))
    assert fingerprint(said(one), match=Match(volatile=())) != fingerprint(said(other), match=Match(volatile=()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("read /tmp/tmpab12cd34/a.pdf", "read /tmp/tmpab12cd34/b.pdf"),
        ("on 2026-11-22", "on 2026-11-23"),
        ("version 1.2.3", "version 1.2.4"),
        ("on Wednesday, 25 November 2026", "on Thursday, 26 November 2026"),
        ("at 1795588121", "at 1795588122"),
        ("sha 0b8f7b3e7f4e4a538f0d0f8a0d6c1e110", "sha 6a1f7b3e7f4e4a538f0d0f8a0d6c1e220"),
        ("in May 2026 at 7", "in June 2026 at 7"),
        ("a call_me b", "a call_you b"),
    ],
)
def test_what_looks_like_it_and_is_not_makes_a_difference(one, other):
    assert fingerprint(said(one)) != fingerprint(said(other))


def test_volatile_values_are_numbered_so_that_it_matters_which_are_the_same():
    first, second = "0b8f7b3e-7f4e-4a53-8f0d-0f8a0d6c1e11", "6a1f7b3e-7f4e-4a53-8f0d-0f8a0d6c1e22"
    assert fingerprint(said(f"{first} {second}")) != fingerprint(said(f"{first} {first}"))


def test_tool_call_ids_are_renumbered_whatever_they_look_like():
    def conversation(*ids):
        calls = [{"id": one, "type": "function", "function": {"name": "f", "arguments": "{}"}} for one in ids]
        answers = [{"role": "tool", "tool_call_id": one, "content": "1"} for one in reversed(ids)]
        return {"model": "m", "messages": [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]}

    assert fingerprint(conversation("a", "b")) == fingerprint(conversation("toolu_1", "x"))
    swapped = conversation("a", "b")
    swapped["messages"][1:] = reversed(swapped["messages"][1:])
    assert fingerprint(swapped) != fingerprint(conversation("a", "b"))


@pytest.mark.parametrize(
    ("ignore", "other"),
    [
        ("$.temperature", {**BODY, "temperature": 1}),
        (["$.temperature", "$.model"], {**BODY, "temperature": 1, "model": "x"}),
        (("$.messages[0].content",), said("other")),
        ("$.messages[*]", {**BODY, "messages": []}),
        ("$..content", said("other")),
        ("$['messages'][-1]", {**BODY, "messages": []}),
    ],
)
def test_paths_may_be_ignored(ignore, other):
    match = Recordings("tape", ignore=ignore).matching
    assert fingerprint(other) != fingerprint()
    assert fingerprint(other, match=match) == fingerprint(match=match)


def test_the_host_may_be_ignored():
    match = Recordings("tape", ignore="host").matching
    assert fingerprint(url="https://a.test/x", match=match) == fingerprint(url="https://b.test/x", match=match)


@pytest.mark.parametrize("bad", ["temperature", "$", "$.a b", 3, None, ["$.a", 3], lambda request: request.model])
def test_paths_that_cannot_be_ignored_are_refused(bad):
    with pytest.raises(SettingsError):
        Recordings("tape", ignore=bad)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"volatile": ("uuid", "unheard-of")}, "volatile"),
        ({"volatile": {"x": "("}}, "volatile"),
        ({"volatile": {"x": "(a+)+$"}}, "takes for ever"),
        ({"key": "$.model"}, r"key='\$\.model' cannot be used\. Use a function"),
        (
            {"match": "$.model"},
            r"Recordings\(match=…\)=.* All of a request counts but .*ignore=",
        ),
        ({"match_on": ["uri"]}, r"ignore="),
        ({"max_age": 7}, r"It is a setting: intercept\(recordings=…, max_age=…\)"),
        ({"record_mode": "once"}, r"mode="),
        ({"ignores": "$.model"}, r"Did you mean 'ignore'\?"),
    ],
)
def test_what_a_tape_cannot_be_told_is_refused_in_words_of_ours(bad, told):
    with pytest.raises(SettingsError, match=told):
        Recordings("tape", **bad)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("date", "Today is 2026-12-06.", "Today is 2026-12-07."),
        ("date", "Today is Sunday, December 6, 2026.", "Today is Monday, December 7, 2026."),
        ("date", "Today is 06/12/2026.", "Today is 07/12/2026."),
        ("epoch", "now=1795588121", "now=1795588122"),
        ("clock", "it is 07:16 now", "it is 9:18:01 PM now"),
        ("epoch", "now=1795588121.066264", "now=1795588122.066265"),
        ("epoch", "now=1795588121066", "now=1795588122066"),
    ],
)
def test_days_and_unix_times_count_unless_they_are_named(name, one, other):
    assert fingerprint(said(one)) != fingerprint(said(other))
    match = Match(volatile=(*VOLATILE, name))
    assert fingerprint(said(one), match=match) == fingerprint(said(other), match=match)


def test_more_volatile_values_may_be_named():
    match = Match(volatile={**VOLATILE, "ticket": r"T-\d+"})
    assert fingerprint(said("T-1"), match=match) == fingerprint(said("T-2"), match=match)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_every_json_value_has_a_fingerprint_that_is_the_same_after_json(value):
    body = {"model": "m", "messages": value}
    assert fingerprint(body) == fingerprint(json.loads(json.dumps(body)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What's the weather in Paris?", "whats-the-weather-in-paris"),
        ("x" * 14 + " " + "y" * 14 + " " + "z" * 14, "x" * 14 + "-" + "y" * 14),
        ("use qW7xk2Lp9Zr4, hunter2-x or correcthorsebatterystaple on 2026-11-28 in 3 steps", "use-or-on-in-3-steps"),
        ("one two three four five six seven eight nine", "one-two-three-four-five-six-seven-eight"),
        ("../../etc/passwd", "etc-passwd"),
        ("你好", "request"),
        ([{"type": "text", "text": "Look:"}, {"type": "image_url"}], "look"),
        (None, "request"),
    ],
)
def test_a_file_name_has_the_words_of_the_last_user_message(text, words):
    assert slug(Match().canonical("POST", URL, said(text))) == words


def test_paths_are_read_and_followed():
    value = {"a": [{"b": 1, "c": 2}, {"b": 3}], "b": 4}
    assert removed(value, parse("$.a[0].b")) == {"a": [{"c": 2}, {"b": 3}], "b": 4}
    assert removed(value, parse("$..b")) == {"a": [{"c": 2}, {}]}
    assert removed(value, parse("$.*")) == {}
    assert removed(value, parse("$.x.y[3]")) == value


@pytest.mark.parametrize("word", ["model", "messages[0]", "temperature"])
def test_a_field_without_its_sign_is_told_with_it(word):
    """The word `api` stands beside it without one, which invites to leave it out."""
    with pytest.raises(SettingsError, match=re.escape(f"Use '$.{word}', if that field was meant, or ")):
        Match(ignore=("api", word))
