"""No text that we print by ourselves has a secret in it, wherever in an exchange it stands and wherever it is cut.

What a test asks for by name (`call.request.messages`) is the truth; what an error, a warning, a list of calls, a transcript or a
command says may stand in a CI log that others read.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner
from rich.console import Console

from llm_intercept import (
    InterceptTransport,
    Recordings,
    Reply,
    api_error,
    auto,
    errors,
    intercept,
    structured,
    tool_call,
)
from llm_intercept.cli.app import app
from llm_intercept.facts import RequestFacts, TakeFacts, Unmatched, Verdict
from llm_intercept.recording.compare import differences
from llm_intercept.shown import hidden, shorten, visible
from tests.amounts import amount
from tests.secret_cases import legitimate, secrets
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept import Interceptor

PART = 12  # consecutive characters of a secret that are too many
SECRETS = secrets(count=amount(220, 110))
FIXED = [
    ("OpenAI", "sk-proj-9aZ8bY7cX6dW5eV4fU3gT2hS1iR0jQ9kP8lO7mN6", "sk-proj-9aZ8bY7cX6dW5eV4fU3gT2hS1iR0jQ9kP8lO7mN6"),
    ("AWS", "AKIAZ7QXWBNJ4TRVKL2M", "AKIAZ7QXWBNJ4TRVKL2M"),
    ("URL password", "postgres://svc:hunter2Zx81kQ@db.internal/app", "hunter2Zx81kQ"),
    ("Bearer", "Authorization: Bearer 7fG2kkkQ9zLm41xTTpoW8v", "7fG2kkkQ9zLm41xTTpoW8v"),
]
WORDS = "Please tell me what is wrong with this configuration file of mine, which I have got from a friend of a friend, thanks. "


def leaks(text: str, core: str) -> bool:
    """Whether a text has a part of a secret, as it is or as it is written in JSON."""
    plain = re.sub(r"\s", "", text.replace("\\n", "").replace("…", " "))
    wanted = re.sub(r"\s", "", core)
    return any(wanted[at : at + PART] in plain for at in range(max(1, len(wanted) - PART + 1)))


def ask(body: dict[str, Any], **more: Any) -> httpx.Response:
    return httpx.post(URL, json=body, **more)


def printed(llm: Interceptor) -> str:
    """Print calls in each way there is."""
    screen = Console(file=io.StringIO(), width=240, record=True)
    screen.print(llm.calls)
    requests = [repr(call.request) for call in llm.calls]
    return "\n".join([repr(llm.calls), *map(repr, llm.calls), *requests, screen.export_text(), llm.transcript()])


def raised(does: Callable[[], object]) -> str:
    with pytest.raises(errors.LLMInterceptError) as told:
        does()
    return f"{told.value}\n{told.value!r}"


def told_of(said: str) -> str:
    """Ask with a text in all places, let nothing be as it should, and print all there is."""
    call = {"id": "c", "type": "function", "function": {"name": "run", "arguments": f'{{"of": {len(said)}}}'}}
    results = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": said}]
    with intercept() as llm:
        llm.on(tool_result=re.compile(".")).reply(Reply(said))
        llm.on(user=f"{said} !", system=said, json={"user": said}).reply(tool_call("run", command=said))
        refused = ask(chat(said, safety_identifier=said))
        ask({**chat(said), "messages": [*chat(said)["messages"], *results]})
        wrong = raised(lambda: llm.assert_called_with(f"{said} ?", json={"safety_identifier": f"{said} ?"}))
        unmatched = "".join(f"{one}{one!r}{one.request}" for one in llm.unmatched)
        text = "\n".join([refused.text, wrong, printed(llm), unmatched])
        llm.unmatched.clear()
    return text


@pytest.mark.parametrize("before", [0, 20, 39, 80, 117])
def test_no_list_of_calls_or_error_has_a_secret(before):
    """In a prompt, behind so many characters; in what is asked for, the arguments of a call, what a tool answers, a reply."""
    for name, secret, core in [*SECRETS[before % 17 :: 17], *FIXED]:
        text = told_of(f"{WORDS[:before]} {secret}")
        assert "[redacted]" in text, name
        assert not leaks(text, core), (name, [one for one in text.split("\n") if leaks(one, core)])


@pytest.mark.parametrize(("name", "secret", "core"), FIXED)
def test_no_error_or_warning_has_a_secret(name, secret, core):
    """Of settings, replies, rules, functions of a test, what was left out, what is too much."""
    del name

    def broken(request: Any) -> str:
        raise ValueError(secret)

    told = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(errors.UnmatchedRequestError) as unmatched, intercept() as llm:
            ask(chat(secret, model=secret), headers={"x-team": secret})
        told += [str(unmatched.value), repr(unmatched.value), printed(llm)]
        with pytest.raises(errors.BudgetExceededError) as spent, intercept(Reply(secret)) as llm:
            llm.on(user="never", model=secret).reply(secret)
            llm.budget(calls=0)
            ask(chat(secret))
            told += [raised(llm.assert_all_used), repr(llm.on(secret).reply("x"))]
            told += [raised(lambda: llm.calls.matching(source=secret))]
        told += [str(spent.value), repr(spent.value)]
        with pytest.raises(errors.ReplyFunctionError) as failed, intercept() as llm:
            llm.on("a").reply(tool_call(secret, x=secret))
            llm.reply(broken)
            ask(chat("a"))
            ask(chat("b"))
        told += [str(failed.value), repr(failed.value)]
        told += [raised(lambda: intercept("x", mode=secret)), raised(lambda: intercept("x", **{secret: 1}))]
    told += [str(one.message) for one in warned]
    takes = (TakeFacts(secret, secret, (secret,)),)
    facts = Unmatched(RequestFacts("POST", URL, secret, secret, (secret,)), secret, takes=takes)
    told += [str(facts), repr(facts), repr(Verdict(False, "x", secret, secret))]
    assert [one for one in told if leaks(one, core)] == []


@pytest.mark.parametrize(("name", "secret", "core"), FIXED)
def test_no_command_about_a_tape_prints_a_secret(name, secret, core, tmp_path):
    """Though its author keeps them, as `redaction=None` says."""
    del name
    for number, tape in enumerate(("a", "b")):
        kept = Recordings(tmp_path / tape, redaction=None)
        upstream = httpx.MockTransport(lambda _: httpx.Response(200, json=_answer(secret)))
        body = chat(f"{WORDS[: 20 + number]} {secret}", metadata={"a": f"{secret} {number}"})
        with httpx.Client(transport=InterceptTransport(inner=upstream, recordings=kept, mode="record")) as client:
            assert client.post(URL, json=body).is_success
    assert any(secret[:20] in one.read_text(encoding="utf-8") for one in (tmp_path / "a").iterdir())
    for command in (
        ["ls", "a"],
        ["ls", "a", "--json"],
        ["show", "a"],
        ["diff", "a", "b"],
        ["check", "a"],
        ["verify", "a"],
    ):
        done = CliRunner().invoke(
            app, ["recordings", command[0], *(str(tmp_path / one) if len(one) == 1 else one for one in command[1:])]
        )
        assert not leaks(done.output, core), command


def _answer(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def test_nothing_is_looked_through_unless_something_is_printed(monkeypatch):
    """Neither when rules are made, nor for an answer of any kind, however long its texts are."""
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "string"}]}},
        "required": ["a"],
    }
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    tool = {"type": "function", "function": {"name": "run", "parameters": schema}}
    monkeypatch.setattr("llm_intercept.shown.hidden", pytest.fail)
    for reply, more in (
        (WORDS, {}),
        (WORDS, {"stream": True}),
        (structured({"a": WORDS}), {"response_format": asked}),
        (auto(), {"response_format": asked}),
        (tool_call("run", a=WORDS), {"tools": [tool]}),
        (api_error(429, message=WORDS), {}),
        (Reply(WORDS, model="x"), {}),
    ):
        with intercept(reply) as llm:
            llm.on(user=f"{WORDS} not", json={"metadata": {"a": WORDS}}, url=f"https://x.test/{'a' * 200}").reply(
                reply
            ).optional()
            ask(chat(WORDS, **more))


def test_what_is_shown_is_shown_the_same_again():
    """A text is redacted when it is cut, when it is put in a message, and when that is printed."""
    for _, secret, core in [*SECRETS, *FIXED]:
        once = hidden(f"{WORDS} {secret} {WORDS}")
        assert hidden(once) == once
        assert not leaks(once, core)
        for limit in range(len(WORDS) - 5, len(WORDS) + 60, 13):
            assert not leaks(visible(f"got {shorten(f'{WORDS} {secret} {WORDS}', limit)} here"), core)
        first, *_ = differences({"a": f"{WORDS} {secret} x"}, {"a": f"{WORDS} {secret} y"})
        assert not leaks(str(first), core)


def test_what_only_looks_like_a_secret_is_shown():
    """Ids, paths, hashes, code: a message that hides these explains nothing."""
    for text in legitimate():
        assert visible(text, lines=True) == text


def test_a_transcript_is_the_same_whatever_the_key():
    """So a snapshot holds on another machine, with its key; and what a test asks for is what was said."""
    told = []
    for _, secret, _ in FIXED[:1] * 2:
        mine = secret.replace("9aZ8", f"{len(told)}aZ8")
        with intercept("Thanks.") as llm:
            ask(chat(f"My key:\n{mine}\nis it good?"))
            assert mine in llm.calls[0].request.last_user
        told.append(llm.transcript())
    assert told[0] == told[1]
    assert "  [redacted]\n  is it good?" in told[0]


@pytest.mark.parametrize("how", ["user", "json", "pattern", "unmatched"])
def test_texts_that_differ_in_a_secret_alone_are_told_apart(how):
    """What is shown of both is the same, and who reads it is told so, and where the truth is."""
    sent, wanted = (f"rotate {secret}{end} now" for secret, end in ((FIXED[0][1], ""), (FIXED[0][1], "x")))
    conditions: dict[str, Any] = {"json": {"messages": [{"content": wanted}]}} if how == "json" else {"user": wanted}
    if how == "pattern":
        conditions = {"user": re.compile(wanted)}
    with pytest.raises(errors.LLMInterceptError) as raised, intercept() as llm, httpx.Client() as client:
        (llm.on(**conditions) if how == "unmatched" else llm).reply("x")
        client.post(URL, json=chat(sent))
        llm.assert_called_with(**conditions)
    told = str(raised.value)
    assert FIXED[0][1] not in told
    assert told.count("[redacted] stands for what looks like a secret, and may be what differs") == 1
    assert llm.calls.last.request.raw["messages"][0]["content"] == sent


@pytest.mark.parametrize(
    ("sent", "conditions", "is_told"),
    [
        ("hello", {"user": "goodbye"}, False),
        ("my key {} is new", {"user": "goodbye"}, False),
        ("my key {} is new", {"user": "my key {} is old"}, False),
        ("my key {} is new", {"user": "my key sk-other is new"}, True),
        ("my key sk-other is new", {"user": "my key {} is new"}, True),
        ("{}", {"user": "goodbye"}, False),
        ("{}", {"json": {"model": "another"}}, False),
        ("{}", {"json": {"messages": [{"role": "user", "content": "{} x"}]}}, False),
        ("{} x", {"json": {"messages": [{"role": "user", "content": "sk-other x"}]}}, True),
        ("word " * 50, {"user": "of {} at the end"}, True),
    ],
)
def test_a_mask_is_named_only_where_it_may_be_what_differs(sent, conditions, is_told):
    """What differs plainly is told alone; where the rest is alike, or is not shown, the mask may be it."""

    def put(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("{}", FIXED[0][1]))

    with intercept("x") as llm, httpx.Client() as client:
        client.post(URL, json=chat(put(sent)))
        with pytest.raises(errors.ExpectationError) as raised:
            llm.assert_called_with(**put(conditions))
    assert ("may be what differs" in str(raised.value)) == is_told
    assert FIXED[0][1] not in str(raised.value)
