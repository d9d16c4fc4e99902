"""Laws of what is done once, or by template, for speed: it changes nothing that anybody sees."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import sys
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept import Reply, ToolCall, Usage, intercept, raw, tool_call
from llm_intercept.base.json import encode
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.clients.driver import family_headers
from llm_intercept.dialects.base import Writing
from llm_intercept.dialects.openai_chat import ordinary, read
from llm_intercept.dialects.openai_chat.deltas import Run
from llm_intercept.dialects.openai_chat.frames import AzureFrames, Envelope, Frames, OpenAIFrames
from llm_intercept.dialects.openai_chat.headers import openai_headers
from llm_intercept.dialects.openai_chat.ordinary import ordinary_body
from llm_intercept.dialects.openai_chat.templates import HOLE, quoted
from llm_intercept.dialects.openai_chat.usage import ANSWER_TOKENS, MESSAGE_TOKENS
from llm_intercept.dialects.openai_chat.write import write
from llm_intercept.model.request import LLMRequest, Message, TextPart
from llm_intercept.model.wire import WireRequest
from tests.conftest import FAMILIES
from tests.support import URL, chat

IDENTITY = "0123456789abcdef" * 5
ANY_TEXT = st.text(st.characters(exclude_characters=HOLE), max_size=80)
SENT = st.text(st.characters(codec="utf-8", exclude_characters=HOLE), max_size=40)
CALLS = st.builds(
    ToolCall,
    name=SENT.filter(bool),
    arguments=SENT,
    id=st.none() | SENT.filter(bool),
    type=st.sampled_from(["function", "custom"]),
)
REPLIES = st.builds(
    Reply,
    ANY_TEXT,
    tool_calls=st.lists(CALLS, max_size=3).map(tuple),
    finish_reason=st.sampled_from([None, "stop", "length", "content_filter"]),
    usage=st.none() | st.builds(Usage, prompt_tokens=st.integers(0, 9), reasoning_tokens=st.integers(0, 9)),
    model=st.sampled_from([None, "own-1", "gpt-5.1"]),
)
MESSAGES = st.lists(
    st.sampled_from(
        [
            {"role": "user", "content": "How are you?"},
            {"role": "user", "content": ""},
            {"role": "user", "content": "Named.", "name": "ada"},
            {"role": "user", "content": [{"type": "text", "text": "Two"}, {"type": "text", "text": "parts"}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "It is 21 degrees."},
            {"role": "user"},
        ]
    ),
    max_size=4,
)  # fmt: skip
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-5.1", "gpt-3.5-turbo", "gpt-4o-audio-preview"]), "messages": MESSAGES},
    optional={
        "n": st.sampled_from([None, 1, 2]),
        "stop": st.sampled_from([None, "a", ["e", " "], []]),
        "max_tokens": st.sampled_from([None, 0, 3, 400, 4000]),
        "max_completion_tokens": st.sampled_from([None, 1, 4000]),
        "logprobs": st.booleans(),
        "tools": st.just([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]),
        "tool_choice": st.sampled_from([None, "auto", "none", "required"]),
        "parallel_tool_calls": st.booleans(),
        "modalities": st.sampled_from([["text"], ["text", "audio"]]),
        "temperature": st.just(0.5),
    },
)
URLS = st.sampled_from(
    [URL, "http://localhost:8000/v1/chat/completions", "https://x.openai.azure.com/chat/completions"]
)


def written(body: dict[str, Any], reply: Reply, url: str = URL) -> tuple[Any, list[Usage]]:
    """Write one answer; return it, read, and the usage that was noted."""
    noted: list[Usage] = []
    head = WireRequest("POST", url, "host", "/chat/completions", {})
    response = write(read(head, body), reply, Writing(EstimatingTokenizer(), IDENTITY, noted.append))
    return [chunk for chunk in response.chunks if isinstance(chunk, bytes)], noted


@given(BODIES, REPLIES, URLS)
def test_a_filled_body_is_to_the_byte_the_one_the_general_writer_writes(
    body: dict[str, Any], reply: Reply, url: str
) -> None:
    filled = written(body, reply, url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[write.__module__], "ordinary_body", lambda *_: None)
        assert filled == written(body, reply, url)


def test_ordinary_answers_are_filled_in() -> None:
    request = read(WireRequest("POST", URL, "h", "/chat/completions", {}), chat("hello", tool_choice="auto"))
    writing = Writing(EstimatingTokenizer(), IDENTITY, lambda _: None)
    for reply in (Reply("Hi."), Reply(tool_calls=(tool_call("f", a=1),)), Reply("Both.", tool_calls=(tool_call("f"),))):
        assert ordinary_body(request, reply, writing) is not None
    for reply in (Reply(refusal="No."), Reply(deltas=["a"]), Reply("a", reasoning="b"), Reply("\ud800")):
        assert ordinary_body(request, reply, writing) is None


def test_a_tokenizer_that_inherits_from_ours_is_asked() -> None:
    """What is counted at once is what the built-in one counts."""

    class Letters(EstimatingTokenizer):
        def split(self, text: str, model: str) -> tuple[str, ...]:
            return tuple(text)

    with intercept("abc", tokenizer=Letters()) as llm:
        httpx.post(URL, json={"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]})
        usage = llm.calls[0].usage
    assert usage == Usage.counted(5 + MESSAGE_TOKENS + ANSWER_TOKENS, 3)


def test_a_percent_sign_in_a_model_name_is_no_hole() -> None:
    [body], _ = written(chat("x", model="100%s%d-%(a)s"), Reply("50% off"))
    assert json.loads(body)["model"] == "100%s%d-%(a)s"
    assert json.loads(body)["choices"][0]["message"]["content"] == "50% off"


@given(st.text(st.characters(codec="utf-8")))
def test_a_text_is_quoted_as_json_is_written(text: str) -> None:
    assert quoted(text).encode() == encode(text)


@pytest.mark.parametrize("kind", [OpenAIFrames, AzureFrames])
@pytest.mark.parametrize("include_usage", [False, True])
@given(
    texts=st.lists(st.text(max_size=20) | st.sampled_from(['"', "\\", "\n", "é", "🙂", "\ud83d\ude42"]), max_size=40)
)
def test_chunks_spliced_in_a_run_are_the_chunks_written_one_by_one(
    kind: type[OpenAIFrames | AzureFrames], texts: list[str], *, include_usage: bool
) -> None:
    envelope = Envelope("chatcmpl-1", 1, "gpt-4o", "fp_1", IDENTITY)

    def choice(text: str) -> dict[str, Any]:
        return {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}

    one, other = (kind(envelope, include_usage=include_usage) for _ in range(2))
    frames: Frames = one
    halves = [texts[: len(texts) // 3], texts[len(texts) // 3 :]]
    assert [*frames.run(Run(choice(HOLE), halves)), one.chunk(None, None)] == [
        *(other.chunk(choice(text), None) for text in texts),
        other.chunk(None, None),
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_shared_headers_are_a_responses_own(family: str) -> None:
    """What is made once for many responses is changed by none of them."""
    kind = importlib.import_module(family).Headers
    headers = [openai_headers("application/json", digit * 80) for digit in "12"]
    made = [family_headers(kind, one) for one in headers]
    assert [one.multi_items() for one in made] == [list(one) for one in headers]
    made[0]["server"] = "mine"
    assert family_headers(kind, headers[0]).multi_items() == list(headers[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_cookies_that_an_answer_sets_are_kept(family: str) -> None:
    client = importlib.import_module(family).Client()
    with intercept(raw({"id": "1"}, headers={"set-cookie": "session=abc"})), client:
        client.post(URL, json=chat("hello"))
        assert dict(client.cookies) == {"session": "abc"}
        client.post(URL, json=chat("again"))
        assert dict(client.cookies) == {"session": "abc"}


def test_a_raw_reply_is_what_it_was_when_it_was_made() -> None:
    body: dict[str, Any] = {"id": "1", "choices": []}
    chunk: dict[str, Any] = {"id": "1", "choices": []}
    one, many = raw(body), raw([chunk])
    body["id"] = chunk["id"] = "2"
    assert one.body == {"id": "1", "choices": []}
    assert many.events == (b'data: {"id":"1","choices":[]}\n\n', b"data: [DONE]\n\n")


def request_of(**more: Any) -> LLMRequest:
    return read(WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {"a": "b"}), chat("hello", **more))


def test_a_request_is_a_value() -> None:
    """Equal, hashed, shown, copied and pickled by its fields, and not to be changed."""
    request, same = request_of(), request_of()
    assert request.last_user == "hello"  # read here, and not yet there
    assert (request, hash(request), repr(request)) == (same, hash(same), repr(same))
    assert request != request_of(model="other")
    assert request != "hello"
    assert copy.deepcopy(request) == pickle.loads(pickle.dumps(request)) == request
    assert "messages=(Message(role='user'" in repr(request)
    with pytest.raises(AttributeError, match="an LLMRequest cannot be changed: model='x' was to be set"):
        request.model = "x"
    with pytest.raises(AttributeError, match="an LLMRequest cannot be changed: model was to be deleted"):
        del request.model


def test_a_request_can_be_made_by_hand() -> None:
    message = Message(role="user", parts=(TextPart(text="hello"),))
    request = LLMRequest(operation="chat.completions", model="gpt-4o", messages=(message,))
    assert (request.last_user, request.turn, request.tools, request.response_format) == ("hello", 1, (), None)
    assert LLMRequest(operation="x", model="y").messages == ()
    assert request.replaced(messages=()).last_user == ""


def test_counted_usage_is_the_usage_that_is_checked() -> None:
    counted = Usage.counted(3, 4, 1)
    assert counted == Usage(prompt_tokens=3, completion_tokens=4, reasoning_tokens=1)
    assert counted.model_dump() == {
        "prompt_tokens": 3, "completion_tokens": 4, "cached_tokens": 0, "reasoning_tokens": 1}  # fmt: skip
    assert counted.model_copy(update={"cached_tokens": 2}).total_tokens == 7


def test_every_parameter_that_bears_on_an_answer_is_known_to_the_fast_path() -> None:
    """What `turn` reads of the parameters is what `ordinary` looks at; a new one has to be put in both."""
    import inspect
    import re

    from llm_intercept.dialects.openai_chat import turn

    source = inspect.getsource(turn.plans) + inspect.getsource(turn)
    bears = set(re.findall(r'params\.get\("(\w+)"\)', source))
    assert bears - {"top_logprobs", "functions"} == set(ordinary.HARMLESS)
