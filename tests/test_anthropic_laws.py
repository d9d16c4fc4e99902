"""Laws of what Anthropic's Messages write, held by hypothesis: stream and JSON agree, and all validates."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import httpx
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from llm_intercept import InterceptTransport, Reply, raw, reasoning, refusal, structured, tool_call
from llm_intercept.dialects.anthropic_messages.accumulate import accumulated
from llm_intercept.dialects.anthropic_messages.raw import replies
from llm_intercept.dialects.anthropic_messages.tokens_used import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Citation, Other, Reasoning, Refusal, Text
from tests.amounts import examples
from tests.support import MESSAGES, VERTEX, message

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("f", "g")]
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
CALLS = st.builds(
    tool_call, st.sampled_from(["f", "g"]), st.dictionaries(TEXT, TEXT | st.integers(-9, 9) | st.none(), max_size=3)
)
RESULT = {
    "type": "web_search_result",
    "url": "https://a.test",
    "title": "A",
    "encrypted_content": "Ev",
    "page_age": None,
}
PART = st.one_of(
    TEXT,
    CALLS,
    st.builds(reasoning, TEXT.filter(bool)),
    st.builds(lambda data: Reasoning(encrypted=data), TEXT.filter(bool)),
    st.builds(Citation, TEXT, TEXT, st.integers(0, 20), st.integers(0, 60)),
    st.just(Other("server_tool_use", {"name": "web_search", "input": {"query": "a"}})),
    st.just(Other("web_search_tool_result", {"content": [RESULT]})),
)
WHY = st.sampled_from([None, "stop", "length", "content_filter", "pause_turn", "model_context_window_exceeded"])
ONE = st.one_of(
    st.builds(lambda parts, why: Reply(*parts, finish_reason=why), st.lists(PART, max_size=4), WHY),
    st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, max_size=5)),
    st.builds(refusal, TEXT.filter(bool)),
    st.builds(structured, st.dictionaries(TEXT, TEXT, max_size=3)),
)
PARAMS = st.fixed_dictionaries(
    {"model": st.sampled_from(["claude-opus-4-6", "claude-sonnet-4-6", "claude-3-opus-latest", "own-model"])},
    optional={
        "max_tokens": st.integers(1, 24),
        "stop_sequences": st.lists(st.sampled_from(["a", "x1", "\n\n."]), max_size=2),
        "tools": st.just([*TOOLS, {"type": "web_search_20250305", "name": "web_search"}]),
        "system": TEXT | st.just([{"type": "text", "text": "Be kind."}]),
        "thinking": st.sampled_from([{"type": "adaptive"}, {"type": "adaptive", "display": "omitted"}]),
        "metadata": st.just({"user_id": "b"}),
        "inference_geo": st.just("us"),
    },
)
URLS = st.sampled_from([MESSAGES, VERTEX, "http://llm.test/v1/messages"])
LAW = settings(max_examples=examples(90), deadline=None, suppress_health_check=[HealthCheck.too_slow])
LINES = re.compile(r'event: (\w+)\ndata: (\{"type": ?"\1".*?)( {0,15})\}\n\n', re.DOTALL)


def ask(reply: Any, *, stream: bool, url: str = MESSAGES, **params: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(url, json=message("hello there", stream=stream, **params))


def added_up(events: list[Any]) -> Any:
    """What the SDK's own helper makes of events, as JSON."""
    whole: Any = None
    buffers: dict[int, bytes] = {}
    for event in events:
        if event["type"] != "ping":
            known = EVENT.validate_python(event, strict=True)
            whole = accumulate_event(event=known, current_snapshot=whole, json_bufs=buffers)
    return json.loads(whole.model_dump_json(exclude_unset=True, by_alias=True))


def known(body: Any) -> Any:
    """Without the keys of a block whose value the SDK's helper takes for absent: a text has no sources, or some."""
    content = [{name: one for name, one in block.items() if one != []} for block in body["content"]]
    return {**body, "content": content}


