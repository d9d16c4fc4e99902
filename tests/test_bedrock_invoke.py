"""Bedrock's InvokeModel, each family of models in its envelope, with botocore and anthropic's client as oracles."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx
import pytest
from botocore.exceptions import EventStreamError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings

from llm_intercept import (
    InterceptTransport,
    Recordings,
    Reply,
    api_error,
    auto,
    embedding,
    intercept,
    raw,
    reasoning,
    tool_call,
)
from llm_intercept.base.amazon_frames import written
from llm_intercept.base.framings import AMAZON
from llm_intercept.dialects import claimed_by
from llm_intercept.dialects.bedrock.envelope import METRICS, opened_take, payload_in
from llm_intercept.faults import cut_off, malformed, missing_done, missing_finish, stream_error, truncated_arguments
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.take import read_take
from tests.amounts import examples
from tests.support import in_both_shapes, upstream
from tests.test_bedrock import CONFIG, HOST, REPLY, Body, service

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
MESSAGES: dict[str, Any] = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": HI}
CONVERSE: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
CHAT: dict[str, Any] = {"messages": HI}


def said_by_nova(one: Any) -> str:
    if "output" in one:
        return one["output"]["message"]["content"][0]["text"]
    return one.get("contentBlockDelta", {}).get("delta", {}).get("text")


def said_by_chat(one: Any) -> str:
    (choice,) = one["choices"]
    return choice.get("message", choice.get("delta")).get("content")


FAMILIES: dict[str, tuple[dict[str, Any], Callable[[Any], str]]] = {
    CLAUDE: (MESSAGES, lambda one: one["content"][0]["text"] if "content" in one else one.get("delta", {}).get("text")),
    NOVA: (CONVERSE, said_by_nova),
    "openai.gpt-oss-20b-1:0": (CHAT, said_by_chat),
    "meta.llama3-1-8b-instruct-v1:0": ({"prompt": "hi"}, lambda one: one["generation"]),
    "mistral.mistral-7b-instruct-v0:2": ({"prompt": "hi"}, lambda one: one["outputs"][0]["text"]),
    "us.deepseek.r1-v1:0": ({"prompt": "hi"}, lambda one: one["choices"][0]["text"]),
    "amazon.titan-text-lite-v1": (
        {"inputText": "hi"},
        lambda one: one["results"][0]["outputText"] if "results" in one else one["outputText"],
    ),
}
"""A body of each family, and what an answer or an event of its says."""
PROMPTED = list(FAMILIES)[3:]
each_family = pytest.mark.parametrize("model", FAMILIES)
in_both = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


def invoke(client: httpx.Client, model: str, body: Any, stream: bool = False) -> tuple[httpx.Response, Any]:
    """Ask as boto3 would, and read the answer with botocore's parser."""
    operation = service().operation_model("InvokeModelWithResponseStream" if stream else "InvokeModel")
    asked = {"modelId": model, "body": json.dumps(body)}
    made = create_serializer("rest-json").serialize_to_request(asked, operation)
    answer = client.request(made["method"], HOST + made["url_path"], content=made["body"])
    is_stream = stream and answer.status_code == 200
    response = {
        "status_code": answer.status_code,
        "headers": dict(answer.headers),
        "context": {"operation_name": operation.name},
        "body": Body([answer.content]) if is_stream else answer.content,
    }
    return answer, create_parser("rest-json").parse(response, operation.output_shape)


def ask(reply: Any, model: str = CLAUDE, stream: bool = False, **more: Any) -> tuple[httpx.Response, Any]:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return invoke(client, model, {**FAMILIES[model][0], **more}, stream)


def events_of(parsed: Any) -> list[dict[str, Any]]:
    """Read what is in the chunks that botocore gives."""
    return [json.loads(one["chunk"]["bytes"]) for one in parsed["body"]]


