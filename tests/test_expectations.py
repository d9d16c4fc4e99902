"""What a test says of its calls: how often a rule answers, how a call was, which requests go unanswered."""

from __future__ import annotations

import pickle
import re
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, Reply, auto, intercept, raw, tool_call
from llm_intercept.errors import ExpectationError, SettingsError, UnusedRuleError
from tests.apis import APIS
from tests.support import MESSAGES, URL, chat, message

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("f", "g")]


def ask(*said: str, url: str = URL, **params: Any) -> httpx.Response:
    with httpx.Client() as client:
        return client.post(url, json={**chat(*said), **params})


def spoken(*messages: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, **(said if isinstance(said, dict) else {"content": said})} for role, said in messages]


# How often a rule answers


@pytest.mark.parametrize(
    ("expect", "asked", "problem"),
    [
        (2, 2, ""),
        (2, 1, "it was to answer 2 times, and answered once"),
        (1, 3, "it was to answer once, and answered 3 times"),
        (0, 0, ""),
        (0, 1, "it was to answer never, and answered once"),
        ((1, 2), 1, ""),
        ((1, 2), 2, ""),
        ((1, 2), 0, "it was to answer 1 to 2 times, and answered never"),
    ],
)
def test_a_rule_answers_as_often_as_it_is_to(expect, asked, problem):
    """Else the block that ends well raises, at the rule's place."""
    raised = pytest.raises(ExpectationError, match=problem) if problem else nullcontext()
    with raised as caught, intercept("else") as llm:
        rule = llm.on("weather").reply("Sunny.", expect=expect)
        for _ in range(asked):
            ask("The weather?")
        assert len(rule.calls) == asked
    assert caught is None or "test_expectations.py" in str(caught.value)


@pytest.mark.parametrize("expect", [-1, True, (2, 1), (1,), "2", 1.5, [1, 2]])
def test_what_no_rule_can_be_expected_to_do_is_refused(expect):
    """At the rule."""
    with pytest.raises(SettingsError, match="expect"):
        Interceptor().reply("a", expect=expect)


def test_an_expectation_says_whether_a_rule_is_to_be_used():
    """With `all_used` too; another rule is told as ever, and what went wrong before comes first."""
    with intercept(all_used=True) as llm:
        llm.on("a").reply("b", expect=0)
    with pytest.raises(UnusedRuleError) as unused, intercept(all_used=True) as llm:
        llm.on("a").reply("b", expect=0)
        llm.on("c").reply("d")
    assert "on('c')" in str(unused.value)
    assert "on('a')" not in str(unused.value)


def test_the_calls_of_a_rule_are_those_it_answered():
    """Also in a block around the one that was asked first."""
    with intercept() as llm:
        first, second = llm.on("a").reply("1"), llm.on("b").reply("2")
        with intercept() as inner:
            inner.on("z").reply("3")
            ask("a")
            ask("b")
            ask("a")
        assert [call.request.last_user for call in first.calls] == ["a", "a"]
        assert second.calls.one().status == 200


# How a call was


def test_the_last_call_and_the_only_one():
    """Where there is none, or there are several, that is said, with the calls."""
    with intercept("hi") as llm:
        for wrong in (lambda: llm.calls.last, llm.calls.one, lambda: llm.assert_called_with(model="gpt-4o")):
            with pytest.raises(ExpectationError, match=r"no call|there is none"):
                wrong()
        ask("first")
        assert llm.calls.one() is llm.calls.last
        ask("second")
        assert llm.calls.last.request.last_user == "second"
        with pytest.raises(ExpectationError, match=r"one call, and there are 2:(?s:.*)first(?s:.*)second"):
            llm.calls.one()


