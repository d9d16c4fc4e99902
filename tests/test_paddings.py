"""The paddings of OpenAI's streams, and its letters: each as often, no two alike, as long as the wire has them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply
from tests.support import RESPONSES, URL, chat, respond

if TYPE_CHECKING:
    from collections.abc import Iterator

AZURE = "https://me.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01"
FILTERED = "content_filter_results"
WORDS = [f"{'a' * (number % 16)}{number} " for number in range(100)]
LETTERS = 62


def chunks(url: str, body: dict[str, Any], deltas: list[str] = WORDS) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each padded event's JSON text, and what it says."""
    response = httpx.Client(transport=InterceptTransport(Reply(deltas=deltas))).post(url, json=body)
    for line in response.text.split("\n"):
        if '"obfuscation":' in line:
            text = line.removeprefix("data: ")
            yield text, json.loads(text)


ASKED = {
    "openai": lambda user: (URL, chat(user, stream=True)),
    "azure": lambda user: (AZURE, chat(user, stream=True)),
    "responses": lambda user: (RESPONSES, respond(user, stream=True)),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_two_paddings_are_alike(name: str) -> None:
    """In ten streams of a hundred chunks no padding of eight letters and more comes twice, and no letter is rarer."""
    found = [data["obfuscation"] for number in range(10) for _, data in chunks(*ASKED[name](f"question {number}"))]
    long = [one for one in found if len(one) >= 8]
    assert len(set(long)) == len(long) > 300
    often = Counter("".join(found))
    mean = sum(often.values()) / LETTERS
    assert len(often) == LETTERS
    assert sum((count - mean) ** 2 / mean for count in often.values()) < 110  # chi-squared of 61: 1 in 10,000 is above


@pytest.mark.parametrize("name", ASKED)
def test_paddings_follow_from_the_request_alone(name: str) -> None:
    """They are the same however the texts come, one by one or many at a time."""
    streams = [
        [data["obfuscation"] for _, data in chunks(*ASKED[name]("hi"), deltas)] for deltas in (WORDS, tuple(WORDS))
    ]
    lazily = [data["obfuscation"] for _, data in chunks(*ASKED[name]("hi"), (word for word in WORDS))]  # type: ignore[arg-type]
    assert streams[0] == streams[1] == lazily


def test_azure_pads_what_its_filters_come_to() -> None:
    """Without the filters' results a chunk has one character more than a multiple of 16 (docs/wire.md 4.1.5)."""
    for text, data in chunks(AZURE, chat(stream=True, stream_options={"include_usage": True}), ["Grüße ", "👋", "\n"]):
        filters = [one[FILTERED] for one in data["choices"]]
        own = sum(len(f'"{FILTERED}":{json.dumps(one, separators=(",", ":"))},') for one in filters)
        assert (len(text) - own) % 16 == 1