@each_family
def test_each_family_says_the_same_in_both_shapes(model: str) -> None:
    """By rules as any API; the last event alone says what was used, which headers of JSON do."""
    body, said = FAMILIES[model]
    with intercept() as llm, httpx.Client() as client:
        llm.on(user="hi", model=model).reply("Hello there, friend")
        whole, _ = invoke(client, model, body)
        streamed, parsed = invoke(client, model, body, stream=True)
    events = events_of(parsed)
    assert said(whole.json()) == "".join(filter(None, map(said, events))) == "Hello there, friend"
    assert [METRICS in one for one in events] == [False] * (len(events) - 1) + [True]
    assert events[-1][METRICS]["outputTokenCount"] == int(whole.headers["x-amzn-bedrock-output-token-count"]) > 0
    assert streamed.headers["x-amzn-bedrock-content-type"] == whole.headers["content-type"] == "application/json"
    assert [(one.request.api, one.request.model, one.request.stream, one.request.raw) for one in llm.calls] == [
        ("bedrock.invoke", model, stream, body) for stream in (False, True)
    ]
    assert [one.usage.output_tokens for one in llm.calls] == [events[-1][METRICS]["outputTokenCount"]] * 2


@settings(max_examples=examples(45), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REPLY, CONFIG)
def test_novas_events_add_up_to_its_body(reply: Reply, config: dict[str, Any]) -> None:
    """With whatever is said and limits it."""
    whole, _ = ask(reply, NOVA, inferenceConfig=config)
    streamed, _ = ask(reply, NOVA, stream=True, inferenceConfig=config)
    assert ask(raw(streamed.content), NOVA)[0].json() == whole.json()


@each_family
@pytest.mark.parametrize("first", [False, True], ids=["json", "stream"])
def test_a_take_answers_in_both_shapes(model: str, first: bool, tmp_path: Any) -> None:
    """The two paths have one key; the frames are kept as JSON that can be read, and are the same bytes again."""
    body, said = FAMILIES[model]

    def asked(client: httpx.Client, stream: bool) -> bytes:
        return invoke(client, model, body, stream)[0].content

    recorded, again, other = in_both_shapes(tmp_path, "Hello there", asked, first=first)
    assert again == recorded
    streamed, whole = (recorded, other) if first else (other, recorded)
    events = list(map(payload_in, AMAZON.cut(streamed)[0]))
    assert "".join(filter(None, map(said, events))) == said(json.loads(whole)) == "Hello there"
    take = read_take(next(tmp_path.rglob("*.json")).read_bytes(), "")
    dialect = claimed_by(WireRequest("POST", take.request.url, "", take.request.url.partition(".com")[2], {}))
    assert [one.text for one in dialect.recorded.replies(answer_values(take.response))] == ["Hello there"]


@in_both
def test_takes_cross_apis(stream: bool, tmp_path: Any) -> None:
    """What Claude said on Bedrock answers a chat, and the reverse."""

    def asked(client: httpx.Client, of_bedrock: bool) -> str:
        if of_bedrock:
            answer = invoke(client, CLAUDE, MESSAGES, stream)[0]
            values = map(payload_in, AMAZON.cut(answer.content)[0]) if stream else [answer.json()]
            return "".join(filter(None, map(FAMILIES[CLAUDE][1], values)))
        body = {**CHAT, "model": CLAUDE, "max_tokens": 99}
        return client.post("https://api.openai.com/v1/chat/completions", json=body).json()["choices"][0]["message"][
            "content"
        ]

    for first in (False, True):
        folder = tmp_path / str(first)
        inner = upstream("Hello there")
        tape = Recordings(folder, ignore="api")
        with httpx.Client(transport=InterceptTransport(inner=inner, mode="record", recordings=tape)) as client:
            assert asked(client, first) == "Hello there"
        with httpx.Client(transport=InterceptTransport(mode="replay", recordings=tape)) as client:
            assert asked(client, not first) == "Hello there"


