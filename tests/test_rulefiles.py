"""Rules in files: what each key does, what is said of mistakes, and the ways a file is given."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Interceptor, intercept
from llm_intercept.cli.app import app
from llm_intercept.errors import RuleFileError, SettingsError, UnmatchedRequestError
from llm_intercept.rulefiles.load import ReplyInFile, RuleInFile, RulesFile, json_schema
from tests.amounts import examples
from tests.support import URL, ask, chat

if TYPE_CHECKING:
    from pathlib import Path

Write = Callable[[str, Any], "Path"]
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "Person", "schema": {"type": "object"}}}
ASK = """
import httpx
for text in ("refund please", "something else"):
    answer = httpx.post("https://api.openai.com/v1/chat/completions", json={
        "model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
    print(answer.status_code, answer.json().get("choices", [{}])[0].get("message", {}).get("content"))
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of rules into an empty folder, which is the current one; a value that is no text becomes JSON."""
    monkeypatch.chdir(tmp_path)

    def written(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return written


def post(user: str = "hi", **more: Any) -> httpx.Response:
    """Send a request."""
    return httpx.post(URL, json=chat(user, **more))


def message(user: str = "hi", **more: Any) -> dict[str, Any]:
    """Send a request and read the assistant's message."""
    response = post(user, **more)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["choices"][0]["message"]
    return found


def mistake(path: Path) -> str:
    """Say what is wrong with a file."""
    with pytest.raises(RuleFileError) as raised:
        Interceptor(rules=path)
    return str(raised.value)


# What a file can say

ALL_TOML = """
"$schema" = "./schema.json"

[[rules]]
match = { regex = "^REFUND", flags = "i" }
user = "refund"
system = "shop"
last = "refund"
model = "gpt-4o*"
api = "openai.*"
tool = "get_weather"
turn = [1, 2]
stream = false
response_format = "Person"
headers = { x-team = { regex = "^a" }, x-plain = "b" }
url = "/v1/chat"
json = { temperature = 0, metadata = { a = "b" } }
reply = "all of them"
times = 1
optional = false

[[rules]]
tool_result = "get_weather"
reply = "sunny"

[[rules]]
reply = "anything"
"""
MATCHING: dict[str, Any] = {
    "messages": [{"role": "system", "content": "You keep a shop."}, {"role": "user", "content": "Refund me"}],
    "model": "gpt-4o-mini",
    "tools": [TOOL],
    "response_format": SCHEMA,
    "temperature": 0,
    "metadata": {"a": "b", "c": "d"},
}
HEADERS = {"x-team": "ab", "x-plain": "b"}


def answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> str:
    """Send a body with headers and read the text."""
    text: str = httpx.post(URL, json=body, headers=headers).json()["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_every_condition_of_a_rule_can_be_written_and_must_hold(write, suffix):
    """Taking any one thing out of the request makes the rule step aside."""
    import tomllib

    path = write("r" + suffix, ALL_TOML if suffix == ".toml" else tomllib.loads(ALL_TOML))
    others = [{**MATCHING, **change} for change in CHANGES]
    for body in others:
        with intercept(rules=path):
            assert answer(body, HEADERS) == "anything", body
    with intercept(rules=path) as llm:
        assert answer(MATCHING, {"x-team": "b", "x-plain": "b"}) == "anything"
        assert answer(MATCHING, HEADERS) == "all of them"
        assert answer(MATCHING, HEADERS) == "anything"  # times = 1
        assert answer(AFTER_TOOL) == "sunny"
        assert [call.rule.where.partition(":")[0] for call in llm.calls] == ["r" + suffix] * 4


SYSTEM, USER = MATCHING["messages"]
ASSISTANT = {"role": "assistant", "content": "yes?"}
CHANGES: list[dict[str, Any]] = [
    {"messages": [SYSTEM, {"role": "user", "content": "I want a refund"}]},
    {"messages": [USER]},
    {"messages": [SYSTEM, USER, ASSISTANT]},
    {"messages": [SYSTEM, ASSISTANT, USER, ASSISTANT, USER]},
    {"model": "gpt-4"},
    {"tools": []},
    {"response_format": None},
    {"temperature": 1},
    {"metadata": {"c": "d"}},
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
AFTER_TOOL = {
    "model": "gpt-4o",
    "messages": [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
    ],
}


def test_a_stream_can_be_asked_for(write):
    """`stream = true` matches streams alone."""
    path = write("r.json", {"rules": [{"stream": True, "reply": "streamed"}, {"reply": "not"}]})
    with intercept(rules=path):
        assert ask(httpx) == "not"
        assert '"content":"stream"' in post(stream=True).text.replace(" ", "")


@pytest.mark.parametrize(
    ("flags", "text", "holds"),
    [("", "A", False), ("i", "A", True), ("x", "a", True), ("ix", "A", True), ("i x", "A", True), ("m", "b\na", True)],
)
def test_the_flags_of_a_pattern_are_pythons(write, flags, text, holds):
    """`i`, `m`, `s`, `x` and `a`, in any order."""
    pattern = {"regex": "^ a" if "x" in flags else "^a", "flags": flags}
    path = write("r.json", {"rules": [{"match": pattern, "reply": "yes"}, {"reply": "no"}]})
    with intercept(rules=path):
        assert ask(httpx, text) == ("yes" if holds else "no")


SAID: list[tuple[Any, dict[str, Any]]] = [
    ("hi", {"content": "hi"}),
    ("", {"content": ""}),
    ({"text": "hi"}, {"content": "hi"}),
    ({"deltas": ["a", "b"]}, {"content": "ab"}),
    ({"refusal": "no"}, {"content": None, "refusal": "no"}),
    ({"structured": {"a": 1}}, {"content": '{"a":1}'}),
    ({"structured": [1, 2]}, {"content": "[1,2]"}),
    ({"structured": None}, {"content": "null"}),
    ({"raw": {"choices": [{"message": {"content": "raw"}}]}}, {"content": "raw"}),
    ({"text": "a", "reasoning": "because"}, {"content": "a", "reasoning_content": "because"}),
]


@pytest.mark.parametrize(("reply", "expected"), SAID, ids=json.dumps)
def test_every_form_of_a_reply_can_be_written(write, reply, expected):
    """Each says in the message what it says in the file."""
    with intercept(rules=write("r.json", {"rules": [{"reply": reply}]})):
        found = message()
    assert {key: found.get(key) for key in expected} == expected


OF_OTHERS: list[tuple[Any, str, dict[str, Any], Any]] = [
    ({"embedding": [0.5, 1]}, "embeddings", {"input": ["a", "b"]}, [[0.5, 1.0], [0.5, 1.0]]),
    ({"embedding": [[0.5], [0.25]]}, "embeddings", {"input": ["a", "b"]}, [[0.5], [0.25]]),
    ({"moderation": {}}, "moderations", {"input": "a"}, [[]]),
    ({"moderation": {"violence": True, "hate": 0.9, "sexual": 0.1}}, "moderations", {"input": "a"},
     [["hate", "violence"]]),
    ([{"moderation": {"hate": True}}, {"moderation": {}}], "moderations", {"input": ["a", "b"]}, [["hate"], []]),
    ({"type": "web_search_call"}, "responses", {"input": "a"}, ["web_search_call"]),
    (["first", {"type": "web_search_call"}, "last"], "responses", {"input": "a"},
     ["message", "web_search_call", "message"]),
]  # fmt: skip


def told(path: str, body: dict[str, Any]) -> Any:
    """Read of an answer of another API what a reply says of it."""
    if path == "embeddings":
        return [one["embedding"] for one in body["data"]]
    if path == "moderations":
        return [sorted(name for name, is_found in one["categories"].items() if is_found) for one in body["results"]]
    return [item["type"] for item in body["output"]]


@pytest.mark.parametrize(
    ("reply", "path", "asked", "expected"), OF_OTHERS, ids=lambda one: json.dumps(one, default=str)
)
def test_what_only_one_api_says_can_be_written(write, reply, path, asked, expected):
    """Vectors, what a moderation finds, and items that the API itself makes."""
    import jsonschema

    jsonschema.Draft202012Validator(json_schema()).validate({"rules": [{"reply": reply}]})
    with intercept(rules=write("r.json", {"rules": [{"reply": reply}]})):
        response = httpx.post(f"https://api.openai.com/v1/{path}", json={"model": "gpt-4o", **asked})
    assert told(path, response.json()) == expected


def test_tool_calls_are_written_with_mappings_or_text(write):
    """Arguments may be a table, JSON text or left out; an id may be given; `input` makes a custom call."""
    calls = [
        {"name": "a", "arguments": {"x": 1}, "id": "call_own"},
        {"name": "b", "arguments": '{"y": 2}'},
        {"name": "c"},
        {"name": "d", "input": "free text"},
    ]
    with intercept(rules=write("r.json", {"rules": [{"reply": {"tool_calls": calls}}]})):
        a, b, c, d = message()["tool_calls"]
    assert (a["id"], json.loads(a["function"]["arguments"])) == ("call_own", {"x": 1})
    assert json.loads(b["function"]["arguments"]) == {"y": 2}
    assert json.loads(c["function"]["arguments"]) == {}
    assert (d["type"], d["custom"]) == ("custom", {"name": "d", "input": "free text"})


def test_a_list_is_one_turn_of_several_parts(write):
    """Text and a tool call in one message."""
    turn = ["Let me look.", {"tool_calls": [{"name": "get_weather"}]}]
    with intercept(rules=write("r.json", {"rules": [{"reply": turn}]})):
        found = message()
    assert (found["content"], found["tool_calls"][0]["function"]["name"]) == ("Let me look.", "get_weather")


def test_the_rest_of_an_answer_can_be_written(write):
    """Finish reason, usage and model are those given."""
    reply = {"text": "cut", "finish_reason": "length", "model": "mine", "usage": {"input_tokens": 7}}
    with intercept(rules=write("r.json", {"rules": [{"reply": reply}]})):
        body = post().json()
    assert (body["choices"][0]["finish_reason"], body["model"]) == ("length", "mine")
    assert body["usage"]["prompt_tokens"] == 7


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        ({"error": 503}, 503, ""),
        ({"error": "rate_limit_exceeded", "message": "slow down", "code": "own", "retry_after": 2}, 429, "slow down"),
    ],
)
def test_an_error_is_written_by_status_or_name(write, reply, status, words):
    """With its own message, code and `retry_after`."""
    with intercept(rules=write("r.json", {"rules": [{"reply": reply}]})):
        response = post()
    assert response.status_code == status
    assert words in response.json()["error"]["message"]
    if words:
        assert (response.headers["retry-after"], response.json()["error"]["code"]) == ("2", "own")


def test_auto_answers_what_the_request_asks_for(write):
    """A valid instance of the schema, or the text given."""
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    asked = {"type": "json_schema", "json_schema": {"name": "P", "schema": schema}}
    rules = [{"response_format": "P", "reply": {"auto": True}}, {"reply": {"auto": "the text"}}]
    with intercept(rules=write("r.json", {"rules": rules})):
        assert isinstance(json.loads(message(response_format=asked)["content"])["age"], int)
        assert message()["content"] == "the text"


def test_auto_calls_the_tools_in_a_file_too(write):
    """Each once, before the text."""
    tools = [{"type": "function", "function": {"name": "f"}}]
    with intercept(rules=write("r.json", {"rules": [{"reply": {"auto": "the text", "tools": "each once"}}]})):
        assert [call["function"]["name"] for call in message(tools=tools)["tool_calls"]] == ["f"]
        assert message()["content"] == "the text"


def test_passthrough_lets_the_request_out(write, server):
    """The server gets it."""
    rules = [{"match": "out", "reply": {"passthrough": True}}, {"reply": "in"}]
    with intercept(rules=write("r.json", {"rules": rules})) as llm:
        httpx.post(server.url + "/v1/chat/completions", json=chat("out"))
        assert ask(httpx, "else") == "in"
    assert [call.source for call in llm.calls] == ["live", "rule"]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("then", "expected"),
    [("end", ["a", "b", None, None]), ("cycle", ["a", "b", "a", "b"]), ("repeat_last", ["a", "b", "b", "b"])],
)
def test_a_script_ends_or_begins_again_or_repeats_its_last(write, then, expected):
    """As `then` says; a script that has run out is an error, even where a later rule would match."""
    path = write("r.toml", f'[[rules]]\nreplies = ["a", {{ text = "b" }}]\nthen = "{then}"\n[[rules]]\nreply = "c"\n')
    with intercept(rules=path) as llm:
        found = [(response.json()["choices"][0]["message"]["content"] if response.is_success else None)
                 for response in (post() for _ in range(4))]  # fmt: skip
        assert "all 2 of its replies are used" in str(llm.unmatched) or then != "end"
        llm.unmatched.clear()
    assert found == expected


def test_a_key_gives_each_conversation_a_cursor_of_its_own(write):
    """`key = "model"` here."""
    with intercept(rules=write("r.toml", '[[rules]]\nreplies = ["one", "two"]\nkey = "model"\n')):
        assert [ask(httpx, model=model) for model in "abab"] == ["one", "one", "two", "two"]


def test_times_limits_a_rule_which_then_steps_aside(write):
    """Then the next one answers."""
    with intercept(rules=write("r.toml", '[[rules]]\nreply = "a"\ntimes = 2\n[[rules]]\nreply = "b"\n')):
        assert [ask(httpx) for _ in range(4)] == ["a", "a", "b", "b"]


def test_rules_with_conditions_come_before_those_without(write):
    """As with rules made in Python."""
    with intercept(rules=write("r.toml", '[[rules]]\nreply = "any"\n[[rules]]\nmatch = "x"\nreply = "x"\n')):
        assert ask(httpx, "x") == "x"


# What is said of mistakes

MISTAKES: list[tuple[str, str, tuple[str, ...]]] = [
    ("a rule's key", 'modle = "gpt-4o"\nreply = "hi"', ("rules[1].modle", "'gpt-4o'", "Did you mean 'model'?")),
    ("a reply's key", 'reply = { txt = "hi" }', ("rules[1].reply.txt", "'hi'", "Did you mean 'text'?")),
    ("a reply's key in a script", 'replies = ["a", { txt = "hi" }]', ("rules[1].replies[1].txt", "'hi'", "'text'")),
    (
        "a call's key",
        'reply = { tool_calls = [{ name = "f", argments = {} }] }',
        ("tool_calls[0].argments", "{}", "Did you mean 'arguments'?"),
    ),
    ("a pattern's key", 'user = { regx = "a" }\nreply = "x"', ("rules[1].user.regx", "'a'", "Did you mean 'regex'?")),
    ("an item's type", "reply = { type = 3 }", ("rules[1].reply", "3", "An item that the API itself makes has a type")),
    (
        "a type of a text",
        'reply = { type = "text", text = "hi" }',
        ("rules[1].reply.type", "there is no such key", "'text'"),
    ),
    ("a vector", 'reply = { embedding = ["a"] }', ("rules[1].reply", "'a'", "A vector is a list of finite numbers")),
    ("a score", "reply = { moderation = { hate = 2 } }", ("rules[1].reply", "hate", "from 0 to 1")),
    (
        "vectors with a text",
        'reply = { embedding = [1.0], text = "a" }',
        ("rules[1].reply", "do not go together", "Give one kind of reply"),
    ),
    ("a name's type", 'model = 4\nreply = "hi"', ("rules[1].model", "4", "Use a str, or a pattern")),
    (
        "a reply's type",
        "reply = 4",
        ("rules[1].reply: 4", 'Use a str, a table such as { text = "…" }, or a list of these.'),
    ),
    (
        "a pattern",
        'user = { regex = "(" }\nreply = "hi"',
        ("rules[1].user.regex: '(' is not a pattern: missing ), unterminated",),
    ),
    (
        "a pattern's flags",
        'user = { regex = "a", flags = "q" }\nreply = "x"',
        ("rules[1].user.flags", "'q'", "Use letters of a, i, m, s, x."),
    ),
    ("two kinds of reply", 'reply = "hi"\nreplies = ["a"]', ("rules[1]: reply and replies are both given",)),
    ("no reply", 'model = "a"', ("rules[1]: neither reply nor replies is given", "Give reply, or a script")),
    ("an empty script", "replies = []", ("rules[1].replies", "[]", "Use at least 1.")),
    ("a script that is none", 'replies = "a"', ("rules[1].replies", "'a'", "list")),
    ("an error's name", 'reply = { error = "nope" }', ("rules[1].reply.error: ", "'nope'", "rate_limit_exceeded")),
    ("an error's status", "reply = { error = 200 }", ("rules[1].reply.error: ", "200", "from 400 to 599")),
    ("a turn", 'turn = 0\nreply = "a"', ("rules[1].turn", "0", "Use an int, 1 or more.")),
    ("one turn of several", 'turn = [1, 0]\nreply = "a"', ("rules[1].turn[1]", "0")),
    (
        "a turn's type",
        'turn = "1"\nreply = "a"',
        ("rules[1].turn", "'1'", "Use an int, 1 for the first answer, or a list of these."),
    ),
    (
        "a call without a name",
        "reply = { tool_calls = [{ arguments = {} }] }",
        ("rules[1].reply.tool_calls[0]: name is missing",),
    ),
    (
        "arguments",
        'reply = { tool_calls = [{ name = "f", arguments = "{a" }] }',
        ("rules[1].reply.tool_calls[0].arguments: ", "'{a'", "not JSON"),
    ),
    ("times", 'reply = "x"\ntimes = 0', ("rules[1].times", "0", "Use an int, 1 or more.")),
    ("then", 'replies = ["x"]\nthen = "again"', ("rules[1].then", "'again'", "'cycle'")),
    ("a script's key", 'replies = ["x", "y"]\nkey = "agent"', ("rules[1].key", "'agent'", "'conversation'")),
    ("stream", 'stream = "yes"\nreply = "x"', ("rules[1].stream", "'yes'", "Use true or false.")),
    ("a header", 'headers = { a = 1 }\nreply = "x"', ("rules[1].headers.a: 1", "Use a str, or a pattern")),
    ("headers", 'headers = {}\nreply = "x"', ("rules[1].headers: {}",)),
    ("json", 'json = "x"\nreply = "x"', ("rules[1].json", "'x'", "Use a table.")),
    ("a finish reason", 'reply = { finish_reason = "stops" }', ("rules[1]", "'stops'", "'stop'")),
    (
        "a wait",
        "reply = { error = 429, retry_after = -1 }",
        ("rules[1].reply.retry_after: -1", "Use seconds, 0 or more."),
    ),
    ("text and deltas", 'reply = { text = "ab", deltas = ["c"] }', ("rules[1]", "both text and deltas")),
    (
        "arguments and input",
        'reply = { tool_calls = [{ name = "f", arguments = {}, input = "x" }] }',
        ("tool_calls[0]: arguments and input do not",),
    ),
    (
        "a date",
        'json = { a = [2020-01-01] }\nreply = "x"',
        ("rules[1].json.a[0]: 2020-01-01 is a date", "Write it as a str."),
    ),
    (
        "a time among arguments",
        'reply = { tool_calls = [{ name = "f", arguments = { t = 10:00:00 } }] }',
        ("arguments.t: 10:00:00",),
    ),
    (
        "a date to answer with",
        "reply = { structured = { d = 2020-01-01 } }",
        ("rules[1].reply.structured.d: 2020-01-01",),
    ),
    ("not a number", "reply = { raw = { x = nan } }", ("rules[1].reply.raw.x: nan",)),
    ("an empty reply", "reply = {}", ("rules[1].reply: an empty table answers nothing",)),
    ("a turn of no parts", "reply = []", ("rules[1].reply: []", "Use at least 1.")),
    ("then without a script", 'reply = "x"\nthen = "cycle"', ("rules[1].then: 'cycle'", "Leave then out")),
    ("a key without a script", 'reply = "x"\nkey = "model"', ("rules[1].key: 'model'", "Leave key out")),
    ("kinds of reply", 'reply = { text = "a", error = 500 }', ("rules[1].reply: error and text do not go together",)),
    ("a message of no error", 'reply = { message = "a" }', ("belong to an error. Give error too.",)),
    ("an error's type", "reply = { error = 4.5 }", ("rules[1].reply.error: 4.5", "Use a status from 400 to 599, or")),
    (
        "a body's type",
        "reply = { raw = 3 }",
        ("rules[1].reply.raw: 3", "a list of tables (the chunks of a stream), or a str"),
    ),
    (
        "usage",
        "reply = { usage = { input = 1 } }",
        ("rules[1].reply.usage.input: there is no such key", "input_tokens"),
    ),
    ("a part of a turn", 'reply = ["a", { error = 500 }]', ("rules[1].reply: Part 1",)),
    ("a part's type", 'reply = ["a", 3]', ("rules[1].reply[1]: 3", "Use a str, or a table")),
    ("a refusal", 'reply = { refusal = "" }', ("rules[1].reply.refusal: ''", "Say why")),
    ("auto", "reply = { auto = false }", ("rules[1].reply.auto: False", "Use true")),
    ("tools", 'reply = { text = "a", tools = "each once" }', ("tools belongs to auto", "Give auto = true too.")),
    ("tools of auto", 'reply = { auto = true, tools = "all" }', ("rules[1].reply.tools: 'all'", "each once")),
    ("optional", 'reply = "x"\noptional = "no"', ("rules[1].optional", "'no'", "Use true or false.")),
]


@pytest.mark.parametrize(("rule", "words"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES])
def test_a_mistake_is_told_with_file_line_key_and_value(write, rule, words):
    """The line is that at which the rule begins; the text says what to write instead."""
    told = mistake(write("mine.toml", f'# rules\n[[rules]]\nreply = "first"\n\n[[rules]]\n{rule}\n'))
    assert told.startswith("mine.toml:5: rules[1]")
    for word in words:
        assert word in told
    assert "errors.pydantic.dev" not in told
    assert len(told.splitlines()) == 1


STRINGS = [
    '[[rules]]\nreply = """\n[[rules]]\n"""\n',
    "[[rules]]\nreply = '''\n[[rules]]\n'''\n\n",
    '# """\n[[rules]]\nreply = "a # \'\'\'"\n',
]


@pytest.mark.parametrize("first", STRINGS, ids=["basic", "literal", "comment"])
def test_what_stands_in_a_string_or_comment_is_no_rule(write, first):
    """The line is the next rule's."""
    told = mistake(write("mine.toml", first + '[["rules"]]\nmodle = "x"\nreply = "b"\n'))
    assert told.startswith(f"mine.toml:{first.count(chr(10)) + 1}: rules[1].modle: there is no such key")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    """Some editors write one."""
    path = tmp_path / "r.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    with intercept(rules=path):
        assert ask(httpx, "refund") == "Your refund is on its way."


def test_in_json_the_line_is_that_of_the_rule_too(write):
    """Wherever its brace stands."""
    told = mistake(write("mine.json", '{"rules": [\n {"reply": "a"},\n {\n  "modle": "x", "reply": "b"}\n]}'))
    assert told.startswith("mine.json:3: rules[1].modle: there is no such key (its value is 'x').")


WHOLE: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("the key rules misspelt", "r.toml", '[[rule]]\nreply = "a"\n', ("rule: there is no such key", "mean 'rules'")),
    ("a key beside rules", "r.toml", 'version = 1\n[[rules]]\nreply = "a"\n', ("version: there is no such key", "1")),
    ("no rules", "r.toml", "", ("r.toml: the file has no rules. Begin each with [[rules]].",)),
    ("no rules, JSON", "r.json", "{}", ('r.json: the file has no rules. Write {"rules": […]}.',)),
    ("rules that are none", "r.json", '{"rules": "a"}', ("rules: 'a'", "Use a list of tables")),
    ("a rule that is none", "r.json", '{"rules": ["a"]}', ("r.json:1: rules[0]: 'a'", "Use a table.")),
    (
        "one bracket",
        "r.toml",
        '[rules]\nreply = "a"\n',
        ("r.toml: rules: there is one table", "Write [[rules]], with two brackets."),
    ),
    (
        "a key twice",
        "r.json",
        '{"rules": [{"reply": "a"},\n{"reply": "b", "reply": "c"}]}',
        ("r.json:2: rules[1]: the key 'reply' is given twice",),
    ),
    (
        "a key twice, elsewhere",
        "r.json",
        '{"$schema": "a", "$schema": "b"}',
        ("r.json: the key '$schema' is given twice",),
    ),
    ("NaN", "r.json", '{"rules": [{"reply": {"structured": NaN}}]}', ("it is not JSON: NaN is not JSON",)),
    ("an example, JSON", "r.json", '{"rules": [{"reply": 4}]}', ('a table such as {"text": "…"}, or a list',)),
    (
        "rules in line",
        "r.toml",
        'rules = [{ modle = "a", reply = "b" }]',
        ("r.toml: rules[0].modle: there is no such key",),
    ),
    ("a list", "r.json", '[{"reply": "a"}]', ("r.json", "[{'reply': 'a'}]", "a file of rules is a table")),
    ("not TOML", "r.toml", '[[rules]\nreply = "a"\n', ("r.toml", "r.toml:1: it is not TOML", "at column 8")),
    ("not JSON", "r.json", '{"rules": [}', ("r.json", "r.json:1: it is not JSON", "at column 12")),
    ("an empty JSON file", "r.json", "", ("r.json", "it is not JSON")),
    ("a .py without the function", "r.py", "x = 1", ("r.py", "no function rules", "def rules(llm)")),
]


