"""Amazon Bedrock's Converse, with botocore's own serializer and parsers as oracle, over httpx."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.eventstream import EventStream
from botocore.exceptions import EventStreamError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    tool_call,
)
from llm_intercept.base.amazon_frames import written
from llm_intercept.base.framings import AMAZON
from llm_intercept.dialects.bedrock.converse_events import accumulated, event_in
from llm_intercept.dialects.bedrock.dialect import BedrockConverse
from llm_intercept.dialects.bedrock.raw import replies
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.faults import cut_off, missing_done, missing_finish, rechunk, stream_error, truncated_arguments
from llm_intercept.model import Reasoning
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.take import read_take
from tests.amounts import examples
from tests.drawn_replies import TEXT, reply_of
from tests.support import in_both_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
HI: Any = [{"role": "user", "content": [{"text": "hi"}]}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = {
    "tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}, {"cachePoint": {"type": "default"}}]
}
THOUGHTS = st.builds(
    lambda said, seal: Reasoning(said, signature=seal), TEXT.filter(bool), st.sampled_from(["", "c2ln"])
)
REPLY = reply_of(thoughts=THOUGHTS)
CONFIG = st.fixed_dictionaries(
    {}, optional={"maxTokens": st.integers(1, 12), "stopSequences": st.lists(TEXT.filter(bool), max_size=2)}
)


@cache
def service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


class Body:
    """A body as botocore reads one."""

    def __init__(self, pieces: Any) -> None:
        self._pieces = pieces

    def stream(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        """Nothing is open."""


def call(client: httpx.Client, stream: bool = False, **params: Any) -> tuple[httpx.Response, Any]:
    """Ask as botocore would, and read the answer with its parser."""
    operation = service().operation_model("ConverseStream" if stream else "Converse")
    made = create_serializer("rest-json").serialize_to_request({"modelId": MODEL, "messages": HI, **params}, operation)
    answer = client.request(
        made["method"], HOST + made["url_path"], content=made["body"], headers=dict(made["headers"])
    )
    is_stream = stream and answer.status_code == 200
    response = {
        "status_code": answer.status_code,
        "headers": dict(answer.headers),
        "context": {"operation_name": operation.name},
        "body": Body([answer.content]) if is_stream else answer.content,
    }
    return answer, create_parser("rest-json").parse(response, operation.output_shape)


def ask(reply: Any, stream: bool = False, **params: Any) -> tuple[httpx.Response, Any]:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return call(client, stream, **params)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """Read the events of a stream; without their padding."""
    frames, rest = AMAZON.cut(answer.content)
    assert rest == b""
    return list(map(event_in, frames))


@settings(max_examples=examples(75), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REPLY, CONFIG)
def test_the_frames_add_up_to_the_body_and_both_are_botocores(reply: Reply, config: dict[str, Any]) -> None:
    whole, parsed = ask(reply, inferenceConfig=config)
    streamed, events = ask(reply, stream=True, inferenceConfig=config)
    assert streamed.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert accumulated(told(streamed)) == whole.json()
    seen: list[dict[str, Any]] = list(events["stream"])
    assert [list(one) for one in seen] == [list(one) for one in told(streamed)]  # botocore knows every event
    assert accumulated(seen) == accumulated(told(streamed))  # and every field
    assert all("p" in payload for one in told(streamed) for payload in one.values())
    assert {name: parsed[name] for name in whole.json()} == {
        name: parsed[name] for name in parsed if name != "ResponseMetadata"
    }
    assert parsed["output"] == whole.json()["output"]


def test_it_says_what_it_is_asked() -> None:
    with intercept() as llm:
        llm.on(user="hi", system="Be brief", model="anthropic.*").reply("Hello there, friend")
        with httpx.Client() as client:
            _, parsed = call(client, system=[{"text": "Be brief"}])
            assert parsed["output"]["message"]["content"] == [{"text": "Hello there, friend"}]
            assert (parsed["stopReason"], parsed["usage"]["outputTokens"]) == ("end_turn", 4)
            _, events = call(client, stream=True, system=[{"text": "Be brief"}])
            deltas = [
                one["contentBlockDelta"]["delta"]["text"] for one in events["stream"] if "contentBlockDelta" in one
            ]
            assert deltas == ["Hello", " there", ",", " friend"]
    assert [(one.request.api, one.request.model, one.request.stream) for one in llm.calls] == [
        ("bedrock.converse", MODEL, False),
        ("bedrock.converse", MODEL, True),
    ]
    assert [one.usage.output_tokens for one in llm.calls] == [4, 4]


def test_what_a_guardrail_looks_at_is_said() -> None:
    """It is the user's word, or the system's, with a sign on it."""
    guarded = {"guardContent": {"text": {"text": "the weather", "qualifiers": ["query"]}}}
    picture = {"guardContent": {"image": {"format": "png", "source": {"bytes": b"a"}}}}
    with intercept() as llm, httpx.Client() as client:
        llm.on(user="weather", system="the weather").reply("Sunny")
        messages = [{"role": "user", "content": [guarded, picture]}]
        _, parsed = call(client, system=[guarded], messages=messages)
    assert parsed["output"]["message"]["content"] == [{"text": "Sunny"}]
    assert llm.calls[0].request.messages[1].parts[1].mime == "image/png"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("secret", "read"), [("c2ln", b"sig"), ("gAAA-_x é", "gAAA-_x é".encode())])
def test_thoughts_of_another_apis_making_are_bytes(secret: str, read: bytes, stream: bool) -> None:
    """Amazon's SDKs decode them, and fail where they cannot."""
    _, parsed = ask(Reply(Reasoning(encrypted=secret), "a"), stream)
    if stream:
        deltas = [one["contentBlockDelta"]["delta"] for one in parsed["stream"] if "contentBlockDelta" in one]
        assert deltas[0] == {"reasoningContent": {"redactedContent": read}}
    else:
        assert parsed["output"]["message"]["content"][0] == {"reasoningContent": {"redactedContent": read}}