@in_both
def test_anthropics_client_is_answered(stream: bool) -> None:
    """By its own messages and stream of events, with a tool that is called and answered; ids are Bedrock's."""
    client = anthropic.AnthropicBedrock(api_key="key", aws_region="us-east-1", max_retries=0)
    asked: dict[str, Any] = {
        "model": CLAUDE,
        "max_tokens": 99,
        "tools": [{"name": "weather", "input_schema": SCHEMA}],
    }
    with intercept() as llm:
        llm.on(tool="weather").reply([reasoning("Hm."), "Let me see.", tool_call("weather", city="Rome")], "Warm")
        messages: list[Any] = [{"role": "user", "content": "hi"}]
        for _ in range(2):
            if stream:
                with client.messages.stream(**asked, messages=messages) as told:
                    answer: Any = told.get_final_message()
            else:
                answer = client.messages.create(**asked, messages=messages)
            calls = [one for one in answer.content if one.type == "tool_use"]
            results = [{"type": "tool_result", "tool_use_id": one.id, "content": "20"} for one in calls]
            messages += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": results}]
            if len(llm.calls) == 1:
                assert [one.type for one in answer.content] == ["thinking", "text", "tool_use"]
                assert (calls[0].input, answer.stop_reason) == ({"city": "Rome"}, "tool_use")
                assert (answer.id[:9], calls[0].id[:11]) == ("msg_bdrk_", "toolu_bdrk_")
    assert answer.content[-1].text == "Warm"
    assert answer.model == "claude-sonnet-4-5-20250929"
    assert "service_tier" not in answer.usage.model_fields_set
    assert [one.text for one in llm.calls[-1].request.tool_results] == ["20"]
    assert [one.request.api for one in llm.calls] == ["bedrock.invoke"] * 2


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (api_error(429), 429, anthropic.RateLimitError, "ThrottlingException"),
        (api_error("overloaded"), 503, anthropic.ServiceUnavailableError, "ServiceUnavailableException"),
        (api_error("model_not_found"), 404, anthropic.NotFoundError, "ResourceNotFoundException"),
        (api_error("invalid_request", "no"), 400, anthropic.BadRequestError, "ValidationException"),
    ],
)
@in_both
def test_errors_are_bedrocks(error: Any, status: int, kind: type[anthropic.APIError], code: str, stream: bool) -> None:
    """Which anthropic's client tries again at once, where it does."""
    answer, parsed = ask(error, stream=stream)
    assert (answer.status_code, parsed["Error"]["Code"]) == (status, code)
    assert list(answer.json()) == ["message"]
    client = anthropic.AnthropicBedrock(api_key="key", aws_region="us-east-1")
    with intercept(error) as llm, pytest.raises(kind):
        client.messages.create(model=CLAUDE, max_tokens=9, messages=HI, stream=stream)  # type: ignore[call-overload]
    assert len(llm.calls) == (3 if status in {429, 503} else 1)


def test_what_a_family_refuses_is_said_in_bedrocks_words() -> None:
    for model, body, told in (
        (CLAUDE, {**MESSAGES, "messages": []}, "at least one message"),
        (CLAUDE, {"max_tokens": 9, "messages": HI}, "anthropic_version: Field required"),
        (NOVA, {"messages": 1}, "Member must be a list"),
        (PROMPTED[0], {"inputText": "hi"}, "required key [prompt] not found"),
        ("amazon.titan-embed-text-v2:0", {}, "required key [inputText] not found"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 7}, "7 is not a valid enum value"),
    ):
        with httpx.Client(transport=InterceptTransport("x")) as client:
            answer, parsed = invoke(client, model, body)
        assert (answer.status_code, parsed["Error"]["Code"]) == (400, "ValidationException")
        assert told in parsed["Error"]["Message"]
    assert "cannot say" in ask(tool_call("f"), PROMPTED[0])[0].json()["message"]
    assert "question to a model" in ask(embedding([1.0]))[0].json()["message"]


@pytest.mark.parametrize("model", [CLAUDE, NOVA, *PROMPTED[:1]])
def test_faults_know_the_frames(model: str) -> None:
    reply = ["one two three"] if model in PROMPTED else ["one two", tool_call("f", a=1, b=2)]
    frames = AMAZON.cut(ask(Reply(*reply), model, stream=True)[0].content)[0]

    def broken(fault: Any, stream: bool = True) -> httpx.Response:
        return ask(Reply(*reply, fault=fault), model, stream)[0]

    assert broken(cut_off(after=2)).content == b"".join(frames[:2])
    assert broken(missing_done()).content == b"".join(frames[:-1])
    assert len(AMAZON.cut(broken(missing_finish()).content)[0]) < len(frames)
    woven, rest = AMAZON.cut(broken(malformed()).content)
    assert (len(woven), rest, payload_in(woven[1])) == (len(frames), b"", {})
    _, parsed = ask(Reply(*reply, fault=stream_error("too many", type="ThrottlingException")), model, stream=True)
    with pytest.raises(EventStreamError, match=r"throttlingException.*too many"):
        list(parsed["body"])
    if model not in PROMPTED:
        left = broken(truncated_arguments(), stream=False).text
        assert '"b"' not in left
        assert len(AMAZON.cut(broken(truncated_arguments()).content)[0]) <= len(frames)


