"""Every message says what happened, with what, and what to do next: the texts, but for the line numbers.

Those of typical mistakes are kept whole in `__snapshots__/test_messages`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import llm_intercept
from llm_intercept import LLMInterceptError, intercept
from llm_intercept.errors import (
    ReplyError,
    ReplyFunctionError,
    SettingsError,
    UnmatchedRequestError,
    UnseenClientError,
    WrapError,
)
from llm_intercept.facts import RequestFacts, RuleFacts, Unmatched, Verdict
from llm_intercept.shown import shorten
from tests.support import URL, chat

HERE = re.compile(r"(?:[^\s(]*[/\\])?test_errors\.py:\d+")


def said(error: BaseException) -> str:
    """Give an error's text, with this file's lines as HERE."""
    return HERE.sub("HERE", str(error))


def message_of(response: Any) -> str:
    """Give the message of an error answer, in the same form."""
    return HERE.sub("HERE", response.json()["error"]["message"])


ANYTHING = (
    "To let what nothing answers out to the network: unmatched='passthrough' (LLM_INTERCEPT_UNMATCHED=passthrough),\n"
)
LET_OUT = ANYTHING + "or passthrough=['gpt-4o'] for this model alone."
LET_PATH_OUT = ANYTHING + "or passthrough=['api.openai.com{}'] for this path alone."
NO_RULE = f"""\
llm-intercept: there is no rule to answer this request.
  POST https://api.openai.com/v1/chat/completions
    model:     gpt-4o
    last user: 'What is the weather?'
Give it a reply before the program asks: intercept('text'), llm.reply(…) or llm.on(…).reply(…).
{LET_OUT}"""


def test_no_rule_at_all():
    """The client's 404 and the block's error say the same."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept():
        response = httpx.post(URL, json=chat("What is the weather?"))
    assert said(caught.value) == NO_RULE
    assert message_of(response) == NO_RULE
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["code"] == "llm_intercept_unmatched"


NO_MATCH = f"""\
llm-intercept: no rule answers this request.
  POST https://api.openai.com/v1/chat/completions
    model:     gpt-4o (stream)
    last user: 'What time is it?'
    tools:     get_time, get_weather
the nearest 3 of 4 rules:
  1. on('time', model='o3*')
    at HERE
    model: expected 'o3*'
           got      'gpt-4o'
    (1 of its 2 conditions holds)
  2. on('weather')
    at HERE
    the last user message: expected 'weather' in it
                           got      'What time is it?'
  3. on(re.compile('^now'), model='gpt-4o')
    at HERE
    the last user message: expected a match of re.compile('^now')
                           got      'What time is it?'
    (1 of its 2 conditions holds)
Change a rule, or add a catch-all: llm.reply(…).
{LET_OUT}"""


def test_no_rule_matches():
    """The nearest rules come first, each with why it did not answer and where it was written."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("get_time", "get_weather")]
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        llm.on("rain", model="o3*", system="kind").reply("far")
        llm.on("weather").reply("near")
        llm.on(re.compile("^now"), model="gpt-4o").reply("near")
        llm.on("time", model="o3*").reply("near")
        httpx.post(URL, json=chat("What time is it?", stream=True, tools=tools))
    assert said(caught.value) == NO_MATCH


ALL_TRIED = f"""\
llm-intercept: no rule answers this request.
  POST https://api.openai.com/v1/chat/completions
    model:     gpt-4o
    last user: 'hi'
the 3 rules tried, the nearest first:
  1. reply('once')
    at HERE
    it matches, but has answered once, as times=1 allows
  2. on(is_long)
    at HERE
    is_long (line 0): expected something true
                       got      False
  3. on('a', user='b', system='c')
    at HERE
    the last user message: expected 'a' in it
                           got      'hi'
    the last user message: expected 'b' in it
                           got      'hi'
    the system message: expected 'c' in it
                        got      nothing: there is no such message
Change a rule, or add a catch-all: llm.reply(…).
{LET_OUT}"""


def is_long(request: Any) -> bool:
    return len(request.last_user) > 100


def test_every_kind_of_condition_explains_itself():
    """Text, model, functions, and rules that stepped aside; each reason on a line."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        llm.on("a", user="b", system="c").reply("x")
        llm.reply("once", times=1)
        llm.on(is_long).reply("x")
        assert httpx.post(URL, json=chat()).status_code == 200
        assert httpx.post(URL, json=chat()).status_code == 404
    text = re.sub(r"\(line \d+\): (expected .*\n) +got", r"(line 0): \1                       got", said(caught.value))
    assert text == ALL_TRIED


