"""`llm.calls`, `assert_all_used`, budgets and the log: what took place, and whether it was all that was meant."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import pickle
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from rich.console import Console

from llm_intercept import (
    Call,
    Interceptor,
    LLMInterceptError,
    Reply,
    api_error,
    disconnect,
    intercept,
    timeout,
    tool_call,
    when,
)
from llm_intercept.errors import BudgetExceededError, SettingsError, UnmatchedRequestError, UnusedRuleError
from llm_intercept.journal.calls import Calls
from llm_intercept.model import Usage
from tests.amounts import PATIENCE, amount
from tests.support import URL, ask, chat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def llm() -> Iterator[Interceptor]:
    """Five calls of several kinds."""
    with intercept("else") as llm:
        llm.on("weather").reply("sunny", api_error(429), "rainy")
        llm.on("tool").reply(tool_call("get_weather", city="Paris"))
        ask(httpx, "the weather")
        httpx.post(URL, json=chat("weather", model="o3"))
        ask(httpx, "weather", model="o3")
        httpx.post(URL, json=chat("use a tool", stream=True))
        ask(httpx, "hello")
        yield llm


# Reading calls


def test_calls_are_a_sequence(llm):
    """Counted, indexed, sliced, iterated; a slice is calls too."""
    calls = llm.calls
    assert len(calls) == 5
    assert isinstance(calls[0], Call)
    assert isinstance(calls[1:3], Calls)
    assert [call.request.last_user for call in calls[-2:]] == ["use a tool", "hello"]
    assert calls[::2] == [calls[0], calls[2], calls[4]]
    assert calls[0] in calls
    assert calls != calls[1:]
    assert not calls[9:]
    with pytest.raises(IndexError):
        calls[5]


def test_calls_grow_as_they_come():
    """A view taken before sees what comes later; `clear` forgets."""
    with intercept("x") as llm:
        calls = llm.calls
        assert not calls
        assert repr(calls) == "<no calls>"
        ask(httpx)
        assert len(calls) == 1
        calls.clear()
        assert llm.calls == []


@pytest.mark.parametrize(
    ("positional", "wanted", "found"),
    [
        ((), {"model": "gpt-4o"}, [0, 3, 4]),
        ((), {"model": "o*"}, [1, 2]),
        (("WEATHER",), {}, [0, 1, 2]),
        ((re.compile("^weather"),), {"model": "o3"}, [1, 2]),
        ((when("weather") | when("tool"),), {}, [0, 1, 2, 3]),
        ((lambda request: len(request.last_user) < 6,), {}, [4]),
        ((), {"stream": True}, [3]),
        ((), {"status": 429}, [1]),
        ((), {"failed": True}, [1]),
        ((), {"attempt": 2}, [2]),
        ((), {"source": "rule"}, [0, 1, 2, 3, 4]),
        ((), {"source": "live"}, []),
        (("weather",), {"status": 200, "model": "o3"}, [2]),
    ],
)
def test_matching_takes_the_conditions_of_on_and_outcomes(llm, positional, wanted, found):
    """All given must hold."""
    calls = llm.calls
    assert calls.matching(*positional, **wanted) == [calls[number] for number in found]


def test_matching_can_be_chained(llm):
    """What it returns is calls."""
    assert len(llm.calls.matching("weather").matching(status=200)) == 2


def test_matching_refuses_what_is_no_condition(llm):
    """The message lists those there are."""
    with pytest.raises(SettingsError, match=r"matching\(modle=…\)='gpt-4o' cannot be used\. Did you mean 'model'\?"):
        llm.calls.matching(modle="gpt-4o")
    with pytest.raises(SettingsError, match=r"matching\(\)"):
        llm.calls.matching()
    with pytest.raises(SettingsError, match=r"turn=…"):
        llm.calls.matching(turn=0)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ({"source": "unmacthed"}, "did you mean 'unmatched'"),
        ({"source": "replay"}, "'recording', 'default', 'live', 'unmatched'"),
        ({"source": "side"}, "one of 'rule'"),
        ({"status": "200"}, "an int from 100 to 599"),
        ({"status": 2000}, "an int from 100 to 599"),
        ({"attempt": 0}, "1 for a request's first sending"),
        ({"attempt": True}, "1 for a request's first sending"),
        ({"failed": 1}, "True or False"),
    ],
)
def test_matching_refuses_an_outcome_that_no_call_can_have(llm, outcome, told):
    """It would find nothing for ever, and `assert not` would hold whatever happens."""
    with pytest.raises(SettingsError, match=re.escape(f"matching({next(iter(outcome))}=…)")) as caught:
        llm.calls.matching(**outcome)
    assert told in str(caught.value)


def test_matching_finds_every_outcome_that_a_call_can_have(llm):
    """No value that a call has is refused."""
    for call in llm.calls:
        for outcome in ("source", "status", "attempt", "failed"):
            assert call in llm.calls.matching(**{outcome: getattr(call, outcome)})


def test_calls_read_two_lines_each(llm):
    """What was asked of which model; how it ended, and who answered, where that is written."""
    lines = repr(llm.calls).splitlines()
    assert lines[:2] == ["<5 calls>", "  1 gpt-4o JSON 'the weather'"]
    assert re.fullmatch(r"    200 'sunny' from on\('weather'\) \(tests/test_calls\.py:\d+\)", lines[2])
    assert re.fullmatch(r"    429 api_error\(429\) from on\('weather'\) \(.*\)", lines[4])
    assert lines[6].endswith(", attempt 2")
    assert lines[7] == "  4 gpt-4o stream 'use a tool'"
    assert '200 → get_weather({"city"' in lines[8]


def test_a_call_that_was_not_answered_says_so():
    """Unmatched ones, and those that raised."""
    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        llm.on("no connection").reply(httpx.ConnectError("down"))
        with pytest.raises(httpx.ConnectError):
            ask(httpx, "no connection")
        httpx.post(URL, json=chat("hi"))
        httpx.get("https://api.openai.com/v1/files")
    lines = repr(llm.calls).splitlines()
    assert lines[2].startswith("    ConnectError from on('no connection')")
    assert lines[3:6] == ["  2 gpt-4o JSON 'hi'", "    404 from unmatched", "  3 https://api.openai.com/v1/files JSON"]
    first, second, third = map(repr, llm.calls)
    assert "ConnectError from rule by on('no connection')" in first
    assert second == "<Call gpt-4o JSON 'hi': 404 from unmatched>"
    assert "https://api.openai.com/v1/files" in third


def printed(calls, width):
    out = io.StringIO()
    Console(width=width, file=out).print(calls)
    return out.getvalue()


def test_calls_are_a_table_for_rich(llm):
    """A row each; nothing is cut at 200 columns, and no markup in a text is obeyed."""
    ask(httpx, "[bold]not markup[/bold]")
    table = printed(llm.calls, 200)
    for words in (
        "question",
        "the weather",
        "stream",
        "429",
        "[bold]not markup",
        "on('weather')",
        "tests/test_calls.py:",
    ):
        assert words in table, table
    assert "…" not in table
    assert printed(llm.calls[:0], 80) == "<no calls>\n"


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_a_row_is_a_line_at_any_width_and_what_matters_is_in_it(width):
    """What was asked, how it ended, who answered; what matters less, or says nothing, is left out."""
    long, key = "a word of a text that is longer than any screen " * 20, {"authorization": "Bearer k"}
    with pytest.raises(UnmatchedRequestError), intercept(validate="strict") as llm:
        llm.on("first").reply(long)
        llm.on("second").reply(disconnect(after=3))
        llm.on("third").reply(api_error(503), timeout())
        for number, user in enumerate((f"first {long}", "second", "third", "third", "fourth")):
            with contextlib.suppress(httpx.TransportError):
                httpx.post(URL, headers=key, json=chat(user, model="m" * 40, stream=number == 1))
        httpx.post(URL, headers=key, json={"model": "gpt-4o", "messages": [{"role": "nobody", "content": "hi"}]})
    head, *rows = printed(llm.calls, width).splitlines()
    assert all(len(row) <= width for row in (head, *rows))
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    shown = ["first a", "200 ✗ disconn", "503 api_error(503)", "✗ timeout()", "404 unmatched", "400 Invalid refused"]
    for row, words in zip(rows, shown, strict=True):
        assert [word for word in words.split() if word not in row] == [], row
    assert re.search(r"✗ +2 ", rows[3])
    assert "turn" not in head
    assert {name: name in head.split() for name in ("tokens", "ms", "where")} == {
        "tokens": width >= 95, "ms": width >= 110, "where": width >= 150,
    }  # fmt: skip


def test_the_lines_of_calls_fit_a_screen():
    """The texts of question, rule and answer are cut, where the rule is written is not."""
    long = "a word of a text that is longer than any screen " * 3
    with intercept() as llm:
        llm.on(long).reply(long, Reply(long, fault=disconnect(after=1)))
        for _ in range(2):
            with contextlib.suppress(httpx.TransportError):
                httpx.post(URL, json=chat(long, stream=True))
    first, asked, ended, _, broken = repr(llm.calls).splitlines()
    assert (first, len(asked) <= 80, len(ended) <= 80) == ("<2 calls>", True, True)
    assert re.fullmatch(r"    200 'a word of a.*…' from on\('a word.*… \(.*test_calls.py:\d+\)", ended)
    assert broken.startswith("    200 and RemoteProtocolError, disconnect(after=1) from on('a wor")


def test_the_table_tells_a_limit_from_a_rule():
    """A limit is no rule."""
    with intercept("Sunny.", time_scale=0) as llm:
        llm.rate_limit(requests_per_minute=1)
        for _ in range(2):
            httpx.post(URL, json=chat("weather"))
    *_, limited = printed(llm.calls, 100).splitlines()
    assert [word for word in ("429", "api_error('rate", "no rule") if word not in limited] == [], limited


# Attempts


def test_the_attempt_is_what_the_client_says():
    """OpenAI's SDK counts its retries in a header."""
    with intercept("x") as llm:
        for count in ("0", "1", "2", "junk"):
            httpx.post(URL, json=chat(), headers={"x-stainless-retry-count": count})
    assert [call.attempt for call in llm.calls] == [1, 2, 3, 1]


