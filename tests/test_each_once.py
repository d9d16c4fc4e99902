"""`auto(tools="each once")`: any agent's tools are called once, with valid arguments, and then it ends."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema
import pytest

from llm_intercept import auto, intercept
from llm_intercept.errors import ReplyError
from tests.conftest import events
from tests.support import URL

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 3}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TIME = {"type": "object", "properties": {"zone": {"enum": ["UTC", "CET"]}}, "required": ["zone"]}
SCHEMAS = {"get_weather": WEATHER, "get_time": TIME, "done": {}}
PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
STRUCTURED = {"type": "json_schema", "json_schema": {"name": "Person", "schema": PERSON}}


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": SCHEMAS[name]}}


TOOLS = [tool("get_weather"), tool("get_time"), {"type": "custom", "custom": {"name": "shell"}}]
NAMES = ["get_weather", "get_time", "shell"]


def called(message: dict[str, Any]) -> list[str]:
    """Check the arguments of a message's calls by their schemas; name them."""
    found: list[str] = []
    for call in message.get("tool_calls") or []:
        described = call[call["type"]]
        if call["type"] == "function":
            jsonschema.validate(json.loads(described["arguments"]), SCHEMAS[described["name"]])
        found.append(described["name"])
    return found


def added_up(text: str) -> dict[str, Any]:
    """Add up a stream to its message."""
    calls: dict[int, dict[str, Any]] = {}
    content = ""
    for delta in (choice["delta"] for chunk in events(text) for choice in chunk["choices"]):
        content += delta.get("content") or ""
        for call in delta.get("tool_calls") or []:
            whole = calls.setdefault(call["index"], {"id": "", "type": "", "function": {}, "custom": {}})
            whole["id"], whole["type"] = call.get("id") or whole["id"], call.get("type") or whole["type"]
            for kind in ("function", "custom"):
                for key, piece in call.get(kind, {}).items():
                    whole[kind][key] = whole[kind].get(key, "") + piece
    kept = [{key: value for key, value in call.items() if value != {}} for _, call in sorted(calls.items())]
    return {"role": "assistant", "content": content or None, **({"tool_calls": kept} if kept else {})}


def agent(case: Any, **more: Any) -> tuple[list[list[str]], str]:
    """Run an agent's loop to its end: the tools called in each turn, and what it says then."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Go."}]
    turns: list[list[str]] = []
    for _ in range(8):
        response = case.send({"model": "gpt-4o", "messages": messages, "stream": case.stream, **more})
        assert response.status_code == 200, response.text
        message = added_up(response.text) if case.stream else response.json()["choices"][0]["message"]
        if not message.get("tool_calls"):
            return turns, message["content"]
        turns.append(called(message))
        if "done" in turns[-1]:
            return turns, ""
        messages += [
            message,
            *({"role": "tool", "tool_call_id": one["id"], "content": "ok"} for one in message["tool_calls"]),
        ]
    raise AssertionError(f"it does not end: {turns}")


def test_each_tool_is_called_once_and_then_it_ends(case: Any) -> None:
    """All at once, with arguments that their schemas allow; streamed or not."""
    with intercept(auto("Done.", tools="each once")) as llm:
        assert agent(case, tools=TOOLS) == ([NAMES], "Done.")
    assert [call.request.turn for call in llm.calls] == [1, 2]


def test_one_by_one_where_the_request_says_so(case: Any) -> None:
    """`parallel_tool_calls=False` makes a turn for each."""
    with intercept(auto("Done.", tools="each once")):
        turns = agent(case, tools=TOOLS, parallel_tool_calls=False)
    assert turns == ([[name] for name in NAMES], "Done.")


def test_where_a_call_is_forced_the_one_that_ends_comes_last(case: Any) -> None:
    """Frameworks that force a call end with a tool for the output, which they offer last."""
    with intercept(auto(tools="each once")):
        turns, _ = agent(case, tools=[*TOOLS, tool("done")], tool_choice="required")
    assert turns == [[name] for name in (*NAMES, "done")]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("none", []),
        ("auto", [NAMES]),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool("get_time")]}}, [["get_time"]]),
    ],
)
def test_only_what_may_be_called_is(make_case: Any, choice: Any, wanted: list[list[str]]) -> None:
    """The choice of tools is obeyed."""
    with intercept(auto(tools="each once")):
        turns, _ = agent(make_case("httpx", False, False), tools=TOOLS, tool_choice=choice)
    assert turns == wanted


def test_the_end_is_what_the_request_asks_for(case: Any) -> None:
    """An instance of the schema, where one is asked for; a text without tools."""
    with intercept(auto("Done.", tools="each once")):
        turns, said = agent(case, tools=TOOLS, response_format=STRUCTURED)
        assert agent(case) == ([], "Done.")
    jsonschema.validate(json.loads(said), PERSON)
    assert turns == [NAMES]


def test_functions_of_before_tools_are_called_one_by_one() -> None:
    """In the form that the request has."""
    functions = [{"name": "get_weather", "parameters": WEATHER}, {"name": "get_time", "parameters": TIME}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Go."}]
    names: list[str] = []
    with intercept(auto("Done.", tools="each once")), httpx.Client() as client:
        for _ in range(3):
            body = {"model": "gpt-4o", "messages": messages, "functions": functions}
            message = client.post(URL, json=body).json()["choices"][0]["message"]
            if "function_call" in message:
                call = message["function_call"]
                jsonschema.validate(json.loads(call["arguments"]), SCHEMAS[call["name"]])
                names.append(call["name"])
                messages += [message, {"role": "function", "name": call["name"], "content": "ok"}]
    assert (names, message["content"]) == (["get_weather", "get_time"], "Done.")


def test_it_needs_no_state() -> None:
    """What was called is read from the conversation, so that conversations do not disturb each other."""
    case_body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Go."}], "tools": TOOLS}
    with intercept(auto(tools="each once")), httpx.Client() as client:
        answers = [client.post(URL, json=case_body).json()["choices"][0]["message"] for _ in range(2)]
    assert [called(one) for one in answers] == [NAMES, NAMES]


@pytest.mark.parametrize("value", ["all", "each", True, 1, ["f"], ""])
def test_another_value_is_refused_where_it_is_written(value: Any) -> None:
    """And the message says what can be given."""
    with pytest.raises(ReplyError, match="'each once'"):
        auto(tools=value)


def test_it_is_shown_as_it_is_made() -> None:
    """In messages."""
    assert repr(auto(tools="each once")) == "auto(tools='each once')"
    assert repr(auto("x", tools="each once")) == "auto('x', tools='each once')"
