"""Log probabilities of Ollama and Cohere: as their SDKs type them, and a stream adds up to the JSON answer."""

from __future__ import annotations

import json
from typing import Any

import cohere
import httpx
import ollama
import pytest

from llm_intercept import InterceptTransport, Reply, intercept
from llm_intercept.model import Reasoning

OLLAMA = "http://localhost:11434/api"
SAID = [{"role": "user", "content": "hi"}]
GIVEN = [{"token": "It", "logprob": -0.25, "bytes": [73, 116], "top_logprobs": []}]


def asked(path: str, says: Any, **body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Ask twice: for JSON, and for lines."""
    body = {"model": "m", "messages": SAID, "prompt": "hi", **body}
    with httpx.Client(transport=InterceptTransport(says)) as client:
        whole = client.post(f"{OLLAMA}/{path}", json={**body, "stream": False}).json()
        lines = client.post(f"{OLLAMA}/{path}", json=body).text.splitlines()
    return whole, [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", ["chat", "generate"])
@pytest.mark.parametrize("most", [None, 0, 3])
def test_ollama_tells_the_tokens_of_each_line(path: str, most: int | None) -> None:
    """Of thoughts and of text; so many alternatives as are asked for, of which the first was said."""
    reply = Reply(Reasoning("A question."), "It is four.")
    whole, lines = asked(path, reply, logprobs=True, top_logprobs=most)
    said = [(line["message"] if path == "chat" else line) for line in lines]
    for line, one in zip(lines[:-1], said, strict=False):
        told = "".join(entry["token"] for entry in line["logprobs"])
        assert told == (one.get("thinking") or one.get("content") or one.get("response"))
    assert "logprobs" not in lines[-1]
    assert [entry for line in lines for entry in line.get("logprobs", [])] == whole["logprobs"]
    for entry in whole["logprobs"]:
        assert bytes(entry["bytes"]).decode() == entry["token"]
        assert len(entry.get("top_logprobs", [])) == (most or 0)
        assert not most or entry["top_logprobs"][0].items() <= entry.items()
    assert "logprobs" not in asked(path, reply, top_logprobs=most)[0]


def test_a_reply_may_say_what_its_tokens_had() -> None:
    """As for OpenAI's APIs; what comes after the given entries has none."""
    whole, lines = asked("chat", Reply("It is", logprobs=GIVEN), logprobs=True)
    told = [{name: value for name, value in GIVEN[0].items() if value}]
    assert whole["logprobs"] == lines[0]["logprobs"] == told


def test_ollamas_sdk_reads_them() -> None:
    """As its own types."""
    with intercept("It is four."):
        answer = ollama.Client().chat("m", messages=SAID, logprobs=True, top_logprobs=2)
    assert answer.logprobs is not None
    assert "".join(one.token for one in answer.logprobs) == "It is four."
    assert [len(one.top_logprobs or ()) for one in answer.logprobs] == [2] * len(answer.logprobs)


def test_coheres_sdk_reads_an_item_of_each_delta() -> None:
    """In a body they are a list; without being asked for there are none."""
    client = cohere.ClientV2("k")
    asks: dict[str, Any] = {"model": "command-a-03-2025", "messages": SAID}
    with intercept("It is four.") as llm:
        whole = client.chat(**asks, logprobs=True)
        events = [one for one in client.chat_stream(**asks, logprobs=True) if one.type == "content-delta"]
        assert client.chat(**asks).logprobs is None
        assert len(llm.calls) == 3
    assert whole.logprobs == [one.logprobs for one in events]
    for one in whole.logprobs or ():
        assert len(one.token_ids) == len(one.logprobs or ()) > 0
    assert "".join(one.text or "" for one in whole.logprobs or ()) == "It is four."