def test_the_attempt_of_a_raw_client_is_told_by_the_failures_before(case):
    """The same request after a failed one; after an answer it begins anew, and another request is none."""
    with intercept() as llm:
        llm.reply(api_error(500), api_error(429), "ok", "again", "other")
        statuses = [case.post().status_code for _ in range(4)] + [case.post("other").status_code]
    assert statuses == [500, 429, 200, 200, 200]
    assert [call.attempt for call in llm.calls] == [1, 2, 3, 1, 1]


# All used


def unused(llm: Interceptor) -> str:
    with pytest.raises(UnusedRuleError) as caught:
        llm.assert_all_used()
    return str(caught.value)


def test_a_rule_that_was_not_used_is_named_with_its_line():
    """Until it is."""
    with intercept() as llm:
        llm.on("weather").reply("x")
        message = unused(llm)
        assert "on('weather')" in message
        assert re.search(r"at tests/test_calls\.py:\d+\n +no request used it", message)
        assert ".optional()" in message
        ask(httpx, "weather")
        llm.assert_all_used()


def test_a_script_left_over_says_how_much_was_used():
    """Of the key, where there is one."""
    with intercept() as llm:
        llm.on("a").reply("1", "2", "3")
        llm.on("b").reply("1", "2").per("model")
        ask(httpx, "a")
        ask(httpx, "b")
        message = unused(llm)
        assert "1 of its 3 replies was used" in message
        assert "1 of its 2 replies was used for the key 'gpt-4o'" in message


