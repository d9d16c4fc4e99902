"""huggingface_hub's inference client as it was before version 1, on requests."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huggingface_hub", reason="needs huggingface_hub")

import huggingface_hub
from huggingface_hub import InferenceClient

from llm_intercept import Reply, disconnect, intercept

pytestmark = pytest.mark.skipif(
    int(huggingface_hub.__version__.partition(".")[0]) >= 1, reason="it is on httpx since version 1"
)

SERVER = "http://localhost:8080/v1"
QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "weather?"}]}


def test_chat_completion() -> None:
    """`chat_completion` is answered, as JSON and chunk by chunk."""
    client = InferenceClient(base_url=SERVER, api_key="test")
    with intercept(["It is ", "sunny"]) as llm:
        assert client.chat_completion(**QUESTION).choices[0].message.content == "It is sunny"
        chunks = client.chat_completion(**QUESTION, stream=True)
        assert [choice.delta.content for chunk in chunks for choice in chunk.choices][1:3] == ["It is ", "sunny"]
    assert [(call.request.last_user, call.request.stream) for call in llm.calls] == [
        ("weather?", False),
        ("weather?", True),
    ]


def test_a_stream_that_breaks_off_is_an_error_of_requests() -> None:
    """As with any server."""
    requests = pytest.importorskip("requests")
    client = InferenceClient(base_url=SERVER, api_key="test")
    with intercept(Reply("one two three", fault=disconnect(2))), pytest.raises(requests.RequestException):
        list(client.chat_completion(**QUESTION, stream=True))
