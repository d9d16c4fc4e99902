"""google-genai, unmodified, at `llm-intercept serve`: told of it by GOOGLE_GEMINI_BASE_URL alone."""

from __future__ import annotations

import pytest

pytest.importorskip("google.genai")

from google import genai
from google.genai import types
from pydantic import BaseModel
from served_talk import PARIS, PIECES

pytestmark = pytest.mark.usefixtures("served")
MODEL = "gemini-2.5-flash"


class City(BaseModel):
    city: str
    degrees: int


def test_a_text() -> None:
    with genai.Client() as client:
        assert client.models.generate_content(model=MODEL, contents="hello").text == "Hello, frog."


def test_a_stream() -> None:
    with genai.Client() as client:
        chunks = list(client.models.generate_content_stream(model=MODEL, contents="in pieces"))
    assert [chunk.text for chunk in chunks if chunk.text] == PIECES


def test_a_tools_round() -> None:
    asked = []

    def get_weather(city: str) -> str:
        """Say the weather."""
        asked.append(city)
        return "sunny"

    with genai.Client() as client:
        chat = client.chats.create(model=MODEL, config=types.GenerateContentConfig(tools=[get_weather]))
        assert chat.send_message("the weather?").text == "It is sunny in Paris."
    assert asked == ["Paris"]


def test_a_structured_output() -> None:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    with genai.Client() as client:
        said = client.models.generate_content(model=MODEL, contents="how many degrees?", config=config)
    assert said.parsed == City(**PARIS)


def test_an_error_is_retried() -> None:
    options = types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=2, initial_delay=0.01))
    with genai.Client(http_options=options) as client:
        assert client.models.generate_content(model=MODEL, contents="busy?").text == "Here I am."


def test_what_is_no_conversation() -> None:
    with genai.Client() as client:
        made = client.models.embed_content(model="gemini-embedding-001", contents="a frog")
        assert len(made.embeddings[0].values) == 3072
        assert client.models.count_tokens(model=MODEL, contents="hello").total_tokens > 0
        assert next(iter(client.models.list())).name.startswith("models/")