@pytest.mark.parametrize(("name", "text", "words"), [one[1:] for one in WHOLE], ids=[one[0] for one in WHOLE])
def test_a_file_that_is_none_is_told_with_its_name(write, name, text, words):
    """What it is not, and what to write."""
    told = mistake(write(name, text))
    assert told.split(":")[0].endswith(name)
    for word in words:
        assert word in told


@pytest.mark.parametrize("content", [b'[[rules]]\nreply = "\xe9"\n', b'\xff\xfe{"rules": []}'])
def test_a_file_of_another_encoding_is_told(tmp_path, content):
    """Files of rules are UTF-8."""
    path = tmp_path / "r.toml"
    path.write_bytes(content)
    assert str(path) in mistake(path)


def test_json_nested_too_deep_is_told(write):
    """It is no rules file, whatever it is."""
    assert "r.json" in mistake(write("r.json", "[" * 100_000))


@pytest.mark.parametrize(
    "code",
    [
        "def rules(llm):\n    raise KeyError('x')\n",
        "def rules(llm:\n",
        "import no_such_module\n",
        "def rules():\n    pass\n",
        "def rules(llm):\n    llm.on(modle=1)\n",
        "raise SystemExit(3)\n",
    ],
    ids=["raises", "syntax", "import", "arguments", "condition", "exits"],
)
def test_a_python_file_that_raises_is_told_with_its_line(write, code):
    """The innermost of the file; the cause says the rest."""
    path = write("r.py", code)
    line = 2 if "    llm.on" in code or "    raise" in code else 1
    with pytest.raises(RuleFileError, match=rf"^r\.py:{line}: ") as raised:
        Interceptor(rules=path)
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("code", ["async def rules(llm):\n    pass\n", "def rules(llm):\n    yield\n"])
def test_a_function_that_would_only_begin_is_refused(write, code):
    """It would make no rules; in a file or given as it is."""
    assert mistake(write("r.py", code)).startswith("r.py:1: rules(llm) would only begin when it is called")
    names: dict[str, Any] = {}
    exec(code, names)
    with pytest.raises(SettingsError, match="a plain function"):
        Interceptor(rules=names["rules"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted({*RuleInFile.model_fields, *ReplyInFile.model_fields, "json", "rules", "name"})),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
RULES = st.fixed_dictionaries(
    {"reply": VALUES},
    optional=dict.fromkeys(("match", "model", "turn", "headers", "json", "replies", "times", "then", "key"), VALUES),
)
FILES = VALUES | st.fixed_dictionaries({"rules": VALUES | st.lists(RULES, max_size=2)})


@settings(deadline=None, max_examples=examples(100))
@given(FILES)
def test_any_json_either_loads_or_is_a_rule_file_error(tmp_path_factory, value):
    """Nothing else comes of it, and the message is one line that names the file."""
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}-any.json"
    path.write_text(json.dumps(value))
    _tick(path)
    try:
        Interceptor(rules=path)
    except RuleFileError as error:
        assert path.name in str(error)  # noqa: PT017 - it need not be raised


