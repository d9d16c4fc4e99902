"""What a request that forces a tool is answered with: the call, made of what the user gave, or an error at the rule."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from llm_intercept import Reply, auto, custom_tool_call, intercept, reasoning, refusal, structured, timeout, tool_call
from llm_intercept.errors import ReplyError
from tests.amounts import examples
from tests.support import URL, chat


class Person(BaseModel):
    name: str
    age: int


def tool(name: str, parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


ADA = '{"name":"Ada","age":36}'
PERSON = tool("Person", Person.model_json_schema())
PARTIAL = tool(
    "PartialPerson",
    {
        "type": "object",
        "properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "age": {}},
    },
)
NOW = tool("now", {"type": "object", "properties": {}})
NAMED = {"type": "function", "function": {"name": "Person"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [NAMED]}}
FORCED: dict[str, dict[str, Any]] = {
    "named": {"tools": [NOW, PERSON], "tool_choice": NAMED},
    "required": {"tools": [PERSON], "tool_choice": "required"},
    "required of several": {"tools": [NOW, PERSON], "tool_choice": "required"},
    "any": {"tools": [PERSON], "tool_choice": "any"},
    "allowed": {"tools": [NOW, PERSON], "tool_choice": ALLOWED},
    "one at a time": {"tools": [PERSON], "tool_choice": "required", "parallel_tool_calls": False},
    "partial": {"tools": [PARTIAL], "tool_choice": {"type": "function", "function": {"name": "PartialPerson"}}},
    "before tools": {"functions": [PERSON["function"]], "function_call": {"name": "Person"}},
}


def answer(reply: Any, params: dict[str, Any]) -> dict[str, Any]:
    with intercept(reply):
        response = httpx.post(URL, json=chat(**params))
    choice: dict[str, Any] = response.json()["choices"][0]
    return choice


def call_of(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    assert message["content"] is None
    found: dict[str, Any] = message.get("function_call") or message["tool_calls"][0]["function"]
    return found


@pytest.mark.parametrize("params", FORCED.values(), ids=FORCED)
@pytest.mark.parametrize(
    "reply",
    [ADA, Person(name="Ada", age=36), structured({"name": "Ada", "age": 36}), [ADA[:5], ADA[5:]]],
    ids=["text", "instance", "structured", "deltas"],
)
def test_what_fits_becomes_the_arguments(reply: Any, params: dict[str, Any]) -> None:
    """JSON that fits the forced tool's schema is its arguments, to the letter, whatever way a tool is forced in."""
    choice = answer(reply, params)
    called = call_of(choice)
    assert called["name"] in {"Person", "PartialPerson"}
    assert called["arguments"] == ADA
    assert choice["finish_reason"] in {"tool_calls", "function_call"}


@pytest.mark.parametrize("params", FORCED.values(), ids=FORCED)
def test_auto_makes_a_valid_call(params: dict[str, Any]) -> None:
    """auto() makes a call that the tool's schema allows, also where it goes wrong on its way."""
    called = call_of(answer(auto(), params))
    schemas = {one["function"]["name"]: one["function"]["parameters"] for one in (PERSON, PARTIAL, NOW)}
    jsonschema.validate(json.loads(called["arguments"]), schemas[called["name"]])
    with intercept(timeout()), pytest.raises(httpx.ReadTimeout):
        httpx.post(URL, json=chat(**params))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("hello", "the text 'hello', which is no JSON object"),
        ("", "says nothing"),
        (reasoning("Hm."), "says nothing"),
        ("[1]", "no JSON object"),
        ('{"name": "Ada"}', "it lacks 'age'"),
        ('{"name": "Ada", "age": "old"}', 'age is "old"'),
        (tool_call("now"), "calls now instead"),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_an_error_at_the_rule(reply: Any, words: str) -> None:
    """The error names the rule and its line, the tool that is forced, what does not fit, and what to write."""
    with pytest.raises(ReplyError) as raised, intercept() as llm:
        llm.on("hi").reply(reply)
        assert httpx.post(URL, json=chat(**FORCED["named"])).status_code == 500
    for part in (
        "forces a call of 'Person'",
        words,
        "rule on('hi')",
        "test_forced_tools.py:",
        "tool_call('Person', …)",
    ):
        assert part in str(raised.value)


def test_what_fits_several_tools_is_an_error() -> None:
    """Where two tools are forced and the reply fits both, nobody guesses."""
    params = {
        "tools": [tool("a", Person.model_json_schema()), tool("b", Person.model_json_schema())],
        "tool_choice": "required",
    }
    with pytest.raises(ReplyError, match="fits 'a' and 'b'"), intercept(ADA):
        httpx.post(URL, json=chat(**params))


