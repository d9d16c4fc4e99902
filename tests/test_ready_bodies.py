"""A ready body answers in the other shape with all that it says, also with what only its host knows."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage

from llm_intercept import InterceptTransport, raw
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import stream_data
from tests.amounts import examples
from tests.recorded import needs_recordings, recorded
from tests.support import URL, chat

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)
ANY = st.recursive(
    st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def other(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Fields that OpenAI does not have."""
    return st.dictionaries(st.sampled_from(names), ANY, max_size=2)


CALL = st.builds(
    lambda name, arguments, more: {
        "id": f"call_{name}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
        **more,
    },
    st.sampled_from(["weather", "time"]),
    st.dictionaries(TEXT, ANY, max_size=2).map(json.dumps),
    other("extra_content"),
)
PARTS = st.lists(
    st.sampled_from(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "hi"}]
    ),
    min_size=1,
    max_size=1,
)
MESSAGE = st.builds(
    lambda content, calls, more: {
        "role": "assistant",
        "content": content,
        **({"tool_calls": calls} if calls else {}),
        **more,
    },
    st.none() | TEXT | PARTS,
    st.lists(CALL, max_size=2),
    other("reasoning", "reasoning_content_x", "reasoning_details", "audio"),
)
CHOICE = st.builds(
    lambda message, reason, more: {"message": message, "finish_reason": reason, **more},
    MESSAGE,
    st.sampled_from(["stop", "length", "eos", "model_length", "tool_calls"]),
    other("native_finish_reason", "stop_reason", "content_filter_results"),
)
COMPLETIONS = st.builds(
    lambda choices, more: {
        "id": "gen-1", "object": "chat.completion", "created": 1, "model": "own/model", **more,
        "choices": [{"index": number, **one} for number, one in enumerate(choices)],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.1},
    },
    st.lists(CHOICE, min_size=1, max_size=2),
    other("citations", "search_results", "x_groq", "provider", "prompt_filter_results"),
)  # fmt: skip


def ask(reply: Any, *, stream: bool, **params: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        body = chat(**params) | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {})
        return client.post(URL, json=body)


def said(value: Any) -> Any:
    """A value without what says nothing: nulls, empty lists."""
    if isinstance(value, dict):
        kept = {key: said(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one is not None and one != []}
    return [said(one) for one in value] if isinstance(value, list) else value


@settings(max_examples=examples(60), deadline=None)
@given(COMPLETIONS)
def test_a_completion_is_streamed_whole(body: dict[str, Any]) -> None:
    """The chunks made of a completion add up to it, whatever the request asks for and whoever's fields it has."""
    bent = {"stop": ["a"], "max_tokens": 1, "n": 3, "tool_choice": "none"}
    chunks = stream_data(ask(raw(body), stream=True, **bent).content)
    assert said(accumulated(chunks)) == said(body)
    assert ask(raw(body), stream=False, **bent).json() == body


@settings(max_examples=examples(40), deadline=None)
@given(COMPLETIONS)
def test_chunks_are_added_up_as_the_sdk_does(body: dict[str, Any]) -> None:
    """What chunks say in OpenAI's fields, openai's own accumulator reads as the JSON answer made of the same chunks."""
    for choice in body["choices"]:
        choice["finish_reason"] = "stop"
        choice["message"] = {key: choice["message"].get(key) for key in ("role", "content")}
        choice["message"]["content"] = (
            "hi" if isinstance(choice["message"]["content"], list) else choice["message"]["content"]
        )
    chunks = stream_data(ask(raw(body), stream=True).content)
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    ours = ChatCompletion.model_validate(ask(raw(chunks), stream=False).json())
    for one, theirs in zip(ours.choices, state.current_completion_snapshot.choices, strict=True):
        assert one.message.content == theirs.message.content
        assert one.finish_reason == theirs.finish_reason


def delta(**fields: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "delta": fields}]}


