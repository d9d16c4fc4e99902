"""Laws of requests and chunks: the spliced chunks are those written one by one, a request is a value."""

from __future__ import annotations

import copy
import importlib
import pickle
from itertools import chain
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept import Reply, intercept, raw, tool_call
from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.padding import quoted
from llm_intercept.dialects.openai_chat.frames import AzureFrames, Envelope, Frames, OpenAIFrames, Run
from llm_intercept.model import LLMRequest, Message, Text
from llm_intercept.model.wire import WireRequest
from tests.conftest import FAMILIES
from tests.support import URL, chat, read_chat

IDENTITY = "0123456789abcdef" * 5


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
    assert [*chain.from_iterable(frames.run(Run(choice, halves))), one.chunk(None, None)] == [
        *(other.chunk(choice(text), None) for text in texts),
        other.chunk(None, None),
    ]


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
    assert many.body == ({"id": "1", "choices": []},)


def request_of(**more: Any) -> LLMRequest:
    return read_chat(
        WireRequest("POST", URL, "api.openai.com", "/v1/chat/completions", {"a": "b"}), chat("hello", **more)
    )


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
    message = Message(role="user", parts=(Text("hello"),))
    request = LLMRequest(api="openai.chat", model="gpt-4o", messages=(message,))
    assert (request.last_user, request.turn, request.tools, request.output_format) == ("hello", 1, (), None)
    assert LLMRequest(model="y").messages == ()
    assert request.replaced(messages=()).last_user == ""


PLAIN = chat("hello")
SAID_TO_ALL = {
    "text": Reply("hello"),
    "thought": Reply("so", reasoning="because"),
    "refused": Reply(refusal="no"),
    "deltas": Reply(deltas=["a", "", "b"]),
    "call": Reply(tool_calls=[tool_call("weather", city="Paris")]),
    "calls": Reply("so", tool_calls=[tool_call("weather", city="Paris"), tool_call("weather", id="mine", city="Rome")]),
    "variants": Reply(variants=[Reply(tool_calls=[tool_call("weather", city="Rome")]), "two"]),
}


@pytest.mark.filterwarnings("ignore::llm_intercept.errors.UnfitReplyWarning")
@pytest.mark.parametrize("url", [URL, "https://api.groq.com/openai/v1/chat/completions"])
@pytest.mark.parametrize("name", SAID_TO_ALL)
def test_what_is_said_to_all_requests_alike_is_what_is_said_to_each(name: str, url: str) -> None:
    """One that has a parameter (`n`: 1) is answered by itself; one that has none by what is kept, with ids of its own."""

    def answered(**more: Any) -> list[Any]:
        with intercept(SAID_TO_ALL[name], created=1):
            bodies = [httpx.post(url, json={**PLAIN, **more}).json() for _ in range(2)]
            return [{name: body[name] for name in ("choices", "usage")} for body in bodies]

    alike = answered()
    assert answered() == alike
    assert list(map(without_ids, alike)) == list(map(without_ids, answered(n=1)))
    ids = [call["id"] for one in alike for call in one["choices"][0]["message"].get("tool_calls") or ()]
    given = ids.count("mine")
    assert len(set(ids)) == len(ids) - max(0, given - 1)


def without_ids(value: Any) -> Any:
    """Leave out what is another in each answer."""
    if isinstance(value, dict):
        return {
            key: without_ids(part)
            for key, part in value.items()
            if not (key == "id" and part != "mine") and not key.endswith("_time")
        }
    return list(map(without_ids, value)) if isinstance(value, list) else value
