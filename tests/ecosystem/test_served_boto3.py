"""boto3's client of Bedrock at `llm-intercept serve`: told of it by AWS_ENDPOINT_URL_BEDROCK_RUNTIME alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("boto3")

import boto3
from botocore.config import Config
from served_talk import CITY, PARIS, PIECES, PLACE

pytestmark = pytest.mark.usefixtures("served")


def asking(user: str) -> dict[str, Any]:
    return {
        "modelId": "anthropic.claude-opus-4-6-v1:0",
        "messages": [{"role": "user", "content": [{"text": user}]}],
    }


def tool(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema}}}


@pytest.fixture
def client() -> Any:
    session = boto3.Session("AKIATESTKEY000000000", "x" * 40, region_name="us-east-1")
    return session.client("bedrock-runtime", config=Config(retries={"mode": "standard"}))


def said(answer: Any) -> str:
    (part,) = answer["output"]["message"]["content"]
    text: str = part["text"]
    return text


def test_a_text(client: Any) -> None:
    assert said(client.converse(**asking("hello"))) == "Hello, frog."


def test_a_stream(client: Any) -> None:
    events = list(client.converse_stream(**asking("in pieces"))["stream"])
    assert [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event] == PIECES
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_a_tools_round(client: Any) -> None:
    asked, tools = asking("the weather?"), {"tools": [tool("get_weather", PLACE)]}
    called = client.converse(**asked, toolConfig=tools)
    (call,) = (part["toolUse"] for part in called["output"]["message"]["content"])
    assert (called["stopReason"], call["name"], call["input"]) == ("tool_use", "get_weather", {"city": "Paris"})
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "sunny"}]}}
    asked["messages"] += [called["output"]["message"], {"role": "user", "content": [result]}]
    assert said(client.converse(**asked, toolConfig=tools)) == "It is sunny in Paris."


def test_a_structured_output(client: Any) -> None:
    """Converse has it by a tool that is forced."""
    forced = {"tools": [tool("city", CITY)], "toolChoice": {"tool": {"name": "city"}}}
    answer = client.converse(**asking("how many degrees?"), toolConfig=forced)
    (part,) = answer["output"]["message"]["content"]
    assert part["toolUse"]["input"] == PARIS, json.dumps(answer)


def test_an_error_is_retried(client: Any) -> None:
    answer = client.converse(**asking("busy?"))
    assert (answer["ResponseMetadata"]["RetryAttempts"], said(answer)) == (1, "Here I am.")


def test_a_models_own_body(client: Any) -> None:
    """InvokeModel, whole and streamed: Anthropic's bodies in Amazon's frames."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99}
    asked = {"modelId": "anthropic.claude-opus-4-6-v1:0"}
    for user, wanted in (("hello", ["Hello, frog."]), ("in pieces", PIECES)):
        given = json.dumps({**body, "messages": [{"role": "user", "content": user}]})
        answer = json.loads(client.invoke_model(**asked, body=given)["body"].read())
        assert answer["content"][0]["text"] == "".join(wanted)
        stream = client.invoke_model_with_response_stream(**asked, body=given)["body"]
        events = [json.loads(event["chunk"]["bytes"]) for event in stream]
        deltas = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
        assert "".join(deltas) == "".join(wanted)
