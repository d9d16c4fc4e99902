"""Responses as servers and users write them: bodies, events and items of any kind."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from llm_intercept.dialects.openai_responses import grammar
from llm_intercept.dialects.openai_responses.raw import replies
from llm_intercept.dialects.openai_responses.reported import read_usage
from tests.fuzz.bodies import bodies, give_ready, read_events, tell_parts
from tests.fuzz.odd import ODD, changed
from tests.fuzz.requests import RESPONSES
from tests.fuzz.target import target

URL = "https://api.openai.com/v1/responses"
WHERE = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "sequence_number": 1}
SAID = {
    "type": "output_text",
    "text": "hi",
    "annotations": [{"type": "url_citation", "url": "u", "end_index": 2}],
    "logprobs": [],
}
ITEMS: list[Any] = [
    {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [SAID, {"type": "refusal", "refusal": "no"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "w"}], "content": [{"type": "reasoning_text", "text": "x"}]},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "g", "input": "i"},
    {"type": "web_search_call", "id": "ws_1", "action": {"type": "search"}}, {"type": "mcp_call", "error": "down", "arguments": "{}"},
    {"type": "code_interpreter_call", "code": "1", "container_id": "c"}, {"type": "new_thing"},
]  # fmt: skip
WHOLE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": ITEMS, "service_tier": "default",
    "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 2, "total_tokens": 3},
}  # fmt: skip
EVENTS: list[Any] = [
    {"type": "response.created", "response": {**WHOLE, "output": []}, "sequence_number": 0},
    {"type": "response.output_item.added", "item": {**ITEMS[0], "content": []}, "output_index": 0},
    {"type": "response.content_part.added", "part": {**SAID, "text": ""}, **WHERE},
    {"type": "response.output_text.delta", "delta": "hi", "logprobs": [], **WHERE},
    {"type": "response.output_text.annotation.added", "annotation": {"type": "url_citation"}, "annotation_index": 0, **WHERE},
    {"type": "response.reasoning_summary_text.delta", "delta": "w", "summary_index": 0, "output_index": 1},
    {"type": "response.function_call_arguments.delta", "delta": "{", "output_index": 2},
    {"type": "response.output_item.done", "item": ITEMS[2], "output_index": 2},
    {"type": "response.incomplete", "response": WHOLE, "sequence_number": 9},
]  # fmt: skip
BODIES = bodies(EVENTS, WHOLE, ITEMS)


@target(st.tuples(BODIES, st.booleans()))
def what_is_ready_is_given_in_either_shape(given: Any) -> None:
    """It is refused in words, or answers as JSON that is JSON, and as a stream."""
    body, stream = given
    give_ready(URL, body, {"model": "m", "input": "hi"}, stream=stream)


@target(st.tuples(st.lists(changed(ITEMS), max_size=3), changed([RESPONSES]), st.booleans()))
def an_item_is_told_whatever_is_in_it(given: Any) -> None:
    """Items of any kind are refused in words, or are the same in both shapes."""
    parts, body, stream = given
    tell_parts(URL, parts, body, stream=stream)


@target(st.tuples(BODIES, ODD))
def any_answer_is_read(given: Any) -> None:
    """Whatever an answer or an event holds, the grammar says what it is for, and what can be read back is."""
    body, value = given
    read_events(grammar, body, value)
    values = body if isinstance(body, list) else [value]
    assert isinstance(replies(values), tuple)
    _ = read_usage(values), json.dumps(value)
