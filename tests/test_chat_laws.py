"""Laws of what is written, held by hypothesis: stream and JSON agree, both validate, chunks are padded as OpenAI's."""

from __future__ import annotations

import json
from itertools import cycle, islice
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from llm_intercept import InterceptTransport, Reply, custom_tool_call, intercept, raw, refusal, structured, tool_call
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.openai_chat.dialect import OpenAIChat
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.model import Media, ToolCall
from llm_intercept.model.wire import WireRequest
from tests.amounts import examples
from tests.openai_schema import SCHEMA, as_in_schema, validator
from tests.support import URL, chat

TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("f", "g")]
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
NAME = st.sampled_from(["f", "g"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
CALLS = st.builds(tool_call, NAME, st.dictionaries(TEXT, JSON, max_size=3))
ONE = st.one_of(
    st.builds(Reply, TEXT, reasoning=TEXT),
    st.builds(Reply, TEXT, tool_calls=st.lists(CALLS, max_size=3).map(tuple)),
    st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, max_size=5)),
    st.builds(refusal, TEXT.filter(bool)),
    st.builds(structured, JSON),
    st.builds(lambda call: Reply(function_call=call), CALLS),
)
REPLIES = ONE | st.builds(lambda ones: Reply(variants=tuple(ones)), st.lists(ONE, min_size=1, max_size=3))
PARAMS = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-5.1", "gpt-3.5-turbo", "o4-mini", "own-model"])},
    optional={
        "n": st.integers(1, 3),
        "stop": st.sampled_from([["a"], [" the", "zz"], "e", None]),
        "max_completion_tokens": st.integers(1, 12),
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 3),
        "tools": st.just(TOOLS),
        "parallel_tool_calls": st.booleans(),
        "seed": st.integers(0, 9),
    },
)
NAMED = {"type": "function", "function": {"name": "f"}}
F_CALLS = st.builds(tool_call, st.just("f"), st.dictionaries(TEXT, JSON, max_size=3))
REFUSALS = st.builds(refusal, TEXT.filter(bool))


def asked(params: st.SearchStrategy[dict[str, Any]], **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Ask for more than some parameters do."""
    return params.map(lambda given: {**given, "tools": TOOLS, **more})


CASES = st.one_of(
    st.tuples(REPLIES, PARAMS),
    st.tuples(REPLIES, st.sampled_from(["none", "auto"]).flatmap(lambda choice: asked(PARAMS, tool_choice=choice))),
    st.tuples(
        REFUSALS | st.builds(lambda calls: Reply(*calls), st.lists(CALLS, min_size=1, max_size=3)),
        asked(PARAMS, tool_choice="required"),
    ),
    st.tuples(
        REFUSALS | F_CALLS.map(Reply) | st.builds(structured, st.dictionaries(TEXT, JSON, max_size=3)),
        asked(PARAMS, tool_choice=NAMED),
    ),
)
"""Replies and requests that they can answer."""
LAW = settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ask(reply: Any, stream: bool, url: str = URL, **params: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply, validate="off")) as client:
        body = chat("hello there", **params)
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return client.post(url, json=body)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """A completion without what a stream cannot say: annotations that are none, nulls, and the accumulator's own keys."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            own = {"parsed", "parsed_arguments", "obfuscation"} | (
                {"index"} if "function" in value or "custom" in value else set()
            )
            kept = {key: clean(item) for key, item in value.items() if key not in own}
            return {key: item for key, item in kept.items() if item is not None and item != []}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return clean(body)


@LAW
@given(CASES)
@example((refusal("e"), {"stop": "e"}))  # a refusal of which nothing is left is one all the same
def test_the_accumulated_stream_equals_the_json_body(case: tuple[Reply, dict[str, Any]]) -> None:
    """What openai's own accumulator makes of the stream is the JSON answer of the same request, field for field."""
    reply, params = case
    body = ask(reply, stream=False, **params).json()
    chunks = stream_data(ask(reply, stream=True, **params).content)
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    total = state.current_completion_snapshot.model_dump(mode="json")
    assert plain(total) == plain(ChatCompletion.model_validate(body).model_dump(mode="json"))
    assert plain(accumulated(chunks)) == plain(body)