def test_prompts_are_cut_as_they_say() -> None:
    """Each family in its own words."""
    for model, limit, stop, why in (
        (PROMPTED[0], {"max_gen_len": 2}, None, ("length", "stop")),
        (PROMPTED[1], {"max_tokens": 2}, {"stop": [" three"]}, ("length", "stop")),
        (
            PROMPTED[3],
            {"textGenerationConfig": {"maxTokenCount": 2}},
            {"textGenerationConfig": {"stopSequences": [" three"]}},
            ("LENGTH", "STOP_CRITERIA_MET"),
        ),
    ):
        for more, ending in zip((limit, stop), why, strict=True):
            if more is not None:
                found = ask("one two three", model, **more)[0].json()
                assert (FAMILIES[model][1](found), ending in json.dumps(found)) == ("one two", True)


def test_ready_bodies_in_either_shape() -> None:
    """As the maker's API has them, and as Bedrock streams them; a stream's own frames pass as they are."""
    for model in FAMILIES:
        whole, streamed = ask("Hello there", model)[0], ask("Hello there", model, stream=True)[0]
        events = list(map(payload_in, AMAZON.cut(streamed.content)[0]))
        said = FAMILIES[model][1]
        for ready in (raw(whole.json()), raw(whole.content), raw(events), raw(streamed.content)):
            assert said(ask(ready, model)[0].json()) == "Hello there"
            told = ask(ready, model, stream=True)
            assert "".join(filter(None, map(said, events_of(told[1])))) == "Hello there"
        assert told[0].content == streamed.content


@pytest.mark.parametrize(
    ("model", "more", "dimensions"),
    [
        ("amazon.titan-embed-text-v1", {}, 1536),
        ("amazon.titan-embed-text-v2:0", {}, 1024),
        ("amazon.titan-embed-text-v2:0", {"dimensions": 256, "embeddingTypes": ["float", "binary"]}, 256),
        ("amazon.titan-embed-image-v1", {"embeddingConfig": {"outputEmbeddingLength": 384}}, 384),
    ],
)
def test_titan_embeds(model: str, more: dict[str, Any], dimensions: int) -> None:
    """By itself and by a rule, as other APIs do; alike texts have near vectors."""
    with intercept("a text answers no embedding") as llm, httpx.Client() as client:
        answer, _ = invoke(client, model, {"inputText": "the cat sat", **more})
        assert len(answer.json()["embedding"]) == dimensions
        assert answer.json()["inputTextTokenCount"] == 3
        assert answer.headers["x-amzn-bedrock-input-token-count"] == "3"
        assert set(answer.json().get("embeddingsByType", {})) == set(
            more.get("embeddingTypes", ["float"] * (":0" in model))
        )
        llm.on("dog").reply(embedding([0.5, 0.25]))
        given, _ = invoke(client, model, {"inputText": "a dog"})
        assert given.json()["embedding"] == [0.5, 0.25]
    assert [one.request.api for one in llm.calls] == ["bedrock.embeddings"] * 2


def test_cohere_embeds() -> None:
    asked = {"texts": ["a", "b"], "input_type": "search_query"}
    with httpx.Client(transport=InterceptTransport()) as client:
        plain, _ = invoke(client, "cohere.embed-english-v3", asked)
        typed, _ = invoke(client, "cohere.embed-v4:0", {**asked, "embedding_types": ["int8"]})
    assert sorted(plain.json()) == ["embeddings", "id", "response_type", "texts"]
    assert [len(one) for one in plain.json()["embeddings"]] == [1024] * 2
    assert list(typed.json()["embeddings"]) == ["int8"]


def test_opened_takes() -> None:
    """JSON that is laid out otherwise is kept as a text, and read all the same; an exception says nothing."""
    inner = {"type": "ping"}
    spaced = base64.b64encode(json.dumps(inner).encode()).decode()
    shown = AMAZON.told(written("chunk", json.dumps({"bytes": spaced}, separators=(",", ":")).encode()))
    assert opened_take([json.loads(shown or ""), {"content": []}]) == [inner, {"content": []}]
    assert payload_in(written("internalServerException", b'{"message":"oh"}', "exception")) == {}


def test_an_arn_without_a_makers_name_is_claudes_if_its_body_is() -> None:
    """An application's own profile has a number for a name."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
    with httpx.Client(transport=InterceptTransport(auto())) as client:
        answer, _ = invoke(client, arn, MESSAGES)
        other, _ = invoke(client, arn, CONVERSE)
    assert answer.json()["type"] == "message"
    assert other.status_code == 400