def call(name: str, identifier: str | None = None, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": "{}"}, **({"id": identifier} if identifier else {}), **more}


@pytest.mark.parametrize(
    "calls",
    [
        [call("weather", "c1"), call("time", "c2")],
        [call("weather"), call("time")],
        [call("weather", "c1", index=0), call("time", "c2", index=0)],
        [call("weather", "c1", index="0"), call("time", "c2", index=None)],
        [call("weather", "c1", index=3), call("time", "c2", index=7)],
    ],
    ids=["no index", "no index, no id", "one index", "odd indices", "gaps"],
)
@pytest.mark.parametrize("together", [True, False])
def test_two_calls_stay_two(calls: list[Any], together: bool) -> None:
    """Calls that hosts do not number, or number oddly, are not run together."""
    chunks = [delta(tool_calls=calls)] if together else [delta(tool_calls=[one]) for one in calls]
    found = accumulated(chunks)["choices"][0]["message"]["tool_calls"]
    assert [one["function"] for one in found] == [one["function"] for one in calls]


def test_a_call_in_fragments_is_one() -> None:
    """Fragments without an index go to the call that was begun last."""
    fragments = [
        call("weather", "c1"),
        {"function": {"arguments": " "}},
        {"id": None, "function": {"name": None, "arguments": " "}},
    ]
    found = accumulated(delta(tool_calls=[one]) for one in fragments)["choices"][0]["message"]["tool_calls"]
    assert found == [{"id": "c1", "function": {"name": "weather", "arguments": "{}  "}}]


def test_content_in_parts_is_joined() -> None:
    """Thoughts and texts that come as parts and as text add up to the parts that JSON has."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}
    chunks = [
        delta(content=""),
        delta(content=[thought]),
        delta(content=[thought]),
        delta(content="b"),
        delta(content="c"),
    ]
    parts = accumulated(chunks)["choices"][0]["message"]["content"]
    assert parts == [{"type": "thinking", "thinking": [{"type": "text", "text": "aa"}]}, {"type": "text", "text": "bc"}]


def test_reasoning_details_are_added_up_by_their_index() -> None:
    """Pieces of one entry are joined; what each piece says whole is said once."""
    piece = {"type": "reasoning.text", "format": "v1", "index": 0}
    chunks = [
        delta(reasoning_details=[{**piece, "text": "a"}]),
        delta(reasoning_details=[{**piece, "text": "b", "signature": "s"}]),
    ]
    message = accumulated(chunks)["choices"][0]["message"]
    assert message["reasoning_details"] == [{**piece, "text": "ab", "signature": "s"}]


@pytest.mark.parametrize(
    "text",
    [
        'retry: 10\n\ndata: {"id":"1","choices":[{"index":0,\ndata: "delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n',
        '\ufeffdata: {"choices":[{"delta":{"content":"hi"}}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        ': ping\n\nevent: x\nid: 5\ndata:{"choices":[{"delta":{"content":"h"}}]}\ndata:{"choices":[{"delta":{"content":"i"}}]}\n',
    ],
    ids=["retry, two lines", "mark, crlf", "comment, no blank line"],
)
def test_any_event_stream_is_read(text: str) -> None:
    """A stream is read as the SSE standard says, whatever lines come first and however its data is cut."""
    assert ask(raw(text), stream=False).json()["choices"][0]["message"]["content"] == "hi"


ODD = st.recursive(st.sampled_from([None, True, -1, 10**30, 1.5, "x", ""]), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["index", "delta", "message", "choices", "tool_calls", "function", "name", "arguments", "content", "role", "logprobs", "id", "type", "usage", "created", "refusal", "function_call", "text", "thinking"]), inner, max_size=3), max_leaves=8)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["choices", "usage", "id", "created", "object"]), ODD, max_size=3), max_size=3
    ),
    ODD,
)
def test_odd_chunks_are_added_up(chunks: list[dict[str, Any]], choice: Any) -> None:
    """Whatever chunks hold, they add up to something."""
    body = accumulated([*chunks, {"choices": [choice]}])
    assert body["object"] == "chat.completion"
    assert isinstance(body["choices"], list)


MESSAGE_OF_SDK = ChatCompletionMessage(role="assistant", content="from the SDK")
COMPLETION = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE_OF_SDK.model_dump()}],
}
CHUNK = ChatCompletionChunk.model_validate(
    {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": "from the SDK"}}],
    }
)
OF_SDK = {
    "completion": ChatCompletion.model_validate(COMPLETION),
    "choice": ChatCompletion.model_validate(COMPLETION).choices[0],
    "message": MESSAGE_OF_SDK,
    "chunks": [CHUNK],
    "chunk": CHUNK,
    "response": httpx.Response(200, json=COMPLETION),
}


@pytest.mark.parametrize("wrapped", [False, True], ids=["as it is", "in raw()"])
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
@pytest.mark.parametrize("given_", OF_SDK.values(), ids=OF_SDK)
def test_an_sdks_object_is_taken_for_what_it_is(given_: Any, stream: bool, wrapped: bool) -> None:
    """Every object of an SDK that is an answer, or a part of one, answers in both shapes, also within raw()."""
    response = ask(raw(given_) if wrapped else given_, stream=stream)
    body = accumulated(stream_data(response.content)) if stream else response.json()
    assert body["choices"][0]["message"]["content"] == "from the SDK"


@needs_recordings
def test_recorded_bodies_say_the_same_in_the_other_shape() -> None:
    """Every recorded completion, of whatever host, is streamed whole; every stream is added up as the SDK does."""
    count = 0
    for one in recorded():
        if one.endpoint != "chat.completions" or one.status != 200:
            continue
        if one.is_sse:
            body = ask(raw(one.text), stream=False).json()
            assert said(body["choices"]) == said(accumulated(one.chunks)["choices"]), one.name
        else:
            chunks = stream_data(ask(raw(one.text), stream=True).content)
            assert said(accumulated(chunks)) == said(one.body), one.name
        count += 1
    assert count > 150
