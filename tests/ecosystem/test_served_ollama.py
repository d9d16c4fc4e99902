"""ollama, unmodified, at `llm-intercept serve`: told of it by OLLAMA_HOST alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("ollama")

from ollama import Client, ResponseError
from served_talk import CITY, PARIS, PIECES, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("served")


@pytest.fixture
def client() -> Iterator[Client]:
    """Make a client now: the library's own has read the environment when it was imported."""
    with Client() as made:
        yield made


def asking(user: str, *more: Any) -> dict[str, Any]:
    return {"model": "llama3.2", "messages": [{"role": "user", "content": user}, *more]}


def test_a_text(client: Client) -> None:
    assert client.chat(**asking("hello")).message.content == "Hello, frog."
    assert client.generate(model="llama3.2", prompt="hello").response == "Hello, frog."


def test_a_stream(client: Client) -> None:
    assert [part.message.content for part in client.chat(**asking("in pieces"), stream=True)] == [*PIECES, ""]


def test_a_tools_round(client: Client) -> None:
    tools = [{"type": "function", "function": {"name": "get_weather", "description": "", "parameters": PLACE}}]
    called = client.chat(**asking("the weather?"), tools=tools).message
    assert called.tool_calls[0].function.arguments == {"city": "Paris"}
    result = {"role": "tool", "tool_name": "get_weather", "content": "sunny"}
    assert client.chat(**asking("the weather?", called, result), tools=tools).message.content == "It is sunny in Paris."


def test_a_structured_output(client: Client) -> None:
    assert json.loads(client.chat(**asking("how many degrees?"), format=CITY).message.content) == PARIS


def test_an_error_is_the_programs_to_retry(client: Client) -> None:
    with pytest.raises(ResponseError) as caught:
        client.chat(**asking("busy?"))
    assert caught.value.status_code == 429
    assert client.chat(**asking("busy?")).message.content == "Here I am."


def test_what_is_no_conversation(client: Client) -> None:
    assert len(client.embed(model="nomic-embed-text", input="a frog").embeddings[0]) == 768
    assert client.list().models