def test_an_arn_names_the_model() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0"
    with intercept("Hi") as llm, httpx.Client() as client:
        call(client, modelId=arn)
    assert llm.calls[0].request.model == arn


@pytest.mark.parametrize("stream", [False, True])
def test_calls_of_tools_and_their_answers(stream: bool) -> None:
    with intercept() as llm:
        llm.on(tool="weather").reply(
            ["Let me see.", tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Warm"
        )
        with httpx.Client() as client:
            _, parsed = call(client, stream, toolConfig=TOOLS)
            body = accumulated(parsed["stream"]) if stream else parsed
            message = body["output"]["message"]
            assert body["stopReason"] == "tool_use"
            calls = [block["toolUse"] for block in message["content"][1:]]
            assert [one["input"] for one in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
            results = [
                {"toolResult": {"toolUseId": one["toolUseId"], "content": [{"json": {"t": 20}}], "status": "success"}}
                for one in calls
            ]
            call(client, stream, toolConfig=TOOLS, messages=[*HI, message, {"role": "user", "content": results}])
    request = llm.calls[-1].request
    assert (request.turn, request.last_user) == (2, "hi")
    assert [(one.name, one.text) for one in request.tool_results] == [("weather", '{"t":20}')] * 2
    assert [tool.name for tool in request.tools] == ["weather"]


@pytest.mark.parametrize(
    ("choice", "kinds"),
    [({"any": {}}, ["toolUse"]), ({"tool": {"name": "weather"}}, ["toolUse"]), ({"auto": {}}, ["text"])],
)
def test_a_choice_of_tools(choice: Any, kinds: list[str]) -> None:
    _, parsed = ask(auto(), toolConfig={**TOOLS, "toolChoice": choice})
    assert [next(iter(block)) for block in parsed["output"]["message"]["content"]] == kinds


def test_structured_output() -> None:
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "place"}}}
    _, parsed = ask(auto(), outputConfig={"textFormat": wanted})
    assert set(json.loads(parsed["output"]["message"]["content"][0]["text"])) == {"city"}