@pytest.mark.parametrize("then", ["cycle", "repeat_last"])
def test_a_script_that_goes_on_for_ever_is_used_by_one_request(then):
    """It has no end to come to."""
    with intercept() as llm:
        getattr(llm.on("a").reply("1", "2", "3"), then)()
        assert "no request used it" in unused(llm)
        ask(httpx, "a")
        llm.assert_all_used()


def test_the_rule_that_comes_first_and_answers_instead_is_named():
    """A shadowed rule can never be used."""
    with intercept() as llm:
        llm.on("weather").reply("first")
        llm.on("the weather").reply("second")
        ask(httpx, "the weather")
        assert re.search(r"on\('weather'\) \(tests/test_calls\.py:\d+\) comes first and answers instead", unused(llm))


def test_what_need_not_be_used_is_passed_over():
    """Optional rules, a fallback beside rules, also that of `intercept`, and rules of files."""

    def rules(llm: Interceptor) -> None:
        llm.on("of a file").reply("x")

    with intercept("default", rules=rules) as llm:
        llm.on("a").reply("1", "2").optional()
        llm.on("b").reply("x")
        ask(httpx, "b")
        llm.assert_all_used()
    with intercept() as llm:
        llm.on("b").reply("x")
        llm.reply("fallback")
        ask(httpx, "b")
        llm.assert_all_used()


