"""Requests as any client may make them: bodies and headers of any bytes, at every path that is known."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Reply, auto, raw, tool_call
from llm_intercept.conditions import BY_KEY
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.interceptor.interceptor import engine_of
from tests.fuzz.odd import ODD, TEXT, altered, changed, dumped
from tests.fuzz.target import check_shown, clear, target

PATHS = (
    "/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/gpt-4o", "/v1/responses", "/v1/completions", "/v1/messages",
    "/v1/responses/input_tokens", "/v1/messages/count_tokens", "/v1/traces/ingest", "/v1beta/models/gemini-2.5-flash:generateContent",
    "/v1beta/models/m:streamGenerateContent?alt=sse", "/v1beta/models/gemini-2.5-flash:countTokens", "/api/chat", "/api/generate",
    "/openai/deployments/d/chat/completions?api-version=2025-01-01", "/v1/audio/speech", "/v1/files", "/", "/v1/chat/completions/",
)  # fmt: skip
HOSTS = (
    "api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com", "me.openai.azure.com", "localhost:11434", "llm.test",
    "api.mistral.ai", "api.groq.com", "openrouter.ai", "xn--nxasmq6b.test",
)  # fmt: skip
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "strict": True, "parameters": {
    "type": "object", "properties": {"a": {"type": "string", "pattern": "^a+$"}, "b": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/c"}]}},
    "required": ["a"], "$defs": {"c": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1}}}}}  # fmt: skip
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CHAT: dict[str, Any] = {
    "model": "gpt-4o", "temperature": 1, "n": 2, "stop": ["x"], "max_tokens": 9, "stream_options": {"include_usage": True},
    "logprobs": True, "top_logprobs": 2, "tool_choice": {"type": "function", "function": {"name": "f"}}, "tools": [TOOL],
    "response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": {"type": "object"}}},
    "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}, "parallel_tool_calls": False,
    "messages": [
        {"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "hi"}, PICTURE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ],
}  # fmt: skip
FLAT = {"type": "function", **TOOL["function"]}
RESPONSES: dict[str, Any] = {
    "model": "gpt-5.4", "instructions": "s", "stream": True, "max_output_tokens": 20, "top_logprobs": 2, "tool_choice": {"type": "function", "name": "f"},
    "tools": [FLAT, {"type": "web_search"}, {"type": "custom", "name": "c"}], "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    "text": {"format": {"type": "json_schema", "name": "p", "schema": {"type": "object"}}, "verbosity": "low"}, "reasoning": {"effort": "low"},
    "metadata": {"a": "b"}, "stream_options": {"include_obfuscation": False}, "parallel_tool_calls": False, "truncation": "auto",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "why"}], "encrypted_content": "g"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}]}]},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}, {"type": "item_reference", "id": "msg_1"},
        {"type": "function_call_output", "call_id": "call_1", "output": [{"type": "input_text", "text": "42"}]},
    ],
}  # fmt: skip
PLAIN = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
SEEDS: tuple[Any, ...] = (
    PLAIN, CHAT, {**PLAIN, "stream": True}, {**PLAIN, "tools": [TOOL]}, {**PLAIN, "tools": [TOOL], "tool_choice": "required"},
    {**PLAIN, "response_format": CHAT["response_format"]}, {**PLAIN, "mock_response": "hi"},
    {**PLAIN, "mock_tool_calls": [CALL], "mock_delay": 0}, {**PLAIN, "functions": [TOOL["function"]], "function_call": "auto"},
    {"model": "text-embedding-3-small", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 3},
    {"model": "text-embedding-3-small", "input": [[1, 2], [3]]},
    {"model": "claude-sonnet-4-5", "max_tokens": 9, "system": "s", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}, {"model": "gpt-4o", "input": "hi", "instructions": "s"}, RESPONSES,
    {**RESPONSES, "tool_choice": "auto", "stream": False}, {"model": "gpt-4o", "input": "hi", "tools": [FLAT], "tool_choice": "required"},
    {"data": [{"object": "trace", "id": "trace_1"}]},
)  # fmt: skip
FULL = Reply("Some words.", tool_call("f", a="b"))
NAMES = st.sampled_from([b"content-type", b"authorization", b"content-encoding", b"x-stainless-retry-count", b"x-stainless-lang",
    b"x-goog-api-key", b"content-length", b"host", b"accept", b"openai-organization", b"x-a", b"cookie", b"x-stainless-read-timeout"])  # fmt: skip
VALUES = st.sampled_from([b"application/json", b"multipart/form-data; boundary=a", b"gzip", b"br", b"1", b"-1", b"9" * 5000, b"\xff\xfe",
    b"\x1b[2J", b"text/event-stream", b"Bearer sk-x", b"", b"charset=\xe9"])  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=8), VALUES | st.binary(max_size=8)), max_size=4)
BODIES = altered(changed(SEEDS).map(dumped) | st.binary(max_size=40)) | changed(SEEDS).map(dumped)
RULES = ("none", "reply", "auto", "raw", "call", "conditions", "outer")


@st.composite
def sent(draw):
    """Make a request, and the rules it meets."""
    url = f"https://{draw(st.sampled_from(HOSTS))}{draw(st.sampled_from(PATHS))}"
    method = draw(st.sampled_from(["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS"]))
    return method, url, draw(HEADERS), draw(BODIES), draw(st.sampled_from(RULES))


def ruled(kind: str) -> Interceptor:
    """Make an interceptor that answers in one of several ways."""
    llm = Interceptor(all_used=False)
    match kind:
        case "reply":
            llm.reply(FULL)
        case "auto":
            llm.reply(auto())
        case "raw":
            llm.reply(
                raw(
                    {
                        "choices": [
                            {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
                        ]
                    }
                )
            )
        case "call":
            llm.reply(tool_call("f", a="é\ud800"))
        case "conditions":
            for key, value in CONDITIONS.items():
                llm.on("hi", **{key: value}).reply("x")
        case _:
            pass
    return llm


CONDITIONS: dict[str, Any] = {
    "user": "refund", "system": "shop", "last": "x", "model": "gpt-4*", "api": "openai.*", "tool": "get*", "tool_result": "f", "turn": 2,
    "response_format": "Person", "headers": {"x-a": "b"}, "url": "/v2/", "json": {"$.messages[0].content": "x"}, "stream": True,
}  # fmt: skip
assert CONDITIONS.keys() == BY_KEY.keys()


def elsewhere(_: httpx.Request) -> httpx.Response:
    """Stand for the network."""
    return httpx.Response(200, json={})


@target(sent())
def is_answered(request: Any) -> None:
    """A request of any bytes gets an HTTP answer that can be read, or one of our errors; what is told of it afterwards, too."""
    method, url, headers, body, kind = request
    llm = ruled(kind)
    asked = httpx.Request(method, url, headers=headers, content=body)
    try:
        dict(asked.headers)  # which httpx does for its cookies, and cannot with a name that is no ASCII
    except KeyError:
        return
    with httpx.Client(transport=InterceptTransport(inner=httpx.MockTransport(elsewhere), interceptor=llm)) as client:
        with clear():
            answer = client.send(asked)
            assert 100 <= answer.status_code < 600
            if "json" in answer.headers.get("content-type", "") and answer.content:
                json.loads(answer.content)
            _ = answer.text, list(answer.headers.items())
        told(llm)


def told(llm: Interceptor) -> None:
    """Read what is told of the calls, which must steer no terminal."""
    for call in (*llm.calls, *llm.side_calls):
        for text in (repr(call), repr(call.request), str(call.error), call.request.last_user):
            if text != call.request.last_user:
                check_shown(text)
        _ = call.request.messages, call.request.tools, call.request.system, call.request.turn, call.request.tool_results
        _ = call.request.output_format, call.request.tool_choice, call.request.max_tokens
        with clear():
            if call.error is not None and not isinstance(call.error, BadRequestError):
                raise call.error
    for one in llm.unmatched:
        check_shown(str(one))
    error = engine_of(llm).settle()
    with clear():
        if error is not None:
            raise error


@target(st.tuples(st.sampled_from(PATHS[:3]), changed(SEEDS), st.sampled_from(list(CONDITIONS)), ODD | TEXT))
def meets_any_condition(given: Any) -> None:
    """Whatever a condition is given, it is refused in words, or a request is held against it and answered."""
    path, body, key, wanted = given
    llm = Interceptor()
    with clear():
        llm.on(**{key: wanted}).reply("x")
    with (
        httpx.Client(transport=InterceptTransport(inner=httpx.MockTransport(elsewhere), interceptor=llm)) as client,
        clear(),
    ):
        assert client.post(f"https://api.openai.com{path}", content=dumped(body)).status_code in range(100, 600)
    told(llm)