@LAW
@given(CASES)
def test_every_answer_validates(case: tuple[Reply, dict[str, Any]]) -> None:
    """JSON and chunks validate strictly against the SDK's models and OpenAI's own schema."""
    reply, params = case
    body = ask(reply, stream=False, **params).json()
    ChatCompletion.model_validate(body, strict=True)
    chunks = stream_data(ask(reply, stream=True, **params).content)
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    if SCHEMA.exists():
        validator("CreateChatCompletionResponse").validate(as_in_schema(body))
        for chunk in chunks:
            validator("CreateChatCompletionStreamResponse").validate(as_in_schema(chunk))


@LAW
@given(CASES)
def test_every_chunk_is_padded_to_the_modulus(case: tuple[Reply, dict[str, Any]]) -> None:
    """The JSON text of each chunk has one character more than a multiple of 16 (docs/wire.md 2.2)."""
    reply, params = case
    text = ask(reply, stream=True, **params).text
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    assert {len(line) % 16 for line in lines} == {1}


@LAW
@given(CASES)
def test_the_same_request_gets_the_same_bytes(case: tuple[Reply, dict[str, Any]]) -> None:
    """Same seed, same request: same bytes."""
    reply, params = case
    for stream in (True, False):
        assert ask(reply, stream, **params).content == ask(reply, stream, **params).content


@LAW
@given(TEXT, st.lists(st.sampled_from(["a", "e", " ", "ab", "xyz"]), min_size=1, max_size=3))
def test_stop_cuts_where_the_text_says(text: str, stops: list[str]) -> None:
    """The text ends before the first stop sequence, in whatever deltas it comes."""
    first = min((position for stop in stops if (position := text.find(stop)) >= 0), default=len(text))
    for given_text in (text, [text[:5], text[5:9], text[9:]], list(text)):
        choice = ask(given_text, stream=False, stop=stops).json()["choices"][0]
        assert choice["message"]["content"] == text[:first]
        assert choice["finish_reason"] == "stop"


@LAW
@given(TEXT, st.integers(1, 9))
def test_a_limit_cuts_at_the_token(text: str, limit: int) -> None:
    """No more tokens than allowed are given and counted; a text that is cut ends with `length`."""
    body = ask(text, stream=False, max_tokens=limit).json()
    whole = ask(text, stream=False).json()
    cut = whole["usage"]["completion_tokens"] > limit
    assert body["usage"]["completion_tokens"] == min(limit, whole["usage"]["completion_tokens"])
    assert body["choices"][0]["finish_reason"] == ("length" if cut else "stop")
    assert text.startswith(body["choices"][0]["message"]["content"])


