"""boto3's client of Bedrock and anthropic's are answered in process and at a socket; other paths are explained."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("boto3")

import anthropic
import boto3
from botocore import exceptions
from botocore.config import Config

from llm_intercept import (
    Interceptor,
    auto,
    connection_error,
    disconnect,
    intercept,
    passthrough,
    raw,
    timeout,
    tool_call,
)
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.server import serve

HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
QUESTION: dict[str, Any] = {"modelId": "some.model-v1:0", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def client(service: str = "bedrock-runtime", **options: Any) -> Any:
    session = boto3.Session("AKIATESTKEY000000000", "x" * 40, region_name="us-east-1")
    return session.client(service, config=Config(retries={"total_max_attempts": 1}), **options)


def test_rules_answer_converse() -> None:
    """As they answer other APIs; its requests are signed all the same."""
    with intercept() as llm:
        llm.on("weather").reply(["Let me see.", tool_call("get_weather", city="Paris")])
        llm.reply("Hello.")
        assert client().converse(**QUESTION)["output"]["message"]["content"] == [{"text": "Hello."}]
        asked = {**QUESTION, "messages": [{"role": "user", "content": [{"text": "The weather?"}]}]}
        answer = client().converse(**asked)
    text, call = answer["output"]["message"]["content"]
    assert (text["text"], call["toolUse"]["name"], call["toolUse"]["input"]) == (
        "Let me see.",
        "get_weather",
        {"city": "Paris"},
    )
    assert answer["stopReason"] == "tool_use"
    assert llm.calls[0].request.url == f"{HOST}/model/some.model-v1%3A0/converse"
    assert llm.calls[0].request.headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_a_stream_of_converse_arrives_event_by_event() -> None:
    """In Amazon's frames, which botocore reads."""
    with intercept(["Hel", "lo."]) as llm:
        events = list(client().converse_stream(**QUESTION)["stream"])
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert deltas == ["Hel", "lo."]
    assert {"messageStart", "messageStop", "metadata"} <= {name for event in events for name in event}
    assert [call.request.api for call in llm.calls] == ["bedrock.converse"]


def test_a_rule_answers_invoke_model_of_a_model_that_nobody_knows() -> None:
    """Whose body is a stream that is read when it is asked for."""
    with intercept() as llm:
        llm.on(url="*/invoke").reply(raw({"completion": "Hello."}))
        answer = client().invoke_model(modelId="m", body=b'{"prompt": "Hi"}')
        assert json.loads(answer["body"].read()) == {"completion": "Hello."}


CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TO_CLAUDE = {"max_tokens": 99, "messages": [{"role": "user", "content": "The weather?"}]}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


def invoked(bedrock: Any, *, stream: bool) -> str:
    """Let boto3 invoke Claude; what it says."""
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", **TO_CLAUDE})
    if not stream:
        answer = bedrock.invoke_model(modelId=CLAUDE, body=body)
        assert answer["contentType"] == "application/json"
        return json.loads(answer["body"].read())["content"][0]["text"]
    answer = bedrock.invoke_model_with_response_stream(modelId=CLAUDE, body=body)
    assert answer["contentType"] == "application/json"
    told = [json.loads(one["chunk"]["bytes"]) for one in answer["body"]]
    assert told[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0
    return "".join(one["delta"].get("text", "") for one in told if one["type"] == "content_block_delta")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("at", ["in process", "at a socket"])
def test_claude_is_invoked(stream: bool, at: str) -> None:
    """By boto3, and by anthropic's client, which signs as Amazon wants it and calls a tool."""
    with ExitStack() as stack:
        llm = stack.enter_context(intercept()) if at == "in process" else Interceptor(unmatched="error")
        llm.on(tool="weather").reply([tool_call("weather", city="Paris")])
        llm.on("weather").reply("Sunny today.")
        url = HOST if at == "in process" else stack.enter_context(serve(llm))
        assert invoked(client(endpoint_url=url), stream=stream) == "Sunny today."
        claude = anthropic.AnthropicBedrock(
            aws_access_key="AKIATESTKEY000000000", aws_secret_key="x" * 40, aws_region="us-east-1", base_url=url
        )
        if stream:
            with claude.messages.stream(model=CLAUDE, tools=[TOOL], **TO_CLAUDE) as told:
                answer = told.get_final_message()
        else:
            answer = claude.messages.create(model=CLAUDE, tools=[TOOL], **TO_CLAUDE)
    assert [(one.name, one.input) for one in answer.content] == [("weather", {"city": "Paris"})]
    assert [call.request.api for call in llm.calls] == ["bedrock.invoke"] * 2
    assert all("AWS4-HMAC-SHA256" in call.request.headers["authorization"] for call in llm.calls) or at == "at a socket"


def test_what_nothing_answers_is_explained() -> None:
    """A 404 that is not tried again, raised again when the block ends."""
    with (
        pytest.raises(UnmatchedRequestError, match="invoke"),
        intercept("ours") as llm,
        pytest.raises(exceptions.ClientError) as caught,
    ):
        client().invoke_model(modelId="m", body=b"{}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert len(llm.calls) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (connection_error(), exceptions.EndpointConnectionError),
        (timeout("connect"), exceptions.ConnectTimeoutError),
        (timeout(), exceptions.ReadTimeoutError),
        (disconnect(), exceptions.ConnectionClosedError),
    ],
)
def test_a_fault_is_botocores_own_error(fault: Any, kind: type[Exception]) -> None:
    """Which it makes of urllib3's."""
    with intercept() as llm:
        llm.on(url="*/converse").reply(auto(fault=fault))
        with pytest.raises(kind):
            client().converse(**QUESTION)


def test_what_is_recorded_is_replayed(server: Any, tmp_path: Any) -> None:
    """From an endpoint, signed or not."""
    for mode in ("record", "replay"):
        with intercept(mode=mode, recordings=tmp_path / "tape") as llm:
            answer = client(endpoint_url=server.url).invoke_model(modelId="m", body=b'{"prompt": "Hi"}')
            assert json.loads(answer["body"].read()) == {"prompt": "Hi"}
    assert llm.calls[0].source == "recording"
    assert len(server.requests) == 1


def test_other_services_are_reached_as_ever(server: Any) -> None:
    """S3, which asks whether it may go on before it sends a body."""
    with intercept("ours"), pytest.raises(exceptions.ClientError):  # the server gives back what it got, which is no XML
        client("s3", endpoint_url=server.url).put_object(Bucket="b", Key="k", Body=b"content")
    (received,) = server.requests
    assert (received.method, received.headers["expect"], b"content" in received.body) == ("PUT", "100-continue", True)


def test_what_passes_is_botocores_own_request(server: Any) -> None:
    """A `passthrough()` sends it as it was signed."""
    with intercept() as llm:
        llm.on(url="*/invoke").reply(passthrough())
        client(endpoint_url=server.url).invoke_model(modelId="m", body=b"{}")["body"].read()
    assert server.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256")