def test_a_call_that_was_to_be_otherwise_says_where_it_differs():
    """By condition, what was expected and what it had; and which call before it would do."""
    with intercept("hi") as llm:
        ask("What is the weather?", temperature=0.2)
        ask("And tomorrow?", temperature=0.7)
        call = llm.assert_called_with(user="tomorrow", json={"temperature": 0.7}, stream=False)
        assert call is llm.calls.last
        with pytest.raises(ExpectationError) as caught:
            llm.assert_called_with("weather", json={"temperature": 0.2})
    told = str(caught.value)
    assert told.startswith("llm-intercept: the last call is not as it was to be:")
    for piece in ("expected", "'weather'", "And tomorrow?", "0.2", "0.7", "Of 2 calls 1 would do"):
        assert piece in told
    assert pickle.loads(pickle.dumps(caught.value)).problem == caught.value.problem
    with pytest.raises(SettingsError, match="at least one condition"):
        llm.assert_called_with()
    with pytest.raises(SettingsError, match="Did you mean 'model'"):
        llm.assert_called_with(modle="gpt-4o")  # type: ignore[call-arg]


def test_a_call_knows_what_its_client_waits_for():
    """As httpx says it; a client without one has none."""
    with intercept("hi") as llm:
        with httpx.Client(timeout=httpx.Timeout(3, read=7)) as client:
            client.post(URL, json=chat("a"))
        with httpx.Client(timeout=None) as client:
            client.post(URL, json=chat("a"))
        assert llm.calls[0].timeout == {"connect": 3, "read": 7, "write": 3, "pool": 3}
        assert llm.calls[0].timeout is not None
        assert set((llm.calls[1].timeout or {}).values()) <= {None}


def test_all_that_differs_in_json_is_said_and_of_much_how_much():
    """Each place by its path; of long texts from where they differ."""
    with intercept("hi") as llm:
        ask("a", temperature=0.2, metadata={"run": "7", "who": "x" * 500 + "me"})
        with pytest.raises(ExpectationError) as caught:
            llm.assert_called_with(
                json={
                    "temperature": 0.7,
                    "top_p": 1,
                    "metadata": {"run": re.compile("^r"), "who": "x" * 500 + "you"},
                    "messages": [{"role": "user", "content": "b"}],
                }
            )
        with pytest.raises(ExpectationError, match="… and at 3 more places"):
            llm.assert_called_with(json={f"key{number}": number for number in range(13)})
    assert [line.split() for line in str(caught.value).splitlines()[2:]] == [
        ["json.temperature:", "expected", "0.7"],
        ["got", "0.2"],
        ["json.top_p:", "expected", "1"],
        ["got", *["nothing:", "there", "is", "no", "such", "key"]],
        ["json.metadata.run:", "expected", *["a", "match", "of", "re.compile('^r')"]],
        ["got", "'7'"],
        ["json.metadata.who:", "expected", "…xxxxxxxxxxxxxxxxxxxxyou'"],
        ["got", "…xxxxxxxxxxxxxxxxxxxxme'"],
        ["json.messages[0].content:", "expected", "'b'"],
        ["got", "'a'"],
    ]


# Which requests go unanswered


def test_a_request_that_is_to_go_unanswered_is_no_failure():
    """The list has its call; what else goes unanswered still is one."""
    with intercept() as llm:
        llm.on("other").reply("yes")
        with llm.expect_unmatched(model="gpt-4o") as calls:
            assert ask("unknown").status_code == 404
        assert [call.request.last_user for call in calls] == ["unknown"]
        assert not llm.unmatched
        with llm.expect_unmatched("one") as calls:
            ask("one")
            ask("two")
        assert len(calls) == len(llm.unmatched) == 1
        llm.unmatched.clear()


def test_a_block_in_which_all_is_answered_expected_too_much():
    """It says where it stands, and what there was instead; an error of the block's own comes first."""
    with intercept("hi") as llm:
        with (
            pytest.raises(
                ExpectationError, match=r"expect_unmatched\(…\) at .*test_expectations.py:\d+ met no request"
            ),
            llm.expect_unmatched(),
        ):
            ask("a")
        with pytest.raises(ZeroDivisionError), llm.expect_unmatched():
            _ = 1 / 0


