"""cohere, unmodified, at `llm-intercept serve`: told of it by CO_API_URL alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from served_talk import CITY, PARIS, PIECES, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "command-a-03-2025"


@pytest.fixture
def client(served: str) -> Iterator[Any]:
    """Make a client; the library reads where it is to ask when it is imported, so in a process of its own it is told."""
    cohere = pytest.importorskip("cohere")
    with cohere.ClientV2() as made:
        assert served
        yield made


def asking(user: str, *more: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": user}, *more]}


def said(answer: Any) -> str:
    text: str = answer.message.content[0].text
    return text


def test_a_text(client: Any) -> None:
    assert said(client.chat(**asking("hello"))) == "Hello, frog."


def test_a_stream(client: Any) -> None:
    events = list(client.chat_stream(**asking("in pieces")))
    assert [event.delta.message.content.text for event in events if event.type == "content-delta"] == PIECES


def test_a_tools_round(client: Any) -> None:
    tools: Any = [{"type": "function", "function": {"name": "get_weather", "description": "", "parameters": PLACE}}]
    called = client.chat(**asking("the weather?"), tools=tools).message
    (call,) = called.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    assert said(client.chat(**asking("the weather?", called, result), tools=tools)) == "It is sunny in Paris."


def test_a_structured_output(client: Any) -> None:
    wanted: Any = {"type": "json_object", "json_schema": CITY}
    assert json.loads(said(client.chat(**asking("how many degrees?"), response_format=wanted))) == PARIS


def test_an_error_is_retried(client: Any) -> None:
    assert said(client.chat(**asking("busy?"), request_options={"max_retries": 1})) == "Here I am."


def test_what_is_no_conversation(client: Any) -> None:
    made = client.embed(model="embed-v4.0", input_type="search_query", texts=["a frog"], embedding_types=["float"])
    assert len(made.embeddings.float_[0]) == 1536
    ranked = client.rerank(model="rerank-v3.5", query="frog", documents=["a pond", "a frog"])
    assert ranked.results[0].index == 1
