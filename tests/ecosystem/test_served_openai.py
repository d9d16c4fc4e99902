"""openai, unmodified, at `llm-intercept serve`: told of it by OPENAI_BASE_URL alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai")

from openai import OpenAI
from pydantic import BaseModel
from served_talk import PARIS, PIECES, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("served")
WEATHER = {"name": "get_weather", "parameters": PLACE}


class City(BaseModel):
    city: str
    degrees: int


@pytest.fixture
def client() -> Iterator[OpenAI]:
    with OpenAI() as made:
        yield made


def asking(user: str, *more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": user}, *more]}


def test_a_text(client: OpenAI) -> None:
    assert client.chat.completions.create(**asking("hello")).choices[0].message.content == "Hello, frog."
    assert client.responses.create(model="gpt-5", input="hello").output_text == "Hello, frog."


def test_a_stream(client: OpenAI) -> None:
    deltas = (
        chunk.choices[0].delta.content
        for chunk in client.chat.completions.create(**asking("in pieces"), stream=True)
        if chunk.choices
    )
    assert [text for text in deltas if text] == PIECES
    with client.responses.stream(model="gpt-5", input="in pieces") as stream:
        events = list(stream)
        assert stream.get_final_response().output_text == "".join(PIECES)
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == PIECES


def test_a_tools_round_of_chat_completions(client: OpenAI) -> None:
    tools: Any = [{"type": "function", "function": WEATHER}]
    message = client.chat.completions.create(**asking("the weather?"), tools=tools).choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    told = client.chat.completions.create(**asking("the weather?", message, result), tools=tools)
    assert told.choices[0].message.content == "It is sunny in Paris."


def test_a_tools_round_of_responses(client: OpenAI) -> None:
    tools: Any = [{"type": "function", "strict": False, **WEATHER}]
    first = client.responses.create(model="gpt-5", input="the weather?", tools=tools)
    (call,) = (item for item in first.output if item.type == "function_call")
    output: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    told = client.responses.create(model="gpt-5", input=output, previous_response_id=first.id, tools=tools)
    assert told.output_text == "It is sunny in Paris."


def test_a_structured_output(client: OpenAI) -> None:
    said = client.chat.completions.parse(**asking("how many degrees?"), response_format=City)
    assert said.choices[0].message.parsed == City(**PARIS)
    assert client.responses.parse(model="gpt-5", input="how many degrees?", text_format=City).output_parsed == City(
        **PARIS
    )


def test_an_error_is_retried(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(**asking("busy?"))
    assert (raw.retries_taken, raw.parse().choices[0].message.content) == (1, "Here I am.")


def test_what_is_no_conversation(client: OpenAI) -> None:
    assert len(client.embeddings.create(model="text-embedding-3-small", input="a frog").data[0].embedding) == 1536
    assert client.models.list().data