# What was said


def test_a_transcript_says_what_is_new_in_each_call_and_numbers_ids():
    """An answer that comes back as a message is not said twice; the text is the same in each run."""
    told = []
    for seed in (1, 2):
        with intercept(seed=seed) as llm:
            llm.on(turn=1).reply(Reply("Let me see.", tool_call("f", city="Rome"), tool_call("g")))
            llm.on(turn=2).reply("Sunny,\nand warm.")
            asked = spoken(("system", "Be kind."), ("user", "Weather?"))
            answer = ask(messages=asked, tools=TOOLS).json()["choices"][0]["message"]
            results = [
                ("tool", {"content": f"from {call['function']['name']}", "tool_call_id": call["id"]})
                for call in answer["tool_calls"]
            ]
            ask(messages=[*asked, answer, *spoken(*results)], tools=TOOLS)
            told.append(llm.transcript())
    assert told[0] == told[1]
    assert told[0] == (
        "[1] openai.chat gpt-4o\nsystem: Be kind.\nuser: Weather?\n-> Let me see.\n"
        '-> f({"city":"Rome"}) #1\n-> g({}) #2\n\n'
        "[2] openai.chat gpt-4o, after [1]\ntool: #1: from f\ntool: #2: from g\n-> Sunny,\n  and warm."
    )


def test_a_transcript_is_of_all_that_was_asked():
    """Also of other APIs, of what is ready, made up, or answered by nobody."""
    with intercept() as llm, httpx.Client() as client:
        llm.on("ready").reply(raw({"id": "x", "choices": []}))
        llm.on("made").reply(auto())
        ask("ready", stream=True)
        client.post(MESSAGES, json=message("made"))
        ask("nobody")
        llm.unmatched.clear()
        first, second, third = llm.transcript().split("\n\n")
        assert (first.split("\n")[0], first.split("\n")[-1]) == (
            "[1] openai.chat gpt-4o (stream)",
            "-> (200 from rule, RawReply)",
        )
        assert second.startswith("[2] anthropic.messages claude-")
        assert third.split("\n")[-1] == "-> (404, unmatched)"
    assert Interceptor().transcript() == ""


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_a_transcript_reads_what_was_said_whatever_says_it(api, stream, tmp_path):
    """A take, a ready body and deltas that are read but once say in it what a rule's own reply does."""
    said = Reply("It is sunny.", tool_call("f", city="Rome"))
    url, asked = APIS[api][stream], dict(APIS[api][2])
    if not api.startswith(("google", "bedrock")):
        asked["stream"] = stream
    with intercept(said, validate="off") as llm, httpx.Client() as client:
        answer = client.post(url, json=asked)
    told = [llm.transcript()]
    ready = raw(answer.content, headers={"content-type": answer.headers["content-type"]})
    with intercept(ready, validate="off") as llm, httpx.Client() as client:
        client.post(url, json=asked)
    told.append(llm.transcript())
    sent = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": answer.headers["content-type"]}, content=answer.content)
    )
    with httpx.Client(transport=InterceptTransport(recordings=tmp_path, mode="record", inner=sent)) as client:
        client.post(url, json=asked)
    with intercept(recordings=tmp_path, mode="replay", validate="off") as llm, httpx.Client() as client:
        client.post(url, json=asked)
    told.append(llm.transcript())
    lines = [[line for line in one.splitlines() if not line.startswith("-> (thinks)")] for one in told]
    assert lines[0] == lines[1] == lines[2]
    assert lines[0][-2].startswith("-> It is sunny.")
    assert lines[0][-1].startswith("-> f({")


def test_a_transcript_has_deltas_that_are_read_but_once():
    with intercept(lambda _: (word for word in ("one ", "two"))) as llm:
        httpx.post(URL, json=chat(stream=True))
    assert llm.transcript().endswith("-> one two")