EXHAUSTED = """\
llm-intercept: the rule for this request has no reply left.
  POST https://api.openai.com/v1/chat/completions
    model:     gpt-4o
    last user: 'go'
  on('go')
    at HERE
    it matches, but all 2 of its replies are used
Give the rule as many replies as there are requests (an SDK's retry is a request of its own), or let it go on with \
.cycle() or .repeat_last()."""


def test_a_script_that_has_run_out():
    """It names the script and how long it was."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept("later") as llm:
        llm.on("go").reply("one", "two")
        responses = [httpx.post(URL, json=chat("go")) for _ in range(3)]
    assert said(caught.value) == EXHAUSTED
    assert message_of(responses[2]) == EXHAUSTED


TO_ANSWER = (
    "To answer it: llm.on(url='api.openai.com/v1/files').reply(raw({'object': 'list', 'data': [], 'has_more': False}))"
)
UNCLAIMED = f"""\
llm-intercept stopped a request to api.openai.com, a known LLM host. llm-intercept does not answer GET /v1/files by itself, \
which is OpenAI's files API.
  GET https://api.openai.com/v1/files?limit=2
{TO_ANSWER}
{LET_PATH_OUT.format("/v1/files")}"""


def test_an_unclaimed_request_to_a_known_host():
    """It says that nothing leaked, and how to let it out."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept("x"):
        response = httpx.get("https://api.openai.com/v1/files", params={"limit": 2})
    assert said(caught.value) == UNCLAIMED
    assert message_of(response) == UNCLAIMED


NOT_JSON = f"""\
llm-intercept stopped a request to api.openai.com, a known LLM host. Its body is not a JSON object, \
or one too deep to read.
  POST https://api.openai.com/v1/chat/completions
{LET_PATH_OUT.format("/v1/chat/completions")}"""


@pytest.mark.parametrize("body", [b"", b"not json", b"[1, 2]", b'"text"', b"{", b"\xff\xfe"])
def test_a_chat_request_that_is_no_json_object(body):
    """To a known host it is stopped, and the message says why it was not answered."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept("x"):
        httpx.post(URL, content=body)
    assert said(caught.value) == NOT_JSON


SEVERAL = f"""\
llm-intercept: 2 requests were not answered.

llm-intercept: there is no rule to answer this request.
  POST https://api.openai.com/v1/chat/completions
    model:     gpt-4o
    last user: 'one'
Give it a reply before the program asks: intercept('text'), llm.reply(…) or llm.on(…).reply(…).
{LET_OUT}

llm-intercept stopped a request to api.openai.com, a known LLM host. llm-intercept does not answer GET /v1/files by itself, \
which is OpenAI's files API.
  GET https://api.openai.com/v1/files
{TO_ANSWER}
{LET_PATH_OUT.format("/v1/files")}"""


def test_several_requests():
    """One error counts them and explains each."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept():
        httpx.post(URL, json=chat("one"))
        httpx.get("https://api.openai.com/v1/files")
    assert said(caught.value) == SEVERAL


@pytest.mark.parametrize("count", [2, 5, 6, 9])
def test_of_many_requests_five_are_shown_in_full(count):
    """The others are counted, and `llm.unmatched` has all."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        with httpx.Client() as client:
            for number in range(count):
                client.post(URL, json=chat(f"question {number}"))
        assert [one.request.last_user for one in llm.unmatched] == [f"question {number}" for number in range(count)]
    shown = str(caught.value)
    assert shown.startswith(f"llm-intercept: {count} requests were not answered.\n\nllm-intercept: there is no rule")
    assert re.findall(r"last user: 'question (\d)'", shown) == [str(number) for number in range(min(count, 5))]
    assert shown.count(LET_OUT) == min(count, 5)
    more = f"{LET_OUT}\n\n… and {count - 5} more; llm.unmatched has them all."
    assert shown.endswith(more if count > 5 else LET_OUT)
    assert len(caught.value.unmatched) == count


def test_of_two_rules_the_one_with_more_conditions_that_hold_is_nearer():
    """Each counts in its favour, whatever the order they were written in."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept() as llm:
        llm.on("rain").reply("x")
        llm.on("rain", turn=1).reply("x")
        llm.on("rain", turn=1, stream=False).reply("x")
        httpx.post(URL, json=chat("What time is it?"))
    assert re.findall(r"\d\. (on.*)", str(caught.value)) == [
        "on('rain', turn=1, stream=False)",
        "on('rain', turn=1)",
        "on('rain')",
    ]