def test_thoughts_limits_and_stops() -> None:
    _, parsed = ask([Reasoning("Hm.", signature="c2ln"), "Yes", Reasoning(encrypted="c2VjcmV0")])
    thought, said, hidden = parsed["output"]["message"]["content"]
    assert thought == {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
    assert (said, hidden) == ({"text": "Yes"}, {"reasoningContent": {"redactedContent": b"secret"}})
    _, parsed = ask("one two three", inferenceConfig={"maxTokens": 2})
    assert (parsed["output"]["message"]["content"], parsed["stopReason"]) == ([{"text": "one two"}], "max_tokens")
    _, parsed = ask("one two three", inferenceConfig={"stopSequences": [" three"]})
    assert (parsed["output"]["message"]["content"], parsed["stopReason"]) == ([{"text": "one two"}], "stop_sequence")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "code", "said"),
    [
        (api_error(429), 429, "ThrottlingException", "Too many requests, please wait before trying again."),
        (api_error("invalid_api_key"), 403, "UnrecognizedClientException", "The security token"),
        (api_error(404), 404, "ResourceNotFoundException", MODEL),
        (api_error("context_length_exceeded"), 400, "ValidationException", "Input is too long"),
        (api_error(503), 503, "ServiceUnavailableException", "unable to process"),
        (api_error("overloaded"), 503, "ServiceUnavailableException", "unable to process"),
        (api_error(424, "no", type="ModelErrorException"), 424, "ModelErrorException", "no"),
    ],
)
def test_errors_are_those_that_botocore_knows(error: Any, status: int, code: str, said: str, stream: bool) -> None:
    answer, parsed = ask(error, stream)
    assert answer.status_code == status
    assert parsed["Error"]["Code"] == code
    assert said in parsed["Error"]["Message"]


def test_an_error_in_a_stream_is_an_exception_of_it() -> None:
    _, events = ask(Reply("one two three", fault=stream_error("too many", type="ThrottlingException")), stream=True)
    with pytest.raises(EventStreamError, match=r"throttlingException.*too many"):
        list(events["stream"])
    _, events = ask(Reply("one two three", fault=stream_error("oh")), stream=True)
    with pytest.raises(EventStreamError, match=r"internalServerException.*oh"):
        list(events["stream"])


def test_faults_know_the_frames() -> None:
    reply = ["one two", tool_call("f", a=1, b=2)]
    whole, _ = AMAZON.cut(ask(reply, stream=True)[0].content)

    def broken(fault: Any, stream: bool = True) -> httpx.Response:
        return ask(Reply(*reply, fault=fault), stream)[0]

    with pytest.raises(httpx.RemoteProtocolError):
        broken(disconnect(after=3))
    assert broken(cut_off(after=2)).content == b"".join(whole[:2])
    assert broken(missing_done()).content == b"".join(whole[:-1])
    assert broken(missing_finish()).content == b"".join([*whole[:-2], whole[-1]])
    assert broken(rechunk()).content == b"".join(whole)
    assert [list(one) for one in told(broken(truncated_arguments(after=0)))] == [
        list(event_in(one)) for one in whole if b'"toolUse":{"input"' not in one
    ]
    body = broken(truncated_arguments(), stream=False).json()
    assert body["output"]["message"]["content"][1]["toolUse"]["input"] == {"a": 1}
    frames, rest = AMAZON.cut(broken(malformed()).content)
    assert (len(frames), rest, event_in(frames[1]), frames[2:]) == (len(whole), b"", {}, whole[2:])


def test_botocore_reads_a_stream_in_any_pieces() -> None:
    answer, _ = ask(["one two", tool_call("f", a=1)], stream=True)
    operation = service().operation_model("ConverseStream")
    shape = operation.get_event_stream_output()
    pieces = [answer.content[at : at + 7] for at in range(0, len(answer.content), 7)]
    parser = create_parser("rest-json")
    assert accumulated(EventStream(Body(pieces), shape, parser._event_stream_parser, "ConverseStream")) == accumulated(
        told(answer)
    )


@pytest.mark.parametrize("first", [False, True])
def test_a_take_answers_in_both_shapes(first: bool, tmp_path: Any) -> None:
    """The two paths have one key; the frames are kept as JSON that can be read, and are the same bytes again."""
    reply = [reasoning("Hm."), "Hello there", tool_call("f", a=1)]

    def asked(client: httpx.Client, stream: bool) -> bytes:
        return call(client, stream)[0].content

    recorded, again, other = in_both_shapes(tmp_path, reply, asked, first=first)
    assert again == recorded
    streamed, body = (recorded, other) if first else (other, recorded)
    assert accumulated(map(event_in, AMAZON.cut(streamed)[0])) == json.loads(body)
    take = read_take(next(tmp_path.rglob("*.json")).read_bytes(), "")
    assert BedrockConverse.recorded.usage(answer_values(take.response)).output_tokens > 0
    if first:
        assert take.response.events[0].data[":event-type"] == "messageStart"
        assert all(event.data is not None for event in take.response.events)


