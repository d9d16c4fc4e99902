"""Laws of what Responses write, held by hypothesis: stream and JSON agree, all validates, deltas are padded."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from llm_intercept import InterceptTransport, Reply, custom_tool_call, raw, reasoning, refusal, structured, tool_call
from llm_intercept.dialects.openai.padding import MODULUS
from llm_intercept.dialects.openai_responses.accumulate import accumulated
from llm_intercept.dialects.openai_responses.item_kinds import KINDS
from llm_intercept.dialects.openai_responses.numbered import Numbered
from llm_intercept.dialects.openai_responses.raw import replies
from llm_intercept.dialects.openai_responses.telling import Event, Run
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Citation, Media, Other, Text
from tests.amounts import examples
from tests.openai_schema import SCHEMA, event_in_schema, response_in_schema, validator
from tests.support import RESPONSES, respond

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
TOOLS = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("f", "g")]
HOSTED = [name for name in KINDS if name.endswith(("_call", "_tools", "_request")) and name not in
          {"function_call", "custom_tool_call", "apply_patch_call"}]  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
NAME = st.sampled_from(["f", "g"])
CALLS = st.builds(tool_call, NAME, st.dictionaries(TEXT, TEXT | st.integers(-9, 9), max_size=3))
PART = st.one_of(
    TEXT,
    CALLS,
    st.builds(custom_tool_call, NAME, TEXT),
    st.builds(reasoning, TEXT.filter(bool)),
    st.builds(Citation, TEXT, TEXT, st.integers(0, 20), st.integers(0, 60)),
    st.sampled_from(HOSTED).map(Other),
    st.just(Media("image", data="AAAA")),
)
ONE = st.one_of(
    st.lists(PART, max_size=4).map(lambda parts: Reply(*parts)),
    st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, max_size=5)),
    st.builds(refusal, TEXT.filter(bool)),
    st.builds(structured, st.dictionaries(TEXT, TEXT, max_size=3)),
)
PARAMS = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-5.1", "gpt-5.4", "o4-mini", "own-model"])},
    optional={
        "max_output_tokens": st.integers(16, 24),
        "include": st.lists(st.sampled_from(["message.output_text.logprobs", "reasoning.encrypted_content"])),
        "top_logprobs": st.integers(0, 3),
        "tools": st.just([*TOOLS, {"type": "web_search"}]),
        "parallel_tool_calls": st.booleans(),
        "instructions": TEXT,
        "reasoning": st.sampled_from([{"effort": "low"}, {"summary": "auto"}]),
        "text": st.sampled_from([{"format": {"type": "text"}}, {"verbosity": "low"}]),
        "metadata": st.just({"a": "b"}),
        "store": st.booleans(),
        "stream_options": st.just({"include_obfuscation": False}),
    },
)
LAW = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
AZURE = "https://mine.openai.azure.com/openai/v1/responses"


def ask(reply: Any, *, stream: bool, url: str = RESPONSES, **params: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(url, json=respond("hello there", stream=stream, **params))


@LAW
@given(ONE, PARAMS, st.sampled_from([RESPONSES, AZURE]))
def test_stream_and_body_agree_and_validate(reply: Reply, params: dict[str, Any], url: str) -> None:
    """What the SDK's own helper adds up, our own sum, and the last event are the JSON answer, field for field.

    JSON and events validate strictly against the SDK's models, and against OpenAI's own schema; events are numbered,
    their fields stand by name, deltas are padded unless that is not wanted, and nothing is said that is not in the end.
    """
    body = ask(reply, stream=False, url=url, **params).json()
    sent = ask(reply, stream=True, url=url, **params)
    events = stream_data(sent.content)
    assert accumulated(events) == without_bill(body)
    assert accumulated(events[:-1])["output"] == body["output"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert "[DONE]" not in sent.text
    names = [line.removeprefix("event: ") for line in sent.text.split("\n") if line.startswith("event: ")]
    assert names == [event["type"] for event in events]
    Response.model_validate(body, strict=True)
    state: Any = ResponseStreamState(text_format=omit, input_tools=omit)
    for event in events:
        assert list(event) == ["type", *sorted(event.keys() - {"type"})]
        assert ("obfuscation" in event) is ("delta" in event and "stream_options" not in params)
        if "obfuscation" in event:
            assert (len(event["delta"]) + len(event["obfuscation"])) % MODULUS == 0
        state.handle_event(EVENT.validate_python(event, strict=True))
    if body["status"] == "completed":
        total = json.loads(state._completed_response.model_dump_json(by_alias=True, exclude_unset=True))
        assert plain(total) == plain(body)
    if SCHEMA.exists():
        validator("Response").validate(response_in_schema(body))
        for event in events:
            if event["type"] not in WITH_RESPONSE:
                validator("ResponseStreamEvent").validate(event_in_schema(event))


WITH_RESPONSE = {"response.created", "response.in_progress", "response.completed", "response.incomplete"}


def without_bill(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "billing"}


def plain(value: Any) -> Any:
    """Without what the SDK's helper adds, and what streams do not have."""
    if isinstance(value, dict):
        own = {"parsed", "parsed_arguments", "billing"}
        return {name: plain(item) for name, item in value.items() if name not in own}
    return [plain(item) for item in value] if isinstance(value, list) else value