_ticks = iter(range(1_000_000_000, 10_000_000_000_000, 1_000_000_000))


def _tick(path: Path) -> None:
    """Give a file a time of its own: it is written more often than the clock ticks."""
    now = next(_ticks)
    os.utime(path, ns=(now, now))


@settings(deadline=None, max_examples=examples(50))
@given(st.text(max_size=40))
def test_any_text_as_toml_either_loads_or_is_a_rule_file_error(tmp_path_factory, text):
    """Nothing else comes of it."""
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}-any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    _tick(path)
    with pytest.raises(RuleFileError, match=re.escape(path.name)):
        Interceptor(rules=path)


# The ways a file is given

GOOD = '[[rules]]\nmatch = "refund"\nreply = "Your refund is on its way."\n'


@pytest.mark.parametrize("kind", ["str", "Path", "relative", "list", "function", "mixed"])
def test_rules_are_given_as_a_path_a_list_or_a_function(write, kind):
    """Or several of these."""

    def rules(llm: Interceptor) -> None:
        llm.on("function").reply("of the function")

    path = write("r.toml", GOOD)
    given: dict[str, Any] = {
        "str": str(path),
        "Path": path,
        "relative": "r.toml",
        "list": [path],
        "function": rules,
        "mixed": (rules, path),
    }
    with intercept(rules=given[kind]) as llm:
        llm.reply("other")
        assert ask(httpx, "function") == ("of the function" if kind in {"function", "mixed"} else "other")
        assert ask(httpx, "refund") == ("other" if kind == "function" else "Your refund is on its way.")


