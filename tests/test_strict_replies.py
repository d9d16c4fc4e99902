"""`strict=True`: a rule's reply that the model could not give to the request is an error; else a warning once a rule."""

from __future__ import annotations

import warnings
from typing import Any

import httpx
import pytest

from llm_intercept import Reply, auto, intercept, raw, structured, tool_call
from llm_intercept.errors import ReplyError, UnfitReplyWarning
from llm_intercept.model import ToolCall

USER = {"role": "user", "content": "hi"}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
CHAT = {
    "model": "gpt-4o",
    "messages": [USER],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
}
APIS: dict[str, tuple[str, dict[str, Any]]] = {
    # each API's URL, and a request that offers one tool
    "openai.chat": ("https://api.openai.com/v1/chat/completions", CHAT),
    "openai.responses": (
        "https://api.openai.com/v1/responses",
        {"model": "gpt-4o", "input": "hi", "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}]},
    ),
    "anthropic.messages": (
        "https://api.anthropic.com/v1/messages",
        {
            "model": "claude-sonnet-4-5",
            "max_tokens": 99,
            "messages": [USER],
            "tools": [{"name": "weather", "input_schema": SCHEMA}],
        },
    ),
    "google.gemini": (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
        {
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}],
        },
    ),
    "ollama.chat": ("http://localhost:11434/api/chat", {**CHAT, "model": "llama3.2", "stream": False}),
    "cohere.chat": ("https://api.cohere.com/v2/chat", {**CHAT, "model": "command-a-03-2025"}),
    "bedrock.converse": (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1:0/converse",
        {
            "messages": [{"role": "user", "content": [{"text": "hi"}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]},
        },
    ),
}
FORMAT = {
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "place", "strict": True, "schema": SCHEMA},
    }
}
JSON_MESSAGES = [{"role": "user", "content": "some json"}]
PLAIN = {"model": "gpt-4o", "messages": [USER]}
BOTH = {**CHAT, "tools": [*CHAT["tools"], {"type": "function", "function": {"name": "time"}}]}
ALLOWED = {
    "type": "allowed_tools",
    "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]},
}
MOOD = ["happy", "sad"]
MOODS = {
    "contents": APIS["google.gemini"][1]["contents"],
    "generationConfig": {
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": MOOD},
    },
}
UNFIT = [
    # a reply, the request, a part of what is said of it
    (tool_call("forecast", city="Oslo"), CHAT, "calls 'forecast', and the request offers 'weather'"),
    (tool_call("weather", city="Oslo"), PLAIN, "the request offers no tools"),
    (tool_call("weather", town="Oslo"), CHAT, "lacks 'city'"),
    (structured({"city": 7}), {**PLAIN, **FORMAT}, "does not fit the schema"),
    (Reply(variants=["a", tool_call("f")]), {**PLAIN, "n": 2}, "calls 'f'"),
    (
        tool_call("time"),
        {**BOTH, "tool_choice": ALLOWED},
        "calls 'time', and of its tools the request allows 'weather'",
    ),
]
FIT = [
    (tool_call("weather", city="Oslo"), CHAT),
    ("text", CHAT),
    (structured({"city": "Oslo"}), {**PLAIN, **FORMAT}),
    (Reply(refusal="no"), {**PLAIN, **FORMAT}),
    (Reply('{"ci', finish_reason="length"), {**PLAIN, **FORMAT}),
    (auto(), {**PLAIN, **FORMAT}),
    (tool_call("weather", city="Oslo"), {**BOTH, "tool_choice": ALLOWED}),
    (Reply(tool_call("time")), {**BOTH, "parallel_tool_calls": False}),
    ('{"a": 1}', {**PLAIN, "messages": JSON_MESSAGES, "response_format": {"type": "json_object"}}),
    (structured({"any": "thing"}), PLAIN),
]


def post(body: dict[str, Any], url: str = APIS["openai.chat"][0]) -> httpx.Response:
    with httpx.Client() as client:
        return client.post(url, json=body)