def test_a_catch_all_alone_and_a_script_of_one_are_to_be_used():
    """They are no fallback."""
    with intercept() as llm:
        llm.reply("x")
        assert "reply('x')" in unused(llm)
        llm._engine.book.catch_alls.clear()
        llm.on("b").reply("x")
        llm.reply("1", "2")
        ask(httpx, "b")
        assert "reply('1', '2')" in unused(llm)


def test_the_reply_given_to_intercept_counts_as_a_rule():
    """A block that asks for it, and `assert_all_used()`; beside rules with conditions it is a fallback."""
    told = r"intercept\('x'\)\n +at tests/test_calls\.py:\d+"
    with pytest.raises(UnusedRuleError, match=told), intercept("x", all_used=True):
        pass
    with intercept("x") as llm:
        assert "intercept('x')" in unused(llm)
        ask(httpx)
        llm.assert_all_used()
    with intercept("x", all_used=True) as llm:
        llm.on("hi").reply("y")
        ask(httpx)


def test_a_block_may_ask_that_all_is_used():
    """It raises at its end; not where something else went wrong, and not where all was used."""
    with pytest.raises(UnusedRuleError, match="never"), intercept(all_used=True) as llm:
        llm.on("never").reply("x")
    with pytest.raises(RuntimeError, match="own") as caught, intercept(all_used=True) as llm:
        llm.on("never").reply("x")
        raise RuntimeError("own")
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(UnmatchedRequestError) as other, intercept(all_used=True) as llm:
        llm.on("never").reply("x")
        httpx.post(URL, json=chat())
    assert not hasattr(other.value, "__notes__")
    with intercept(all_used=True) as llm:
        llm.on("hi").reply("x")
        ask(httpx)


# Budgets

USED = Usage(input_tokens=1_000_000, output_tokens=0)  # 2.5 dollars of gpt-4o


def test_calls_beyond_the_budget_are_refused_and_raised_at_the_end(case):
    """A program that runs away is stopped; the message lists the calls."""
    with (
        pytest.raises(BudgetExceededError, match=r"the budget is 2 calls, and 3 were used\.") as caught,
        intercept("x") as llm,
    ):
        llm.budget(calls=2)
        assert [case.post().status_code for _ in range(4)] == [200, 200, 500, 500]
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value).count(" 'hi'\n") == 3
    assert not hasattr(caught.value, "__notes__"), "the first is told"


