"""Anthropic's Messages as clients, servers and users write them: requests, batches, ready answers and blocks of any kind."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Reply, auto, tool_call
from llm_intercept.dialects.anthropic_messages import grammar
from llm_intercept.dialects.anthropic_messages.recorded import RECORDED
from tests.fuzz.bodies import bodies, give_ready, read_events, tell_parts
from tests.fuzz.odd import ODD, altered, changed, dumped
from tests.fuzz.requests import told
from tests.fuzz.target import clear, target

URL = "https://api.anthropic.com/v1/messages"
VERTEX = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict"
PATHS = (
    URL,
    f"{URL}/batches",
    f"{URL}/batches/b/results",
    f"{URL}/count_tokens",
    VERTEX,
    "http://llm.test/v1/messages",
)
PLAIN: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
ASKED: dict[str, Any] = {
    "model": "claude-opus-4-6", "max_tokens": 2000, "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "stop_sequences": ["x"], "tools": [{"name": "f", "input_schema": {"type": "object"}}, {"type": "web_search_20250305", "name": "web_search"}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}, "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}, "thread": {"type": "continue", "previous_message_id": "m"},
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image", "source": {"type": "base64", "data": "AAAA"}}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "w", "signature": "s"},
                                          {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "42"}]}]},
    ],
}  # fmt: skip
BATCH = {"requests": [{"custom_id": "1", "params": PLAIN}, {"custom_id": "2", "params": {**ASKED, "thread": None}}]}
BLOCKS: list[Any] = [
    {"type": "text", "text": "hi", "citations": [{"type": "web_search_result_location", "url": "u"}]},
    {"type": "thinking", "thinking": "w", "signature": "s"}, {"type": "redacted_thinking", "data": "d"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}, {"type": "server_tool_use", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "content": []}, {"type": "new_thing"},
]  # fmt: skip
WHOLE: dict[str, Any] = {
    "model": "m", "id": "msg_1", "type": "message", "role": "assistant", "content": BLOCKS, "stop_reason": "end_turn", "stop_sequence": None,
    "usage": {"input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 3},
}  # fmt: skip
EVENTS: list[Any] = [
    {"type": "message_start", "message": {**WHOLE, "content": []}}, {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}},
    {"type": "content_block_start", "index": 1, "content_block": BLOCKS[3]},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a'}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}},
    {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, {"type": "message_stop"},
]  # fmt: skip
BODIES = bodies(EVENTS, WHOLE, BLOCKS)
QUESTIONS = changed([PLAIN, ASKED, BATCH]).map(dumped)
REPLIES = st.sampled_from(["text", "auto", "call"])


@target(st.tuples(st.sampled_from(PATHS), altered(QUESTIONS) | QUESTIONS, REPLIES))
def any_question_is_answered(given: Any) -> None:
    """It is refused in Anthropic's words or in ours, or answered by JSON that is JSON, or by events."""
    url, body, kind = given
    llm = Interceptor({"text": Reply("Some words."), "auto": auto(), "call": tool_call("f", a="b")}[kind])
    with clear():
        inner = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
        with httpx.Client(transport=InterceptTransport(inner=inner, interceptor=llm)) as client:
            answer = client.post(url, content=body)
        if answer.headers.get("content-type") == "application/json":
            answer.json()
    told(llm)


@target(st.tuples(BODIES, st.booleans()))
def what_is_ready_is_given_in_either_shape(given: Any) -> None:
    """It is refused in words, or answers as JSON that is JSON, and as a stream."""
    body, stream = given
    give_ready(URL, body, PLAIN, stream=stream)


@target(st.tuples(st.lists(changed(BLOCKS), max_size=3), changed([PLAIN, ASKED]), st.booleans()))
def a_block_is_told_whatever_is_in_it(given: Any) -> None:
    """Blocks of any kind are refused in words, or are the same in both shapes."""
    parts, body, stream = given
    tell_parts(URL, parts, body, stream=stream)


@target(st.tuples(BODIES, ODD))
def any_answer_is_read(given: Any) -> None:
    """Whatever an answer or an event holds, the grammar says what it is for, and what can be read back is."""
    body, value = given
    read_events(grammar, body, value)
    for values in (body if isinstance(body, list) else [value], [value]):
        assert isinstance(RECORDED.replies(values), tuple)
        _ = RECORDED.usage(values), RECORDED.last_user(value), RECORDED.roles(value), json.dumps(value)