@pytest.mark.parametrize(
    "reply",
    [refusal("No."), Reply("I was", finish_reason="length"), Reply("", finish_reason="content_filter")],
    ids=repr,
)
def test_a_turn_that_never_came_to_the_call_stays(reply: Reply) -> None:
    """A refusal stays, and so does a turn that is said to have ended before the call."""
    assert "tool_calls" not in answer(reply, FORCED["named"])["message"]


def test_only_what_is_forced_is_called() -> None:
    """Of several calls those of the forced tool are kept."""
    choice = answer([tool_call("now"), tool_call("Person", ADA)], FORCED["named"])
    assert [one["function"]["name"] for one in choice["message"]["tool_calls"]] == ["Person"]


def test_a_custom_tool_takes_the_text() -> None:
    """A forced tool that takes free text gets the text; other tools get what is called."""
    params = {"tools": [{"type": "custom", "custom": {"name": "sh"}}], "tool_choice": "required"}
    for reply in ("ls", custom_tool_call("sh", "ls")):
        assert answer(reply, params)["message"]["tool_calls"][0]["custom"] == {"name": "sh", "input": "ls"}


@pytest.mark.parametrize(
    "choice", ["auto", None, {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}}]
)
def test_what_is_not_forced_is_text(choice: Any) -> None:
    """Where a call is not forced, JSON stays text."""
    assert answer(ADA, {"tools": [PERSON], "tool_choice": choice})["message"]["content"] == ADA


NAMELESS: list[tuple[dict[str, Any], str, str]] = [
    ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", "missing_required_parameter"),
    ({"tools": [NOW, {"type": "function"}]}, "tools[1].function", "missing_required_parameter"),
    ({"tools": [tool("", {})]}, "tools[0].function.name", "empty_string"),
    ({"tools": [{"type": "custom", "custom": {"name": 5}}]}, "tools[0].custom.name", "invalid_type"),
    ({"tools": [5]}, "tools[0]", "invalid_type"),
    ({"tools": {"a": 1}}, "tools", "invalid_type"),
    ({"tools": [NOW], "tool_choice": {"type": "function"}}, "tool_choice.function", "missing_required_parameter"),
    ({"tools": [NOW], "tool_choice": NAMED}, "tool_choice", ""),
    ({"tool_choice": "required"}, "tool_choice", ""),
]


@pytest.mark.parametrize(("params", "param", "code"), NAMELESS)
def test_a_tool_that_cannot_be_called_is_the_apis_own_400(params: dict[str, Any], param: str, code: str) -> None:
    """A tool or choice without a name is refused in OpenAI's words, before any rule is asked."""
    with intercept(auto()) as llm:
        response = httpx.post(URL, json=chat(**params))
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"] or "") == (param, code)
    assert [call.rule for call in llm.calls] == [None]


ODD = st.recursive(
    st.sampled_from([None, True, False, 0, -1, 1.5, 10**40, "", "x", "function", "json_schema", "text", "tool"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "function",
                    "name",
                    "role",
                    "content",
                    "parameters",
                    "properties",
                    "json_schema",
                    "schema",
                    "mode",
                    "tools",
                    "allowed_tools",
                    "audio",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["model", "messages", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls", "response_format",
     "modalities", "audio", "stop", "n", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs", "stream_options", "seed", "user"]
)  # fmt: skip
WELL: dict[str, Any] = {
    "tools": [PERSON, NOW],
    "tool_choice": NAMED,
    "stream": True,
    "response_format": {"type": "json_object"},
}


@settings(max_examples=examples(120), deadline=None)
@given(st.dictionaries(FIELDS, ODD, max_size=4), st.sets(st.sampled_from(list(WELL))), st.lists(ODD, max_size=2))
def test_no_body_makes_auto_raise(odd: dict[str, Any], well: set[str], messages: list[Any]) -> None:
    """Whatever a request says, auto() answers it, or the API refuses it, or a schema is said to be none."""
    body = {**chat(), **{name: WELL[name] for name in well}, **odd}
    if isinstance(body["messages"], list):
        body["messages"] = [*body["messages"], *messages]
    with intercept(auto()) as llm:
        response = httpx.post(URL, json=body)
        assert response.status_code in {200, 400} or "auto() cannot answer this schema" in response.text, response.text
        llm._engine.journal.failures.clear()