def test_an_unseen_library():
    """It names the library and the host, and says what to do."""
    assert str(UnseenClientError("grpc", "api.openai.com")) == (
        "grpc was about to reach api.openai.com, a known LLM host, while llm-intercept is active. llm-intercept "
        "answers httpx, httpx2, aiohttp and urllib3 (requests) and cannot answer grpc; the request was stopped so that "
        "nothing reaches a paid API unasked. Mock this call with a tool for that library. Let it out with "
        "passthrough=['api.openai.com'], or all that nothing answers with unmatched='passthrough'."
    )


def test_an_unseen_library_that_nobody_knows():
    """A look-up says nothing of who asks; a path says that a model is asked."""
    text = str(UnseenClientError("", "api.openai.com"))
    assert text.startswith("Something in this process was about to reach api.openai.com, a known LLM host, while")
    assert "The traceback shows which it is" in text
    text = str(UnseenClientError("urllib3", "localhost", "POST /api/chat", "localhost:11434"))
    assert text.startswith("urllib3 was about to send POST /api/chat to localhost, which asks a model, while")
    assert "passthrough=['localhost:11434']" in text


def test_a_failed_function():
    """It names the rule, its line, what was raised, and how to make a request fail on purpose."""
    with pytest.raises(ReplyFunctionError) as caught, intercept() as llm:
        llm.on("hi").reply(lambda request: {}["absent"])
        httpx.post(URL, json=chat())
    assert said(caught.value) == (
        "The function of rule on('hi') (HERE) raised KeyError: 'absent'. It was called to answer a request; correct it, "
        "or raise one of the HTTP library's own exceptions to make the request itself fail."
    )


def test_a_bare_dict():
    """It asks what was meant."""
    with pytest.raises(ReplyError) as caught:
        intercept({"a": 1})
    assert said(caught.value) == (
        "A bare mapping cannot be a reply: {'a': 1} (at HERE). Did you mean JSON content? structured(mapping). "
        "A ready response body? raw(mapping)."
    )


def test_a_wrong_setting():
    """It lists the choices."""
    with pytest.raises(SettingsError) as caught:
        intercept("x", scope="everywhere")
    assert said(caught.value) == "scope='everywhere' cannot be used. Use one of 'process', 'context'."


def test_a_planned_mode():
    """It says so."""
    with pytest.raises(SettingsError, match="'mock'"):
        intercept("x", mode="nonsense")


def test_long_texts_are_cut_and_many_rules_counted():
    """A message stays readable whatever the request holds."""
    rules = tuple(
        RuleFacts(f"on({number})", "f.py:1", (Verdict(False, "x", "1", "2", distance=number / 10),))
        for number in range(9, 0, -1)
    )
    facts = Unmatched(RequestFacts("POST", URL, "m", "x" * 1000), "problem", rules, "advice")
    text = str(facts)
    assert max(map(len, text.splitlines())) < 200
    assert re.findall(r"\d\. on\((\d)\)", text) == ["1", "2", "3"]
    assert "…'" in text
    assert "the nearest 3 of 9 rules:" in text
    assert text.startswith("problem\n")
    assert text.endswith("\nadvice")


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("short", 10, "'short'"),
        ("exactly 10", 10, "'exactly 10'"),
        ("longer than", 10, "'longer th…'"),
        ("a\nb", 9, r"'a\nb'"),
    ],
)
def test_shorten_quotes_and_cuts(text, limit, shown):
    """One line, at the most `limit` characters."""
    assert shorten(text, limit) == shown


def test_every_error_is_one_of_ours_and_of_its_own_kind():
    """All derive from one base, and from the builtin that fits."""
    kinds: dict[type[BaseException], type[BaseException]] = {
        SettingsError: ValueError,
        ReplyError: TypeError,
        WrapError: TypeError,
        UnmatchedRequestError: AssertionError,
        ReplyFunctionError: Exception,
        UnseenClientError: Exception,
    }
    assert all(issubclass(kind, LLMInterceptError) and issubclass(kind, base) for kind, base in kinds.items())
    errors = {name for name in llm_intercept.__all__ if name.endswith("Error")}
    assert all(issubclass(getattr(llm_intercept, name), Exception) for name in errors)


def test_a_place_is_given_relative_to_the_working_directory(monkeypatch, tmp_path):
    """Where it can be; else it is the whole path."""
    monkeypatch.chdir(Path(__file__).parent)
    with intercept() as llm:
        assert re.fullmatch(r"test_errors\.py:\d+", llm.on("x").reply("y").where)
        monkeypatch.chdir(tmp_path)
        where = llm.on("x").reply("y").where
    assert Path(where.rpartition(":")[0]) == Path(__file__)