@LAW
@given(ONE, PARAMS)
def test_an_answer_is_read_back_as_the_reply_it_was(reply: Reply, params: dict[str, Any]) -> None:
    """From JSON and from events the same; its texts, calls and thoughts are those given, in their order."""
    asked = {name: value for name, value in params.items() if name not in {"max_output_tokens", "parallel_tool_calls"}}
    (body,) = replies([ask(reply, stream=False, **asked).json()]) or (Reply(),)
    (events,) = replies(stream_data(ask(reply, stream=True, **asked).content)) or (Reply(),)
    assert body.parts == events.parts
    assert body.text == reply.text
    assert [(call.name, call.arguments, call.type) for call in body.tool_calls] == [
        (call.name, call.arguments, call.type) for call in reply.tool_calls
    ]
    assert (body.reasoning, body.refusal) == (reply.reasoning, reply.refusal)
    kinds = [type(part) for part in reply.parts if not isinstance(part, (Citation, Text, Media))]
    assert [type(part) for part in body.parts if type(part) in set(kinds)] == kinds or Media in map(type, reply.parts)


@LAW
@given(ONE, PARAMS)
def test_a_ready_response_is_given_in_both_shapes(reply: Reply, params: dict[str, Any]) -> None:
    """A body asked for as a stream, and events asked for as a body, say what they said."""
    body = ask(reply, stream=False, **params).json()
    sent = ask(reply, stream=True, **params)
    assert accumulated(stream_data(ask(raw(body), stream=True).content)) == body
    assert ask(raw(sent.content), stream=False).json() == without_bill(body)
    assert ask(raw(list(stream_data(sent.content))), stream=False).json() == without_bill(body)
    assert ask(raw(list(stream_data(sent.content))), stream=True).content == sent.content
    assert ask(raw(body), stream=False).json() == body
    assert ask(raw(sent.content), stream=True).content == sent.content


@pytest.mark.parametrize("cut", range(1, 9))
def test_events_that_break_off_are_added_up_as_far_as_they_came(cut: int) -> None:
    """Without the last events, what was said so far is there."""
    reply = Reply(reasoning("Hm."), "One two three", tool_call("f", a=1), custom_tool_call("g", "free text"))
    events = stream_data(ask(reply, stream=True).content)
    found = accumulated(events[: -cut * 2])["output"]
    whole = accumulated(events)["output"]
    assert 0 < len(found) <= len(whole)
    assert json.dumps(found[0])[:30] == json.dumps(whole[0])[:30]


@LAW
@given(st.lists(st.text(max_size=20), max_size=5), st.booleans(), st.integers(0, 255), TEXT)
def test_a_run_of_deltas_is_the_events_one_by_one(texts: list[str], pads: bool, first: int, name: str) -> None:
    """The fast path writes what the general way writes, lone surrogates too."""
    fields = {"content_index": 0, "item_id": name, "logprobs": [], "output_index": 1, "summary_index": 2}
    together, singly = Numbered(first, pads=pads), Numbered(first, pads=pads)
    run = Run("response.output_text.delta", fields, [texts[:2], texts[2:]])
    spliced = [one for one in together.run(run) if isinstance(one, bytes)]
    assert spliced == [singly.event(Event(run.type, {"delta": text, **fields})) for text in texts]
    assert together.number == singly.number == len(texts)
