"""anthropic, unmodified, at `llm-intercept serve`: told of it by ANTHROPIC_BASE_URL alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("anthropic")

from anthropic import Anthropic, beta_tool
from pydantic import BaseModel
from served_talk import PARIS, PIECES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("served")


class City(BaseModel):
    city: str
    degrees: int


@pytest.fixture
def client() -> Iterator[Anthropic]:
    with Anthropic() as made:
        yield made


def asking(user: str) -> dict[str, Any]:
    return {"model": "claude-opus-4-6", "max_tokens": 1024, "messages": [{"role": "user", "content": user}]}


def test_a_text(client: Anthropic) -> None:
    said = client.messages.create(**asking("hello"))
    assert (said.content[0].text, said.stop_reason) == ("Hello, frog.", "end_turn")


def test_a_stream(client: Anthropic) -> None:
    with client.messages.stream(**asking("in pieces")) as stream:
        assert list(stream.text_stream) == PIECES
        assert stream.get_final_text() == "".join(PIECES)


def test_a_tools_round(client: Anthropic) -> None:
    asked = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Say the weather.

        Args:
            city: Where.

        """
        asked.append(city)
        return "sunny"

    told = client.beta.messages.tool_runner(**asking("the weather?"), tools=[get_weather]).until_done()
    assert (told.content[0].text, asked) == ("It is sunny in Paris.", ["Paris"])


def test_a_structured_output(client: Anthropic) -> None:
    said = client.messages.parse(**asking("how many degrees?"), output_format=City)
    assert said.parsed_output == City(**PARIS)


def test_an_error_is_retried(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(**asking("busy?"))
    assert (raw.retries_taken, raw.parse().content[0].text) == (1, "Here I am.")


def test_what_is_no_conversation(client: Anthropic) -> None:
    asked = asking("hello")
    assert client.messages.count_tokens(model=asked["model"], messages=asked["messages"]).input_tokens > 0
    assert client.models.list().data