@pytest.mark.parametrize("api", APIS)
def test_it_is_one_law_for_all_apis(api: str) -> None:
    """A tool that was not offered, and arguments outside of its schema; what fits is given."""
    url, body = APIS[api]
    for reply, told in (
        (tool_call("forecast", city="Oslo"), "calls 'forecast', and the request offers 'weather'"),
        (tool_call("weather", city=7), "does not fit its schema"),
    ):
        with pytest.raises(ReplyError, match=told) as caught, intercept(strict=True) as llm:
            llm.reply(reply)
            assert post(body, url).status_code == 500
        assert "test_strict_replies.py" in caught.value.where
    with intercept(tool_call("weather", city="Oslo"), strict=True) as llm:
        assert post(body, url).status_code == 200
    assert llm.calls[-1].request.api == api


@pytest.mark.parametrize(("reply", "body", "told"), UNFIT)
def test_a_reply_that_does_not_fit_is_an_error_or_a_warning_once(reply: Any, body: dict[str, Any], told: str) -> None:
    """The warning has the rule's file and line."""
    with pytest.raises(ReplyError, match=told), intercept(reply, strict=True):
        post(body)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with intercept() as llm:
            rule = llm.reply(reply)
            assert [post(body).status_code for _ in range(3)] == [200] * 3
    (warning,) = caught
    assert warning.category is UnfitReplyWarning
    assert told in str(warning.message)
    assert f"{warning.filename}:{warning.lineno}".endswith(rule.where.rpartition("/")[2])


def test_where_warnings_are_errors_it_is_one() -> None:
    """The client gets what it gets in a strict block, and the block raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ReplyError, match="offers no tools"), intercept(tool_call("f")):
            assert post(PLAIN).status_code == 500


@pytest.mark.parametrize(("reply", "body"), FIT)
def test_a_reply_that_fits_is_given(reply: Any, body: dict[str, Any]) -> None:
    """Without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with intercept(reply, strict=True):
            assert post(body).status_code == 200


@pytest.mark.parametrize(
    ("reply", "body", "told"),
    [
        ("Oslo", {**PLAIN, **FORMAT}, "asks for JSON of a schema, and the reply is 'Oslo'"),
        (Reply(ToolCall("weather", "{bad")), CHAT, "no JSON"),
        (
            "Oslo",
            {**PLAIN, "messages": JSON_MESSAGES, "response_format": {"type": "json_object"}},
            "asks for JSON, and the reply is 'Oslo'",
        ),
        (tool_call("time"), {**BOTH, "tool_choice": "none"}, "calls 'time', and the request wants no calls"),
        (
            Reply(tool_call("time"), tool_call("weather", city="Oslo")),
            {**BOTH, "parallel_tool_calls": False},
            "makes 2 calls, 'time', 'weather', and the request wants one at a time",
        ),
    ],
)
def test_what_may_be_meant_is_told_in_a_strict_block_alone(reply: Any, body: dict[str, Any], told: str) -> None:
    """A text where JSON was asked for, broken arguments, and calls that are left out as the request wants it.

    They are what a test of a program's errors gives, or one rule for many requests.
    """
    with pytest.raises(ReplyError, match=told), intercept(reply, strict=True):
        post(body)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with intercept(reply):
            assert post(body).status_code == 200


def test_a_value_of_an_enumeration_is_said_without_quotes() -> None:
    """Gemini's `text/x.enum` (google-genai reads the text as the value, 3.6)."""
    url = APIS["google.gemini"][0]
    given: list[Any] = ["sad", auto()]
    for reply in given:
        with intercept(reply, strict=True):
            said = post(MOODS, url).json()["candidates"][0]["content"]["parts"][0]["text"]
            assert said in MOOD
    for reply in ("angry", structured("sad")):
        with pytest.raises(ReplyError, match="does not fit the schema"), intercept(reply, strict=True):
            post(MOODS, url)


def test_ready_answers_are_not_looked_at() -> None:
    """They say what they say."""
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = {"id": "a", "object": "chat.completion", "choices": [{"index": 0, "message": message}]}
    with intercept(raw(body), strict=True):
        assert post(PLAIN).json()["choices"][0]["message"]["tool_calls"] == [call]
