"""Cohere's API, version 2, as its SDK reads it: conversations, embeddings, ranks, models."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import Any

import cohere
import httpx
import pytest
from cohere import V2ChatResponse, V2ChatStreamResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from llm_intercept import (
    InterceptTransport,
    Reply,
    api_error,
    auto,
    disconnect,
    embedding,
    intercept,
    malformed,
    raw,
    reasoning,
    structured,
    tool_call,
)
from llm_intercept.dialects.cohere import grammar
from llm_intercept.dialects.cohere.chat_events import accumulated
from llm_intercept.dialects.cohere.dialect import CohereChat
from llm_intercept.dialects.cohere.raw import replies
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.faults import missing_done, missing_finish, stream_error, truncated_arguments
from llm_intercept.model import Citation
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.take import read_take
from tests.amounts import examples
from tests.drawn_replies import TEXT, WEATHER, reply_of
from tests.support import in_both_shapes

# cohere 7 asks so whether a function is async; Python 3.14 warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction' is deprecated:DeprecationWarning")
HOST = "https://api.cohere.com"
MODEL = "command-a-03-2025"
HI: Any = [{"role": "user", "content": "hi"}]
STREAMED: TypeAdapter[Any] = TypeAdapter(V2ChatStreamResponse)
REPLY = reply_of(st.builds(Citation, TEXT, TEXT, st.integers(0, 9), st.integers(0, 40)))
PARAMS = st.fixed_dictionaries(
    {}, optional={"max_tokens": st.integers(0, 12), "stop_sequences": st.lists(TEXT, max_size=2)}
)


def asked(reply: Any, path: str = "/v2/chat", url: str = HOST, **body: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(url + path, json={"model": MODEL, **body})


def client(**options: Any) -> cohere.ClientV2:
    return cohere.ClientV2("none", **options)


@settings(max_examples=examples(75), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REPLY, PARAMS)
def test_the_events_add_up_to_the_body_and_both_are_the_sdks(reply: Reply, params: dict[str, Any]) -> None:
    body = asked(reply, messages=HI, **params).json()
    streamed = asked(reply, messages=HI, stream=True, **params)
    told = stream_data(streamed.content)
    assert accumulated(told) == body
    assert streamed.content.endswith(b"data: [DONE]\n\n")
    names = [line.removeprefix("event: ") for line in streamed.text.split("\n") if line.startswith("event: ")]
    assert names == [event["type"] for event in told]
    assert [names[0], names[-1]] == ["message-start", "message-end"]
    for name in ("content", "tool-call", "citation"):  # each part begins, ends, and has the next number
        for what in ("start", "end"):
            numbers = [event["index"] for event in told if event["type"] == f"{name}-{what}"]
            assert numbers == list(range(len(numbers)))
        assert names.count(f"{name}-start") == names.count(f"{name}-end")
    assert V2ChatResponse.model_validate(body).message.role == "assistant"
    for event in told:
        assert STREAMED.validate_python(event).type == event["type"]


def test_the_sdk_streams_and_does_not() -> None:
    with intercept("Hello there, friend") as llm:
        answer = client().chat(model=MODEL, messages=HI)
        assert [one.text for one in answer.message.content] == ["Hello there, friend"]
        assert (answer.finish_reason, answer.usage.tokens.output_tokens) == ("COMPLETE", 4)
        told = list(client().chat_stream(model=MODEL, messages=HI))
        assert (
            "".join(one.delta.message.content.text for one in told if one.type == "content-delta")
            == "Hello there, friend"
        )
        assert told[-1].delta.usage.billed_units.output_tokens == 4
    assert [call.usage.output_tokens for call in llm.calls] == [4, 4]


def test_async() -> None:
    async def ask() -> Any:
        api = cohere.AsyncClientV2("none")
        return [event.type async for event in api.chat_stream(model=MODEL, messages=HI)]

    with intercept("Hi"):
        assert asyncio.run(ask()) == ["message-start", "content-start", "content-delta", "content-end", "message-end"]


def test_a_client_that_wants_json_alone_gets_lines() -> None:
    """As litellm does; the same events, without an end that is none of them."""
    reply = ["one two", tool_call("f", a=1)]
    with httpx.Client(transport=InterceptTransport(reply), headers={"accept": "application/json"}) as api:
        answer = api.post(f"{HOST}/v2/chat", json={"model": MODEL, "messages": HI, "stream": True})
    assert answer.headers["content-type"] == "application/stream+json"
    told = [json.loads(line) for line in answer.content.split(b"\n") if line]
    assert told == stream_data(asked(reply, messages=HI, stream=True).content)
    assert asked(raw(answer.content), messages=HI).json() == accumulated(told)
    assert [grammar.kind(line) for line in answer.content.splitlines()][-1] == "finish"
    assert grammar.is_last(answer.content.splitlines()[-1])
    failing = Reply(*reply, fault=stream_error("no"))
    with httpx.Client(transport=InterceptTransport(failing), headers={"accept": "application/json"}) as api:
        last = api.post(f"{HOST}/v2/chat", json={"model": MODEL, "messages": HI, "stream": True}).content.splitlines()[
            -1
        ]
    assert json.loads(last)["delta"]["error"] == "no"


def test_the_first_version_of_embeddings_and_ranks() -> None:
    """Which langchain still asks."""
    with intercept():
        api = cohere.Client("none")
        assert (
            len(api.embed(model="embed-english-v3.0", texts=["a"], input_type="classification").embeddings[0]) == 1024
        )
        body = {"texts": ["a"], "embedding_types": ["int8"], "input_type": "classification"}
        assert len(asked(auto(), "/v1/embed", **body).json()["embeddings"]["int8"][0]) == 1024
        assert api.rerank(model="rerank-v3.5", query="a b", documents=["c", "a"]).results[0].index == 1


def test_calls_of_tools_with_a_plan_and_their_answers() -> None:
    with intercept() as llm:
        llm.on(tool="weather").reply(
            ["I will look.", tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Warm"
        )
        first = client().chat(model=MODEL, messages=HI, tools=[WEATHER])
        message = first.message
        assert (first.finish_reason, message.tool_plan, message.content) == ("TOOL_CALL", "I will look.", None)
        assert [call.function.arguments for call in message.tool_calls] == ['{"city":"Rome"}', '{"city":"Oslo"}']
        assert len({call.id for call in message.tool_calls}) == 2
        results = [
            {
                "role": "tool",
                "tool_call_id": call.id,
                "content": [{"type": "document", "document": {"data": {"t": 20}}}],
            }
            for call in message.tool_calls
        ]
        last = client().chat(
            model=MODEL, messages=[*HI, message.model_dump(exclude_none=True), *results], tools=[WEATHER]
        )
        assert last.message.content[0].text == "Warm"
    request = llm.calls[-1].request
    assert (request.turn, request.last_user) == (2, "hi")
    assert [(one.name, one.text) for one in request.tool_results] == [("weather", '{"t":20}')] * 2


@pytest.mark.parametrize(("choice", "calls"), [("REQUIRED", 1), ("NONE", None), (None, None)])
def test_a_choice_of_tools(choice: Any, calls: Any) -> None:
    more = {"tool_choice": choice} if choice else {}
    body = asked(auto(), messages=HI, tools=[WEATHER], **more).json()
    assert len(body["message"].get("tool_calls", ())) == (calls or 0)
    if choice == "NONE":
        body = asked([tool_call("weather", city="Rome"), "No"], messages=HI, tools=[WEATHER], tool_choice=choice).json()
        assert body["message"] == {"role": "assistant", "content": [{"type": "text", "text": "No"}]}


class Person(BaseModel):
    name: str
    age: int


@pytest.mark.parametrize("given", [auto(), structured({"name": "Ada", "age": 36}), Person(name="Ada", age=36)])
def test_structured_output(given: Any) -> None:
    with intercept(given):
        wanted: Any = {"type": "json_object", "json_schema": Person.model_json_schema()}
        answer = client().chat(model=MODEL, messages=HI, response_format=wanted)
    Person.model_validate_json(answer.message.content[0].text)


def test_thoughts_and_citations() -> None:
    reply = Reply(reasoning("Hm."), "Rome is warm", Citation("https://a.test", "A", 0, 4))
    with intercept(reply):
        message = client().chat(model=MODEL, messages=HI).message
    assert [(one.type, getattr(one, one.type)) for one in message.content] == [
        ("thinking", "Hm."),
        ("text", "Rome is warm"),
    ]
    (cited,) = message.citations
    assert (cited.start, cited.end, cited.text, cited.sources[0].document["url"]) == (0, 4, "Rome", "https://a.test")


def test_limits_and_stops() -> None:
    body = asked("one two three four", messages=HI, max_tokens=2).json()
    assert (body["message"]["content"][0]["text"], body["finish_reason"]) == ("one two", "MAX_TOKENS")
    body = asked("one two three", messages=HI, stop_sequences=[" three"]).json()
    assert (body["message"]["content"][0]["text"], body["finish_reason"]) == ("one two", "STOP_SEQUENCE")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (api_error(401), cohere.UnauthorizedError, "invalid api token"),
        (api_error(404), cohere.NotFoundError, "model 'command-a-03-2025' not found"),
        (api_error(429), cohere.TooManyRequestsError, "Trial key"),
        (api_error(400, "no"), cohere.BadRequestError, "no"),
        (api_error(503), cohere.ServiceUnavailableError, "overloaded"),
        (api_error("overloaded"), cohere.ServiceUnavailableError, "overloaded"),
    ],
)
def test_errors_are_the_sdks(error: Any, kind: type[Exception], said: str, stream: bool) -> None:
    """Those that the SDK tries again are, at once; it does not try streams again."""
    with intercept(error) as llm, pytest.raises(kind) as caught:
        if stream:
            list(client().chat_stream(model=MODEL, messages=HI))
        else:
            client().chat(model=MODEL, messages=HI)
    assert said in caught.value.body["message"]
    assert len(caught.value.body["id"]) == 36
    assert (len(llm.calls) > 1) is (caught.value.status_code in {429, 503} and not stream)


def test_faults_know_the_events() -> None:
    reply = ["one two three", tool_call("f", a=1, b=2)]

    def broken(fault: Any, **more: Any) -> httpx.Response:
        return asked(Reply(*reply, fault=fault), messages=HI, **more)

    whole = stream_data(asked(reply, messages=HI, stream=True).content)
    with pytest.raises(httpx.RemoteProtocolError):
        broken(disconnect(after=3), stream=True)
    assert b"[DONE]" not in broken(missing_done(), stream=True).content
    assert stream_data(broken(missing_finish(), stream=True).content) == whole[:-1]
    assert broken(malformed(), stream=True).content.count(b"\n\n") == len(whole) + 1
    told = stream_data(broken(truncated_arguments(after=1), stream=True).content)
    assert [event["type"] for event in told].count("tool-call-delta") == 1
    body = broken(truncated_arguments()).json()
    assert body["message"]["tool_calls"][0]["function"]["arguments"] == '{"a":1'
    with intercept(Reply("one two", fault=stream_error("out of order", after=3))):
        last = list(client().chat_stream(model=MODEL, messages=HI))[-1]
    assert (last.delta.finish_reason, last.delta.error) == ("ERROR", "out of order")


@pytest.mark.parametrize("first", [False, True])
def test_a_take_answers_in_both_shapes(first: bool, tmp_path: Any) -> None:
    reply = Reply(
        reasoning("Hm."), "Hello there", tool_call("f", a=1), Citation("u", "t", 0, 3), finish_reason="TIMEOUT"
    )

    def ask(client: httpx.Client, stream: bool) -> bytes:
        return client.post(f"{HOST}/v2/chat", json={"model": MODEL, "messages": HI, "stream": stream}).content

    recorded, again, other = in_both_shapes(tmp_path, reply, ask, first=first)
    assert again == recorded
    streamed, body = (recorded, other) if first else (other, recorded)
    assert accumulated(stream_data(streamed)) == json.loads(body)
    take = read_take(next(tmp_path.rglob("*.json")).read_bytes(), "")
    assert CohereChat.recorded.usage(answer_values(take.response)).output_tokens > 0


def test_ready_bodies_in_either_shape() -> None:
    """A field that nobody here knows is in both, and a plan beside content is neither lost nor mixed with it."""
    body = asked([reasoning("Hm."), "Hello there", Citation("u", "t", 0, 3)], messages=HI).json()
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    message = {**body["message"], "tool_plan": "I look.", "tool_calls": [call], "odd": {"a": 1}}
    body = {**body, "message": message, "logprobs": [1]}
    streamed = asked(raw(body), messages=HI, stream=True)
    told = stream_data(streamed.content)
    assert accumulated(told) == body
    assert asked(raw(told), messages=HI).json() == body
    assert asked(raw(told), messages=HI, stream=True).content == streamed.content
    assert asked(raw(streamed.content), messages=HI).json() == body
    assert asked(raw(json.dumps(body).encode()), messages=HI, stream=True).content == streamed.content
    (reply,) = replies([body])
    assert (reply.reasoning, reply.text, reply.tool_calls[0].name) == ("Hm.", "Hello thereI look.", "f")


def test_embeddings_of_all_types() -> None:
    with intercept() as llm:
        kinds = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
        answer = client().embed(
            model="embed-v4.0", texts=["a red cat", "a red dog"], input_type="search_document", embedding_types=kinds
        )  # type: ignore[arg-type]
        found = answer.embeddings
        assert [len(one) for one in found.float_] == [1536, 1536]
        assert [round(one * 127) for one in found.float_[0]] == found.int8[0] == [one - 128 for one in found.uint8[0]]
        assert [one + 128 for one in found.binary[0]] == found.ubinary[0]
        assert (found.ubinary[0][0] >= 128) is (found.float_[0][0] > 0)
        assert struct.unpack("<1536f", base64.b64decode(found.base64[0])) == pytest.approx(found.float_[0])
        assert answer.meta.billed_units.input_tokens == 6
        llm.on(api="cohere.embed").reply(embedding([0.5, -0.5]))
        assert client().embed(model="x", texts=["a"], input_type="classification").embeddings.float_ == [[0.5, -0.5]]
    assert llm.calls[0].usage.input_tokens == 6


def test_a_type_of_embeddings_that_is_none_is_passed_over() -> None:
    answer = asked(auto(), "/v2/embed", texts=["a"], embedding_types=[["float"], {}, 1, "new", "int8"])
    assert (answer.status_code, list(answer.json()["embeddings"])) == (200, ["int8"])


def test_ranks_and_models() -> None:
    with intercept():
        documents = ["The moon is far", "Rome is warm today", "It is warm"]
        ranked = client().rerank(model="rerank-v3.5", query="Is it warm in Rome today?", documents=documents, top_n=2)
        assert [one.index for one in ranked.results] == [1, 2]
        assert 1 >= ranked.results[0].relevance_score > ranked.results[1].relevance_score >= 0
        assert MODEL in [one.name for one in client().models.list().models]
        assert client().models.get("embed-v4.0").endpoints == ["embed"]
        with pytest.raises(cohere.NotFoundError):
            client().models.get("nothing")


def test_nobody_answers() -> None:
    with pytest.raises(UnmatchedRequestError), intercept(), pytest.raises(cohere.NotFoundError) as caught:
        client().chat(model=MODEL, messages=HI)
    assert "no rule" in caught.value.body["message"].lower()


@pytest.mark.parametrize(
    "body", [{"model": MODEL, "messages": []}, {"model": "", "messages": HI}, {"model": MODEL, "messages": "hi"}]
)
def test_what_cohere_refuses(body: dict[str, Any]) -> None:
    """A chat of another application may have the same path."""
    with httpx.Client(transport=InterceptTransport("x")) as api:
        assert api.post(f"{HOST}/v2/chat", json=body).status_code == 400
    server = httpx.MockTransport(lambda _: httpx.Response(418))
    with httpx.Client(transport=InterceptTransport("x", inner=server)) as api:
        assert api.post("http://app.test/v2/chat", json={**body, "model": ""}).status_code == 418
        assert api.get("http://app.test/v1/models").status_code == 418


def test_what_cohere_cannot_say() -> None:
    assert "cannot say" in asked(Reply("x", finish_reason="content_filter"), messages=HI).json()["message"]
    assert "question to a model" in asked(embedding([0.1]), messages=HI).json()["message"]
    assert "several answers" in asked(Reply(variants=["a", "b"]), messages=HI).json()["message"]


def test_a_delta_that_says_its_type_again_says_it_once() -> None:
    """As some recorded streams do; what a user gives is not changed."""
    delta = {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"type": "text", "text": "Hi"}}}}
    start = {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}
    told = [{"type": "message-start", "id": "a", "delta": {"message": {"role": "assistant"}}}, start, delta, delta]
    end = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}
    assert accumulated([*told, end])["message"]["content"] == [{"type": "text", "text": "HiHi"}]
    assert start["delta"]["message"]["content"]["text"] == ""