@LAW
@given(ONE, PARAMS, URLS)
def test_stream_and_body_agree_and_validate(reply: Reply, params: dict[str, Any], url: str) -> None:
    """What the SDK's own helper adds up, and our own sum, are the JSON answer, field for field; both validate.

    Each event is named as its type is, and has up to 15 spaces before its last brace; one ping comes after the first
    block began, or none; a call is told after an empty piece; and the spaces are the same for the same request.
    """
    body = ask(reply, stream=False, url=url, **params).json()
    sent = ask(reply, stream=True, url=url, **params)
    events = stream_data(sent.content)
    Message.model_validate(body, strict=True)
    assert accumulated(events) == body
    assert known(added_up(events)) == known(body)
    found = LINES.findall(sent.text)
    assert "".join(f"event: {name}\ndata: {data}{spaces}}}\n\n" for name, data, spaces in found) == sent.text
    names = [name for name, _, _ in found]
    assert [names[0], *names[-2:]] == ["message_start", "message_delta", "message_stop"]
    assert [name for name in names if name == "ping"] == ["ping"] if body["content"] else "ping" not in names
    assert names.index("ping") == 2 if body["content"] else True
    for before, event in pairwise(events):
        if event.get("delta", {}).get("type") == "input_json_delta" and before["type"] != "content_block_delta":
            assert event["delta"]["partial_json"] == ""
    assert ask(reply, stream=True, url=url, **params).text == sent.text
    assert read_usage(events) == read_usage([body])


@LAW
@given(ONE, PARAMS)
def test_an_answer_is_read_back_as_the_reply_it_was(reply: Reply, params: dict[str, Any]) -> None:
    """From JSON and from events the same; its texts, calls and thoughts are those given, in their order."""
    asked = {name: value for name, value in params.items() if name not in {"max_tokens", "stop_sequences", "thinking"}}
    (body,) = replies([ask(reply, stream=False, **asked).json()])
    (events,) = replies(stream_data(ask(reply, stream=True, **asked).content))
    assert body.parts == events.parts
    assert (body.text, body.reasoning, body.refusal) == (reply.text, reply.reasoning, reply.refusal)
    assert [(call.name, json.loads(call.arguments)) for call in body.tool_calls] == [
        (call.name, json.loads(call.arguments)) for call in reply.tool_calls
    ]
    kinds = [type(part) for part in reply.parts if not isinstance(part, (Citation, Text))]
    if not reply.parts and reply.finish_reason == "content_filter":
        kinds = [Refusal]  # which is what the API calls it to say nothing for that reason
    assert [type(part) for part in body.parts if not isinstance(part, (Citation, Text))] == kinds
    if body.finish_reason is not None:
        assert body.finish_reason == reply.finish_reason


@LAW
@given(ONE, PARAMS)
def test_a_ready_message_is_given_in_both_shapes(reply: Reply, params: dict[str, Any]) -> None:
    """A body asked for as a stream, and events asked for as a body, say what they said."""
    body = ask(reply, stream=False, **params).json()
    sent = ask(reply, stream=True, **params)
    assert accumulated(stream_data(ask(raw(body), stream=True).content)) == body
    assert ask(raw(sent.content), stream=False).json() == body
    assert ask(raw(sent.content), stream=True).content == sent.content
    assert ask(raw(body), stream=False).json() == body
    assert ask(raw([event for event in stream_data(sent.content)]), stream=False).json() == body  # noqa: C416 - a list


@LAW
@given(ONE, st.integers(1, 40), st.lists(st.sampled_from(["a", "e", "o "]), min_size=1, max_size=2))
def test_limit_and_stops_end_a_text_early_and_say_so(reply: Reply, limit: int, stops: list[str]) -> None:
    """No text has a stop sequence, whose name is told; what was said is a beginning of what was to be said."""
    whole = ask(reply.replaced(finish_reason=None), stream=False, max_tokens=1000).json()
    body = ask(reply.replaced(finish_reason=None), stream=False, max_tokens=limit, stop_sequences=stops).json()
    texts = [block["text"] for block in body["content"] if block["type"] == "text"]
    assert not any(stop in text for stop in stops for text in texts)
    assert (body["stop_reason"] == "stop_sequence") is (body["stop_sequence"] in stops)
    assert [block["type"] for block in body["content"]] == [one["type"] for one in whole["content"]][
        : len(body["content"])
    ]
    for block, full in zip(body["content"], whole["content"], strict=False):
        assert block["type"] != "text" or full["text"].startswith(block["text"])
    if body["stop_reason"] not in {"max_tokens", "stop_sequence"}:
        assert len(body["content"]) == len(whole["content"])
