"""Streams as servers and users write them: cut anywhere, with lines and chunks of any kind."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, raw
from llm_intercept.base.framings import SSE
from llm_intercept.base.sse import Lines, data_of
from llm_intercept.dialects.openai_chat import grammar
from llm_intercept.recording.bodies import Chunk, content_of, events_of, response_of
from tests.fuzz.odd import ODD, altered, changed, dumped, split
from tests.fuzz.requests import told
from tests.fuzz.target import clear, target

URL = "https://api.openai.com/v1/chat/completions"
CALLED = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
ENTRY = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}


def chunk(delta: Any, reason: Any = None, **more: Any) -> dict[str, Any]:
    """Make a chunk of one choice."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
        **more,
    }


TEXT_CHUNKS = [
    chunk({"role": "assistant", "content": "", "refusal": None}), chunk({"content": "a"}), chunk({"content": [{"type": "text", "text": "b"}]}),
    chunk({"reasoning_content": "why", "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}]}), chunk({}, "stop"),
    {**chunk({}), "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 1}}},
]  # fmt: skip
CALL_CHUNKS = [
    chunk({"role": "assistant", "content": None, "tool_calls": [CALLED]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}, {**CALLED, "index": 1, "id": "call_2"}]}),
    chunk({"tool_calls": [{"index": 1, "function": {"arguments": "1}"}}]}),
    chunk({"function_call": {"name": "f", "arguments": "{}"}}),
    {**chunk({}, "tool_calls"), "choices": [{"index": 0, "delta": {}, "logprobs": {"content": [ENTRY]}, "finish_reason": "tool_calls"}]},
]  # fmt: skip
WHOLE = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": "fp", "service_tier": "default",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi", "refusal": None, "annotations": [], "reasoning_content": "w",
        "tool_calls": [{**CALLED, "x": 1}, {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "i"}}]},
        "logprobs": {"content": [ENTRY], "refusal": None}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 1}}}  # fmt: skip
WHOLES: tuple[Any, ...] = (
    WHOLE,
    WHOLE["choices"][0],
    WHOLE["choices"][0]["message"],
    {"error": {"message": "m", "type": "t", "code": 1}},
)


def streamed(chunks: list[Any], end: bytes = b"\n\n") -> bytes:
    """Write chunks as a stream."""
    return b"".join(b"data: " + dumped(one) + end for one in chunks) + b"data: [DONE]" + end


CHUNKS = changed([TEXT_CHUNKS, CALL_CHUNKS]).filter(lambda one: isinstance(one, list))
STREAMS = altered(st.builds(streamed, CHUNKS, st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n", b"\r\r"])))
BYTES = STREAMS | altered(changed(WHOLES).map(dumped)) | st.binary(max_size=60)


def asked(llm: Interceptor, *, stream: bool, n: int = 1) -> bytes:
    """Ask for an answer in one shape; its JSON must be JSON where it says so."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": stream, "n": n}
    with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
        return client.post(URL, json=body).content


@target(st.tuples(CHUNKS, st.booleans()))
def chunks_are_given_in_either_shape(given: Any) -> None:
    """What is given as chunks is refused in words, or answers as JSON that is JSON, and as a stream."""
    chunks, stream = given
    _given(chunks, stream=stream)


@target(st.tuples(changed(WHOLES), st.booleans()))
def a_body_is_given_in_either_shape(given: Any) -> None:
    """What is given as a whole body is refused in words, or answers as JSON that is JSON, and as a stream."""
    body, stream = given
    _given(body, stream=stream)


@target(st.tuples(BYTES, st.booleans()))
def bytes_are_given_in_either_shape(given: Any) -> None:
    """What is given as bytes is refused in words, or answers in either shape."""
    content, stream = given
    _given(content, stream=stream)


def _given(body: Any, *, stream: bool) -> None:
    llm = Interceptor()
    with clear():
        llm.reply(raw(body))
    with clear():
        content = asked(llm, stream=stream)
        if not stream and not isinstance(body, bytes):
            json.loads(content)
    told(llm)


@st.composite
def cut(draw):
    """Make a stream that is cut anywhere."""
    return split(draw, draw(STREAMS | st.binary(max_size=40)))


@target(cut())
def where_a_stream_is_cut_does_not_matter(parts: list[bytes]) -> None:
    """Lines and kept events are the same wherever a stream is cut, and what is kept makes the same bytes again."""
    whole = b"".join(parts)
    lines, one = Lines(), Lines()
    assert [line for part in parts for line in lines.feed(part)] == list(one.feed(whole))
    for line in Lines().feed(whole + b"\n"):
        _ = data_of(line)
    chunks = [Chunk(part, 0.0) for part in parts if part]
    assert events_of(chunks, SSE) == events_of([Chunk(whole, 0.0)] if whole else [], SSE)
    for kind in ("text/event-stream", "application/json"):
        assert content_of(response_of(200, {"content-type": kind}, chunks)) == whole


@target(st.tuples(BYTES, ODD))
def any_event_is_of_some_kind(given: Any) -> None:
    """Whatever an event holds, the grammar says what it is for."""
    content, value = given
    for event in (content, *content.split(b"\n\n"), b"data: " + dumped(value) + b"\n\n"):
        assert isinstance(grammar.kind(event), str)
        assert isinstance(grammar.is_last(event), bool)
        assert isinstance(grammar.halve_arguments(event), bytes)