def test_a_refused_call_is_not_retried():
    """It says so to SDKs."""
    with pytest.raises(BudgetExceededError), intercept("x") as llm:
        llm.budget(calls=0)
        assert httpx.post(URL, json=chat()).headers["x-should-retry"] == "false"


def test_tokens_beyond_the_budget_are_refused():
    """Prompt and completion together; the call that goes beyond is answered, the next is not."""
    with (
        pytest.raises(BudgetExceededError, match=r"the budget is 15 tokens, and 20 were used\."),
        intercept() as llm,
    ):
        llm.reply(Reply("x", usage=Usage(input_tokens=6, output_tokens=4)))
        llm.budget(tokens=15)
        assert [httpx.post(URL, json=chat()).status_code for _ in range(3)] == [200, 200, 500]


def test_dollars_beyond_the_budget_are_refused():
    """At the list price of genai-prices."""
    pytest.importorskip("genai_prices")
    with pytest.raises(BudgetExceededError, match="US dollars"), intercept(Reply("x", usage=USED)) as llm:
        llm.budget(cost=4)
        assert [httpx.post(URL, json=chat()).status_code for _ in range(3)] == [200, 200, 500]
        assert llm.calls[0].cost == pytest.approx(2.5)


def test_a_budget_that_is_kept_raises_nothing():
    """To the last call and token; what is used up at the end only is told at the end."""
    with intercept(Reply("x", usage=Usage(input_tokens=6, output_tokens=4))) as llm:
        llm.budget(calls=2, tokens=20)
        assert [ask(httpx), ask(httpx)] == ["x", "x"]
    with pytest.raises(BudgetExceededError, match="tokens"), intercept(Reply("x", usage=USED)) as llm:
        llm.budget(tokens=5)
        ask(httpx)


def test_a_budget_exceeded_already_is_raised_at_once():
    """As an assertion, the block's end has nothing more to say."""
    with intercept("x") as llm:
        ask(httpx)
        ask(httpx)
        with pytest.raises(BudgetExceededError, match="the budget is 1 calls"):
            llm.budget(calls=1)
        llm.budget(calls=2)


@pytest.mark.parametrize("given", [{"calls": -1}, {"tokens": "5"}, {"cost": True}, {"calls": [1]}])
def test_a_budget_is_a_number(given):
    """Anything else is refused."""
    with pytest.raises(SettingsError, match=rf"budget\({next(iter(given))}=…\).*0 or more"):
        Interceptor().budget(**given)


# The log

SECRET = "sk-very-secret"
WRITERS = """
import os, sys, httpx
from llm_intercept import InterceptTransport, Reply
from llm_intercept.model import Usage
path, count, *names = sys.argv[1:]
text = "x" * 20_000
reply = Reply("ok", usage=Usage(input_tokens=1, output_tokens=1))  # tokens are not counted: writing is to be fast


def write(name):
    with httpx.Client(transport=InterceptTransport(reply, log=path)) as client:
        for number in range(int(count)):
            body = {"model": name, "messages": [{"role": "user", "content": f"{number} {text}"}]}
            client.post("https://api.openai.com/v1/chat/completions", json=body)


write("warm-up")  # what is loaded late is loaded once
for name in names:
    if os.fork() == 0:
        write(name)
        os._exit(0)
for _ in names:
    assert os.wait()[1] == 0
"""