@LAW
@given(TEXT, st.integers(0, 4))
def test_logprobs_are_of_the_texts_own_tokens(text: str, top: int) -> None:
    """The tokens joined are the text, their bytes its bytes, and each is its own likeliest alternative."""
    body = ask(text, stream=False, logprobs=True, top_logprobs=top).json()
    entries = body["choices"][0]["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == text
    assert bytes(byte for entry in entries for byte in entry["bytes"]) == text.encode()
    assert len(entries) == body["usage"]["completion_tokens"]
    for entry in entries:
        assert entry["logprob"] <= 0
        assert len(entry["top_logprobs"]) == top
        values = [one["logprob"] for one in entry["top_logprobs"]]
        assert values == sorted(values, reverse=True)
        assert not top or entry["top_logprobs"][0]["token"] == entry["token"]


def test_an_explicit_finish_reason_and_usage_win() -> None:
    """What a Reply says of finish reason, usage and model is answered, whatever the request's parameters."""
    reply = Reply("a b c", finish_reason="content_filter", usage={"input_tokens": 5, "output_tokens": 7}, model="m")
    body = ask(reply, stream=False, max_tokens=1).json()
    assert body["choices"][0]["finish_reason"] == "content_filter"
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"], body["model"]) == (5, 7, "m")


@pytest.mark.parametrize("stream", [True, False])
def test_tool_choice_none_leaves_the_calls_out(stream: bool) -> None:
    """A request that forbids tools gets no call."""
    response = ask([tool_call("f", a=1), "text"], stream, tools=TOOLS, tool_choice="none")
    assert "tool_calls" not in response.text
    assert "text" in response.text


def test_tool_call_arguments_are_kept_to_the_letter() -> None:
    """JSON text given as arguments comes back as it was, spaces and all."""
    text = '{ "b" :1,  "a": [ ] }'
    for stream in (True, False):
        response = ask(tool_call("f", text), stream)
        body = accumulated(stream_data(response.content)) if stream else response.json()
        assert body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == text


def test_one_call_rides_in_the_role_chunk_and_two_do_not() -> None:
    """The stream's beginning depends on the number of calls (docs/wire.md 2.2)."""
    one = stream_data(ask(tool_call("f", a=1), stream=True).content)[0]["choices"][0]["delta"]
    two = stream_data(ask([tool_call("f", a=1), tool_call("g")], stream=True).content)[0]["choices"][0]["delta"]
    assert list(one) == ["role", "content", "tool_calls", "refusal"]
    assert two == {"role": "assistant", "content": None}


def test_call_ids_are_stable_and_distinct() -> None:
    """Ids are call_ and 24 letters and digits, the same for the same request, different for each call."""
    first, again = (
        [
            call["id"]
            for call in ask([tool_call("f"), tool_call("g")], stream=False).json()["choices"][0]["message"][
                "tool_calls"
            ]
        ]
        for _ in range(2)
    )
    assert first == again
    assert len(set(first)) == 2
    assert all(len(one) == 29 and one.startswith("call_") and one[5:].isalnum() for one in first)


def test_custom_tool_calls() -> None:
    """A custom tool's input is free text, in both shapes."""
    reply = custom_tool_call("sql", "SELECT 1;")
    call = ask(reply, stream=False).json()["choices"][0]["message"]["tool_calls"][0]
    assert (call["type"], call["custom"]) == ("custom", {"name": "sql", "input": "SELECT 1;"})
    chunks = stream_data(ask(reply, stream=True).content)
    assert accumulated(chunks)["choices"][0]["message"]["tool_calls"] == [call]


def test_audio_has_a_transcript_and_no_content() -> None:
    """A request for audio gets the text as the transcript, and the stream adds up to the JSON."""
    params = {"modalities": ["text", "audio"], "model": "gpt-4o-audio-preview"}
    message = ask("hello there", stream=False, **params).json()["choices"][0]["message"]
    assert message["content"] is None
    assert message["audio"]["transcript"] == "hello there"
    chunks = stream_data(ask("hello there", stream=True, **params).content)
    spoken = [choice["delta"].get("audio", {}) for chunk in chunks for choice in chunk["choices"]]
    assert "".join(one.get("transcript", "") for one in spoken) == "hello there"
    assert {key: value for one in spoken for key, value in one.items()}["data"] == message["audio"]["data"]
    own = Reply(audio=Media("audio", transcript="hi", data="AAAA"))
    assert ask(own, stream=False).json()["choices"][0]["message"]["audio"]["data"] == "AAAA"


COMPLETION = {
    "id": "chatcmpl-own",
    "object": "chat.completion",
    "created": 7,
    "model": "own",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "raw text", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def test_a_raw_body_answers_both_shapes() -> None:
    """A ready JSON body is sent as it is, and streamed with the same id, time, model, text and usage."""
    assert ask(raw(COMPLETION), stream=False).json() == COMPLETION
    total = accumulated(stream_data(ask(raw(COMPLETION), stream=True).content))
    assert {**total, "system_fingerprint": None} == {**COMPLETION, "system_fingerprint": None}


def test_raw_chunks_answer_both_shapes() -> None:
    """Ready chunks are sent as they are, and add up to a body where JSON is asked for; so does a ready SSE text."""
    response = ask(raw(COMPLETION), stream=True)
    chunks = stream_data(response.content)
    assert stream_data(ask(raw(chunks), stream=True).content) == chunks
    for body in (chunks, response.text, response.content):
        answer = ask(raw(body), stream=False).json()
        assert answer["choices"][0]["message"]["content"] == "raw text"


def test_bytes_that_are_no_completion_are_sent_as_they_are() -> None:
    """Whatever raw() is given as text goes out to the letter, with its status and headers."""
    response = ask(raw("<html>", status=502, headers={"content-type": "text/html"}), stream=True)
    assert (response.status_code, response.text, response.headers["content-type"]) == (502, "<html>", "text/html")


@pytest.mark.parametrize("value", [None, "hi"])
def test_a_request_without_a_conversation_is_refused(value: Any) -> None:
    """There is nothing to answer, with `validate="off"` too: OpenAI's 400, naming the parameter."""
    response = ask("hi", stream=False, messages=value)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "messages"


AZURE = "https://own.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"


@LAW
@given(ONE, PARAMS)
def test_azure_is_alphabetical_at_every_level(reply: Reply, params: dict[str, Any]) -> None:
    """Keys are sorted in JSON and chunks, the first chunk has the prompt's filter results, and both say the same."""

    def check(value: Any) -> None:
        if isinstance(value, dict):
            keys = [key for key in value if key != "prompt_filter_results"]
            assert keys == sorted(keys)
            for key in keys:
                check(value[key])
        for item in value if isinstance(value, list) else ():
            check(item)

    body = ask(reply, stream=False, url=AZURE, **params).json()
    chunks = stream_data(ask(reply, stream=True, url=AZURE, **params).content)
    check(body)
    for chunk in chunks[1:]:
        check(chunk)
    assert chunks[0]["prompt_filter_results"]
    total = accumulated(chunks)
    for ours, theirs in zip(body["choices"], total["choices"], strict=True):
        assert plain(ours["message"]) == plain(theirs["message"])


def test_the_models_alias_is_answered_with_its_snapshot() -> None:
    """OpenAI and Azure answer with the dated name; another host echoes the name it was given."""
    assert ask("x", stream=False, model="gpt-4o").json()["model"] == "gpt-4o-2024-08-06"
    assert ask("x", stream=False, url=AZURE, model="gpt-4o").json()["model"] == "gpt-4o-2024-08-06"
    local = "http://localhost:1/v1/chat/completions"
    assert ask("x", stream=False, url=local, model="gpt-4o").json()["model"] == "gpt-4o"


def test_a_million_deltas_are_not_held() -> None:
    """A stream is made while it is read: the first chunk is there before the last delta exists."""
    made = 0

    def deltas() -> Any:
        nonlocal made
        for _ in range(1_000_000):
            made += 1
            yield "x"

    with httpx.Client(transport=InterceptTransport(deltas())) as client:
        with client.stream("POST", URL, json=chat(stream=True)) as response:
            chunks = response.iter_bytes()
            for _ in range(10):
                next(chunks)
        assert made < 20


def test_a_schema_nothing_fulfils_is_reported() -> None:
    """auto() on an impossible schema is an error that says where, not a guess."""
    from llm_intercept import auto
    from llm_intercept.errors import SchemaError

    schema = {"type": "object", "properties": {"a": {"type": "strange"}}, "required": ["a"]}
    with pytest.raises(SchemaError, match="#/properties/a/type"), intercept(auto()):
        httpx.post(
            URL, json=chat(response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": schema}})
        )


def test_calls_are_values() -> None:
    """tool_call() gives a frozen ToolCall, which a Reply takes."""
    call = tool_call("f", {"a": 1}, id="call_own")
    assert isinstance(call, ToolCall)
    assert (
        ask(Reply("t", tool_calls=(call,)), stream=False).json()["choices"][0]["message"]["tool_calls"][0]["id"]
        == "call_own"
    )


def test_unmatched_is_plain_json_for_a_stream_too() -> None:
    """An error on a stream request is JSON, never SSE."""
    with pytest.raises(UnmatchedRequestError), intercept():
        response = httpx.post(URL, json=chat(stream=True))
        assert response.headers["content-type"] == "application/json"
        assert response.status_code == 404


@pytest.mark.parametrize(
    ("url", "agent", "is_whole"),
    [
        ("https://api.mistral.ai/v1/chat/completions", "x", True),
        (URL, "mistral-client-python/3.7.0", True),
        (URL, "x", False),
    ],
)
def test_mistrals_calls_come_whole(url: str, agent: str, is_whole: bool) -> None:
    """Mistral streams each call in one delta; elsewhere the arguments follow in fragments. Both say the same."""
    with httpx.Client(transport=InterceptTransport(["Hm.", tool_call("f", a="text"), tool_call("g")])) as client:
        body = chat(stream=True, tools=TOOLS)
        chunks = stream_data(client.post(url, json=body, headers={"user-agent": agent}).content)
    deltas = [call for chunk in chunks for one in chunk["choices"] for call in one["delta"].get("tool_calls", ())]
    assert (len(deltas) == 2) is is_whole
    called = accumulated(chunks)["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in called] == ['{"a": "text"}', "{}"]


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("https://llm.api.browser-use.com/v1/chat/completions", {}),
        (URL, {"request_type": "judge", "anonymized_telemetry": True}),
    ],
)
def test_another_api_with_the_path_is_not_answered_as_openais(url: str, fields: dict[str, Any]) -> None:
    """Where host or body say that it is another API, no rule answers, and the refusal says whose it is."""
    dialect = OpenAIChat()
    head = WireRequest("POST", url, httpx.URL(url).host, "/v1/chat/completions", {})
    with pytest.raises(UnreadableError, match="browser-use's own API there"):
        dialect.read(head, json.dumps(chat(**fields)).encode())


CITIES = ({"city": "Reykjavík", "days": [1, 2]}, {"city": "Oslo"}, {})


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("counts", [False, True])
def test_calls_are_told_as_alone_or_as_several(count: int, counts: bool) -> None:
    """A lone call is compact; several are spaced, cut every 4, 5, 6 characters, and have `usage` before `choices`."""
    reply = Reply(*(tool_call("f", one) for one in CITIES[:count]))
    params: dict[str, Any] = {"stream_options": {"include_usage": True}} if counts else {}
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        whole = client.post(URL, json=chat(tools=TOOLS)).json()
        chunks = stream_data(client.post(URL, json=chat(tools=TOOLS, stream=True, **params)).content)
    lay_out = {"separators": (",", ":")} if count == 1 else {}
    written = [json.dumps(one, ensure_ascii=False, **lay_out) for one in CITIES[:count]]
    assert [call["function"]["arguments"] for call in whole["choices"][0]["message"]["tool_calls"]] == written
    pieces: list[list[str]] = [[] for _ in range(count)]
    for chunk in chunks:
        delta = chunk["choices"][0]["delta"] if chunk["choices"] else {}
        for call in delta.get("tool_calls", ()):
            pieces[call["index"]].append(call["function"]["arguments"])
        if counts:
            is_before = list(chunk).index("usage") < list(chunk).index("choices")
            assert is_before is (count > 1 and bool(delta))
    assert ["".join(one) for one in pieces] == written
    if count > 1:
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": None}
        assert all([len(one) for one in told[1:-1]] == [*islice(cycle((4, 5, 6)), len(told) - 2)] for told in pieces)
    if counts:
        assert chunks[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]


def test_a_users_own_json_is_laid_out_by_nobody() -> None:
    """JSON text that is given is kept to the letter, also of several calls."""
    given = ['{"a":1,"b":[1,2]}', '{ "a" : 1 }']
    with httpx.Client(transport=InterceptTransport(Reply(*(tool_call("f", one) for one in given)))) as client:
        called = client.post(URL, json=chat(tools=TOOLS)).json()["choices"][0]["message"]["tool_calls"]
    assert [one["function"]["arguments"] for one in called] == given