def test_a_secret_in_frames_is_not_kept(tmp_path: Any) -> None:
    """Nor where it is said in pieces; what is played is whole frames."""
    key = "sk-proj-" + "abcdefgh12345678" * 3
    reply = Reply(deltas=["The key is ", key[:20], key[20:], " now"])
    _, again, _ = in_both_shapes(tmp_path, reply, lambda client, _: call(client, stream=True)[0].content, first=True)
    kept = next(tmp_path.rglob("*.json")).read_text()
    assert key[:20] not in kept
    assert key[20:] not in kept
    body = accumulated(map(event_in, AMAZON.cut(again)[0]))
    assert body["output"]["message"]["content"][0]["text"].startswith("The key is ")


def test_ready_bodies_in_either_shape() -> None:
    """A field, and a block, that nobody here knows are in both."""
    body = ask([reasoning("Hm."), "Hello there", tool_call("f", a=1)])[0].json()
    content = [*body["output"]["message"]["content"], {"image": {"format": "png", "source": {"bytes": "AAAA"}}}]
    body = {
        **body,
        "output": {"message": {"role": "assistant", "content": content}},
        "additionalModelResponseFields": {"a": 1},
        "odd": [1],
    }
    streamed, _ = ask(raw(body), stream=True)
    assert accumulated(told(streamed)) == body
    assert ask(raw(told(streamed)))[0].json() == body
    assert accumulated(told(ask(raw(told(streamed)), stream=True)[0])) == body
    assert ask(raw(streamed.content))[0].json() == body
    assert ask(raw(streamed.content), stream=True)[0].content == streamed.content
    assert ask(raw(json.dumps(body).encode()), stream=True)[0].content == streamed.content
    (reply,) = replies([body])
    assert (reply.reasoning, reply.text, reply.tool_calls[0].name) == ("Hm.", "Hello there", "f")


def test_nobody_answers() -> None:
    with pytest.raises(UnmatchedRequestError), intercept(), httpx.Client() as client:
        answer, parsed = call(client)
        assert (answer.status_code, parsed["Error"]["Code"]) == (404, "ResourceNotFoundException")
        assert "no rule" in parsed["Error"]["Message"].lower()


def test_what_bedrock_refuses_and_cannot_say() -> None:
    with httpx.Client(transport=InterceptTransport("x")) as client:
        answer = client.post(f"{HOST}/model/m/converse", json={"messages": "hi"})
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert "question to a model" in ask(embedding([0.1]))[0].json()["message"]
    assert "no JSON object" in ask(tool_call("f", "[1]"), stream=True)[0].json()["message"]
    assert "cannot say" in ask(Reply("x", finish_reason="odd"))[0].json()["message"]
    assert "several answers" in ask(Reply(variants=["a", "b"]))[0].json()["message"]


def test_what_a_model_streams_by_invoke_is_kept_so_that_it_can_be_read(tmp_path: Any) -> None:
    """Also where it is no answer of the model's maker; its JSON in base64 is searched for secrets, in pieces too, and plays as frames."""
    key = "sk-proj-" + "abcdefgh12345678" * 3
    said = [{"type": "delta", "text": one} for one in ("The key is ", key[:20], key[20:])]
    payloads = [
        {"bytes": base64.b64encode(json.dumps(one, separators=(",", ":")).encode()).decode(), "p": "ab"} for one in said
    ]
    frames = b"".join(written("chunk", json.dumps(one, separators=(",", ":")).encode()) for one in payloads)
    server = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": AMAZON.media_type}, content=frames)
    )
    url = f"{HOST}/model/{MODEL}/invoke-with-response-stream"
    transport = InterceptTransport(mode="record", recordings=tmp_path, inner=server)
    with httpx.Client(transport=transport) as client:
        assert client.post(url, json={"a": 1}).content == frames
    kept = next(tmp_path.rglob("*.json")).read_text()
    assert (
        '{":event-type": "chunk", "bytes": {"json in base64": {"type": "delta", "text": "The key is "}}, "p": "ab"}'
        in kept
    )
    for part in (key[:20], key[20:], base64.b64encode(key[:18].encode()).decode()):
        assert part not in kept
    with httpx.Client(transport=InterceptTransport(mode="replay", recordings=tmp_path)) as client:
        played = [event_in(frame)["chunk"] for frame in AMAZON.cut(client.post(url, json={"a": 1}).content)[0]]
    assert base64.b64decode(played[0]["bytes"]) == b'{"type":"delta","text":"The key is "}'
    assert [one["p"] for one in played] == ["ab"] * 3