def logged(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_call_is_a_line_of_json(case, tmp_path):
    """With what was asked, by which rule it was answered and how; never a header nor the query, which hold keys."""
    path = tmp_path / "calls.jsonl"
    headers = {"Authorization": f"Bearer {SECRET}", "api-key": SECRET, "x-stainless-retry-count": "1"}
    with pytest.raises(UnmatchedRequestError), intercept(log=path) as llm:
        rule = llm.on("hi").reply("hello")
        case.post(client=case.client(headers=headers), url=f"{URL}?key={SECRET}")
        case.post("déjà vu", client=case.client(headers=headers), model="o3")
    assert SECRET not in path.read_text(encoding="utf-8")
    first, second = logged(path)
    assert (first["source"], first["status"], first["error"], first["attempt"]) == ("rule", 200, None, 2)
    assert (first["rule"], first["where"]) == ("on('hi')", rule.where)
    assert (first["url"], first["model"], first["stream"], first["turn"]) == (URL, "gpt-4o", case.stream, 1)
    assert first["usage"]["output_tokens"] > 0
    assert first["request"]["messages"] == [{"role": "user", "content": "hi"}]
    assert first["duration"] > 0
    assert (second["source"], second["status"], second["rule"]) == ("unmatched", 404, None)
    assert second["error"].startswith("UnmatchedRequestError: ")
    assert second["last_user"] == "déjà vu"


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_four_processes_write_one_log(tmp_path):
    """150 lines of 20 kB each (500 in CI), all at once: every line parses, none is missing."""
    count = amount(whole=500, part=150)
    path = tmp_path / "calls.jsonl"
    names = [f"writer-{number}" for number in range(4)]
    subprocess.run([sys.executable, "-c", WRITERS, str(path), str(count), *names], check=True, timeout=PATIENCE)
    found = sorted((line["model"], int(line["last_user"].split()[0])) for line in logged(path))
    assert found == sorted((name, number) for name in (*names, "warm-up") for number in range(count))


def test_a_log_that_cannot_be_written_is_refused_at_once(tmp_path):
    """Before any call."""
    with pytest.raises(SettingsError, match="a file that can be written"):
        intercept("x", log=tmp_path / "absent" / "calls.jsonl")
    assert issubclass(SettingsError, LLMInterceptError)


def test_calls_and_errors_go_to_another_process():
    with pytest.raises(UnmatchedRequestError) as raised, intercept(all_used=True) as llm:
        llm.on(lambda request: "a" in request.last_user).reply(lambda _: "b", RuntimeError("c"))
        llm.on("left").reply("x").optional()
        httpx.post(URL, json=chat("a"))
        with pytest.raises(RuntimeError):
            httpx.post(URL, json=chat("a", stream=True))
        httpx.post(URL, json=chat("nothing"))
    for calls in (llm.calls, llm.calls[:2]):
        again = pickle.loads(pickle.dumps(calls))
        assert [repr(one) for one in again] == [repr(one) for one in calls]
        assert [one.attempt for one in again] == [one.attempt for one in calls]
        assert [one.request for one in again] == [one.request for one in calls]
        assert [one.rule and one.rule.where for one in again] == [one.rule and one.rule.where for one in calls]
    error = pickle.loads(pickle.dumps(raised.value))
    assert (type(error), str(error)) == (UnmatchedRequestError, str(raised.value))
    assert error.unmatched == raised.value.unmatched


def samples(kind):
    """Make one of an error's class, whatever it asks for."""
    fact = SimpleNamespace(here=lambda: 1)
    given = {"unmatched": (), "unused": (), "found": (), "calls": (), "kinds": (), "allowed": 1.0, "used": 2.0, "cause": ValueError("c"), "resilience": fact}  # fmt: skip
    wanted = inspect.signature(kind.__init__).parameters.values()
    required = [
        one for one in wanted if one.default is one.empty and one.name != "self" and one.kind is not one.VAR_POSITIONAL
    ]
    return kind(*(given.get(one.name, "text") for one in required))


def every_error(kind=LLMInterceptError):
    return [kind, *(found for one in kind.__subclasses__() for found in every_error(one))]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_goes_to_another_process_with_its_text_its_facts_and_its_notes(kind):
    error = samples(kind)
    error.add_note("a note")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__notes__) == (kind, str(error), ["a note"])
    for name, value in vars(error).items():
        assert getattr(again, name) == value or getattr(again, name) == repr(value)