def test_a_python_file_makes_rules_with_its_function(write):
    """`def rules(llm)`; the rule's place is the line in that file."""
    path = write("r.py", "def rules(llm):\n    llm.on('refund').reply(lambda request: request.model)\n")
    with intercept(rules=path) as llm:
        assert ask(httpx, "refund", model="m") == "m"
    assert llm.calls[0].rule.where == "r.py:2"


@pytest.mark.parametrize("given", ["nowhere.toml", "rules.yaml", 3, ["r.toml", None], ""])
def test_what_is_no_file_of_rules_is_refused(write, given):
    """A missing file, another ending, another type."""
    write("r.toml", GOOD)
    write("rules.yaml", "rules: []")
    with pytest.raises(SettingsError, match=r"rules=.* cannot be used\. Use the path of a"):
        intercept(rules=given)


def test_a_missing_file_is_told_with_the_folder_it_was_looked_for_in(tmp_path, monkeypatch):
    """A relative path is from the current folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=re.escape(f"from {tmp_path} there is none")):
        intercept(rules="nowhere.toml")


def test_a_file_changed_between_two_blocks_is_read_again(write):
    """And one not changed is the same rules with fresh counts."""
    path = write("r.toml", '[[rules]]\nreplies = ["a"]\ntimes = 1\n')
    for expected in ("a", "a", "b"):
        if expected == "b":
            write("r.toml", '[[rules]]\nreplies = ["b"]\ntimes = 1\n')
            _tick(path)
        with intercept(rules=path):
            assert ask(httpx) == expected


def test_a_decorated_function_gets_the_files_rules_anew_at_each_call(write):
    """A script of the file begins again."""

    @intercept(rules=write("r.toml", '[[rules]]\nreplies = ["a", "b"]\n'))
    def twice() -> list[str]:
        return [ask(httpx), ask(httpx)]

    assert [twice(), twice()] == [["a", "b"], ["a", "b"]]


@pytest.mark.parametrize("kind", ["file", "function"])
def test_rules_given_come_before_those_made_later_and_need_not_be_used(write, kind):
    """Even where all rules are to be used."""

    def rules(llm: Interceptor) -> None:
        llm.on("refund").reply("given")
        llm.on("never").reply("never")

    path = write(
        "r.toml", GOOD.replace("Your refund is on its way.", "given") + '[[rules]]\nmatch = "x"\nreply = "x"\n'
    )
    with intercept(rules=path if kind == "file" else rules, all_used=True) as llm:
        llm.on("refund").reply("later").optional()
        llm.on("hi").reply("hi there")
        assert [ask(httpx, "refund"), ask(httpx, "hi")] == ["given", "hi there"]


def test_an_unmatched_request_names_the_files_rule_and_line(write):
    """As for a rule in Python."""
    with pytest.raises(UnmatchedRequestError) as raised, intercept(rules=write("r.toml", "\n" + GOOD)):
        post("refnud please")
    told = str(raised.value)
    assert "at r.toml:2" in told
    assert "'refnud' is near" in told


# By the environment, without code


def test_the_environment_names_a_file_of_rules_and_a_log(run_python, tmp_path):
    """What it does not answer is a 404, told when the program ends; its exit code stays its own.

    The log has a line of JSON for each call: where the answer came from, by which rule, and the request.
    """
    (tmp_path / "r.toml").write_text(GOOD)
    done = run_python(ASK, LLM_INTERCEPT="mock", LLM_INTERCEPT_RULES="r.toml", LLM_INTERCEPT_LOG="calls.jsonl")
    assert (done.returncode, done.stdout) == (0, "200 Your refund is on its way.\n404 None\n"), done.stderr
    said, *rest = done.stderr.splitlines()
    assert said.endswith("are answered by the rules in r.toml")
    assert "when the program ended, this had gone wrong" in "\n".join(rest)
    assert "at r.toml:1" in "\n".join(rest)
    first, second = map(json.loads, (tmp_path / "calls.jsonl").read_text().splitlines())
    answered = (first["source"], first["status"], first["where"], first["last_user"])
    assert answered == ("rule", 200, "r.toml:1", "refund please")
    assert (second["source"], second["status"], second["rule"]) == ("unmatched", 404, None)
    assert first["request"]["messages"] == [{"role": "user", "content": "refund please"}]


def test_the_environments_rules_may_be_python_and_its_reply_answers_what_they_do_not(run_python, tmp_path):
    """A .py file beside the program; the line on stderr says both."""
    (tmp_path / "r.py").write_text(
        "def rules(llm):\n    llm.on('refund').reply(lambda request: request.last_user.upper())\n"
    )
    done = run_python(ASK, LLM_INTERCEPT="mock", LLM_INTERCEPT_RULES="r.py", LLM_INTERCEPT_REPLY="else")
    assert (done.returncode, done.stdout) == (0, "200 REFUND PLEASE\n200 else\n"), done.stderr
    assert done.stderr.endswith("by the rules in r.py, and with 'else' where none matches\n")


BROKEN = [
    ("r.toml", '[[rules]]\nmodle = "x"\nreply = "a"\n', "r.toml:1: rules[0].modle: there is no such key"),
    ("r.json", '{"rules": [}', "r.json:1: it is not JSON"),
    ("r.py", "x = 1\n", "r.py: the file has no function rules"),
]


def test_a_broken_file_in_the_environment_ends_the_program_before_a_request(run_python, tmp_path):
    """With exit code 2 and one message; nothing goes out."""
    name, text, told = BROKEN[0]
    (tmp_path / name).write_text(text)
    done = run_python(ASK, LLM_INTERCEPT="mock", LLM_INTERCEPT_RULES=name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert f"llm-intercept: {told}" in done.stderr


def test_a_python_file_that_raises_in_the_environment_ends_the_program(run_python, tmp_path):
    """It is a broken file too."""
    (tmp_path / "r.py").write_text("def rules(llm):\n    raise KeyError('x')\n")
    done = run_python(ASK, LLM_INTERCEPT="mock", LLM_INTERCEPT_RULES="r.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "r.py" in done.stderr


def test_a_missing_file_in_the_environment_ends_the_program_at_its_start(run_python):
    """Before its first line."""
    done = run_python("print('ran')", LLM_INTERCEPT="mock", LLM_INTERCEPT_RULES="nowhere.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "LLM_INTERCEPT_RULES='nowhere.toml' cannot be used. Use the path of a file" in done.stderr


def test_a_log_that_cannot_be_written_ends_the_program(run_python):
    """With exit code 2, before a request."""
    done = run_python(ASK, LLM_INTERCEPT="mock", LLM_INTERCEPT_LOG="no/such/folder/calls.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a file that can be written" in done.stderr


# llm-intercept run --rules --log, llm-intercept check


@dataclasses.dataclass(frozen=True)
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run the command in this process, in an empty folder; what it starts writes where this process does."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        done = CliRunner().invoke(app, arguments, prog_name="llm-intercept")
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


def test_run_takes_rules_and_a_log(command, tmp_path, capfd):
    """From the folder the command is run in, wherever the program goes then."""
    (tmp_path / "r.toml").write_text(GOOD)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app.py").write_text("import os\nos.chdir('elsewhere')\n" + ASK)
    done = command("run", "--rules", "r.toml", "--log", "calls.jsonl", "--reply", "x", "--", sys.executable, "app.py")
    said = capfd.readouterr()
    assert (done.returncode, said.out) == (0, "200 Your refund is on its way.\n200 x\n"), said.err
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("subcommand", [("run",), ("check",)])
@pytest.mark.parametrize(("name", "text", "told"), BROKEN)
def test_the_command_refuses_a_broken_file(command, tmp_path, subcommand, name, text, told):
    """With the same message, and without running anything."""
    (tmp_path / name).write_text(text)
    more = ("--rules", name, "--", sys.executable, "-c", "print('ran')") if subcommand == ("run",) else (name,)
    done = command(*subcommand, *more)
    assert (done.returncode, done.stdout) == ({"run": 2, "check": 1}[subcommand[0]], "")
    assert done.stderr.startswith(f"Error: {told}")


@pytest.mark.parametrize("subcommand", ["run", "check"])
def test_the_command_refuses_a_python_file_that_raises(command, tmp_path, subcommand):
    """With a message, not with a traceback of its own."""
    (tmp_path / "r.py").write_text("def rules(llm):\n    raise KeyError('x')\n")
    more = ("--rules", "r.py", "--", sys.executable, "-c", "print('ran')") if subcommand == "run" else ("r.py",)
    done = command(subcommand, *more)
    assert (done.returncode, done.stdout) == ({"run": 2, "check": 1}[subcommand], "")
    assert done.stderr.startswith("Error: r.py")


@pytest.mark.parametrize("subcommand", ["run", "check"])
def test_the_command_refuses_a_file_of_another_ending(command, tmp_path, subcommand):
    """It names the endings."""
    (tmp_path / "r.yaml").write_text("rules: []")
    more = ("--rules", "r.yaml", "--", sys.executable, "-c", "print('ran')") if subcommand == "run" else ("r.yaml",)
    done = command(subcommand, *more)
    assert (done.returncode, done.stdout) == (2 if subcommand == "run" else 1, "")
    assert "Use the path of a .toml, .json or .py file" in done.stderr


def test_check_says_that_a_file_is_good(command, tmp_path):
    """Exit code 0."""
    (tmp_path / "r.toml").write_text(GOOD + '[[rules]]\nreply = "any"\n')
    done = command("check", "r.toml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "r.toml: 2 rules, all can answer.\n", "")


def test_check_names_the_rules_that_can_never_answer(command, tmp_path):
    """Each with its line and the rule before it; exit code 1."""
    (tmp_path / "r.toml").write_text(GOOD + '[[rules]]\nmatch = "refund me"\nmodel = "m"\nreply = "x"\n')
    done = command("check", "r.toml")
    assert done.returncode == 1
    first, last = done.stdout.splitlines()
    assert first == (
        "r.toml:4: on('refund me', model='m') can never answer: on('refund') (r.toml:1) comes first and answers instead."
    )
    assert last == "r.toml: 2 rules, 1 of them can never answer."


def test_check_needs_a_file(command):
    """A usage error."""
    done = command("check")
    assert done.returncode == 2
    assert "Give the file of rules to check, or --schema" in done.stderr


def test_check_prints_the_schema(command):
    """The one that files are checked by."""
    assert json.loads(command("check", "--schema").stdout) == json_schema()


def test_the_schema_accepts_what_loads_and_refuses_what_does_not(write):
    """For editors; a few mistakes are found only by loading."""
    import tomllib

    import jsonschema

    checker = jsonschema.Draft202012Validator(json_schema())
    checker.check_schema(json_schema())
    for good in [ALL_TOML, GOOD, *(f"[[rules]]\nreplies = {json.dumps([one])}\n" for one in ("a",))]:
        checker.validate(tomllib.loads(good))
    for reply, _ in SAID:
        checker.validate({"rules": [{"reply": reply}]})
    for broken in ({}, {"rules": [{"modle": "x", "reply": "a"}]}, {"rules": [{"turn": 0, "reply": "a"}]}, {"rules": 3}):
        assert not checker.is_valid(broken)


def test_the_schema_names_every_key():
    """Those of the rule, of the reply and of the call, as they are written in the file."""
    text = json.dumps(json_schema())
    for model in (RulesFile, RuleInFile, ReplyInFile):
        for name, described in model.model_fields.items():
            assert f'"{described.alias or name}"' in text


def test_a_misspelt_api_is_told_with_its_place(write):
    path = write("r.toml", '[[rules]]\napi = "anthropic.message"\nreply = "x"\n')
    with (
        pytest.raises(RuleFileError, match=r"r\.toml:1: api: .*Did you mean 'anthropic.messages'\?"),
        intercept(rules=path),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("a.toml", 'user = "a"\nreply = "x"\n', "Begin each with [[rules]]."),
        ("a.toml", 'reply = "x"\n[[rules]]\nreply = "y"\n', "Begin each with [[rules]]."),
        ("a.json", '{"user": "a", "reply": "x"}', 'Write {"rules": […]}.'),
    ],
)
def test_a_rule_without_its_head_is_told_to_have_one(tmp_path, name, text, advice):
    """Its keys are known, and stand in the wrong place."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RuleFileError, match="a rule's key stands outside of a rule") as raised:
        Interceptor(rules=path)
    assert str(raised.value).endswith(advice)
