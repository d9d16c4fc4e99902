"""When answers say they were made: one moment of the simulated clock, in every API, or the one that is set."""

from __future__ import annotations

import base64
import re
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Pace, Reply, api_error, tool_call
from llm_intercept.errors import SettingsError
from tests.support import GEMINI, MESSAGES, RESPONSES, URL, VERTEX_GEMINI, chat, contents, message, respond

if TYPE_CHECKING:
    from pathlib import Path

AZURE = "https://me.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01"
OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://localhost:11434/api/chat"
COHERE = "https://api.cohere.com/v2/chat"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (URL, chat()),
    "chat stream": (URL, chat(stream=True)),
    "azure": (AZURE, chat()),
    "azure stream": (AZURE, chat(stream=True)),
    "completions": (f"{OPENAI}/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "hi"}),
    "responses": (RESPONSES, respond()),
    "responses stream": (RESPONSES, respond(stream=True)),
    "conversation": (f"{OPENAI}/conversations", {"items": [{"role": "user", "content": "hi"}]}),
    "moderations": (f"{OPENAI}/moderations", {"model": "text-moderation-latest", "input": "hi"}),
    "embeddings": (f"{OPENAI}/embeddings", {"model": "text-embedding-3-small", "input": "hi"}),
    "messages": (MESSAGES, message()),
    "messages stream": (MESSAGES, message(stream=True)),
    "gemini": (f"{GEMINI}:generateContent", contents()),
    "gemini stream": (f"{GEMINI}:streamGenerateContent?alt=sse", contents()),
    "vertex": (f"{VERTEX_GEMINI}:generateContent", contents()),
    "ollama": (OLLAMA, chat(stream=False)),
    "ollama stream": (OLLAMA, chat(stream=True)),
    "ollama loads": (OLLAMA, {"model": "m", "messages": []}),
    "cohere": (COHERE, chat()),
    "bedrock": (BEDROCK, {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
}  # fmt: skip
THEN = 1_800_000_000
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def answered(name: str, reply: Any = "hi", **settings: Any) -> httpx.Response:
    url, body = ASKED[name]
    response = httpx.Client(transport=InterceptTransport(reply, **settings)).post(url, json=body)
    assert response.status_code in (200, 429)  # what is answered by itself asks no rule
    return response


def moments(response: httpx.Response) -> list[float]:
    """Every moment that an answer tells, in Unix seconds: in its fields, its ids and its headers."""
    text = response.text
    found = [float(second) for second in re.findall(r'"created(?:_at)?": ?(\d+)', text) if second != "0"]
    written = re.findall(r'"(?:created_at|createTime)": ?"([^"]+)"', text)
    found += [datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", one)).timestamp() for one in written]
    for five in re.findall(r'"(?:chatcmpl|cmpl|modr)-(\w{5})\w{24}"', text):
        found.append(1_576_800_000 + sum(62**power * BASE62.index(one) for power, one in enumerate(reversed(five))))
    found += [int(eight, 16) for eight in re.findall(r'"(?:resp|msg|fc|rs|conv)_0\w{15}0[01](\w{8})', text)]
    for encoded in re.findall(r'"responseId": ?"([\w-]+)"', text):
        found.append(int.from_bytes(base64.urlsafe_b64decode(encoded + "==")[:4], "little"))
    if "cf-ray" in response.headers:
        found.append(1_350_000_000 + int(response.headers["cf-ray"][:9], 16) / 100)
    for name in re.findall(r"req_01(\w{22})", response.headers.get("request-id", "")):
        number = sum(58**power * BASE58.index(one) for power, one in enumerate(reversed(name)))
        assert (number >> 76 & 15, number >> 62 & 3) == (7, 2)  # a UUID of version 7
        found.append((number >> 80) / 1000)
    found.append(parsedate_to_datetime(response.headers["date"]).timestamp())
    found += [
        datetime.fromisoformat(value).timestamp()
        for header, value in response.headers.items()
        if header.endswith("-reset") and value.endswith("Z")
    ]
    return found


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_tells_the_present(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default every moment in an answer is the one at which it was made, to the second."""
    monkeypatch.chdir(tmp_path)  # where no pyproject.toml says another
    before = int(time.time())
    told = moments(answered(name))
    assert before <= min(told) <= max(told) < time.time() + 1
    assert len({int(one) for one in told}) == 1


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("reply", ["hi", api_error(429)], ids=["answer", "error"])
def test_a_fixed_moment_fixes_every_byte(name: str, reply: Any) -> None:
    """Two interceptors with the same `created` give the same bytes and headers, and tell that moment alone."""
    one, other = (answered(name, reply, created=THEN) for _ in range(2))
    assert (one.content, one.headers.multi_items()) == (other.content, other.headers.multi_items())
    assert {int(told) for told in moments(one)} == {THEN}


@pytest.mark.parametrize("name", ASKED)
def test_at_another_time_only_times_differ(name: str) -> None:
    """What is no time follows from the request: answers of two days are the same but for their moments."""
    calls = (
        Reply("hi", tool_call("look", a=1)) if name.split(maxsplit=1)[0] in {"chat", "responses", "messages"} else "hi"
    )
    one, other = (without_times(answered(name, calls, created=moment)) for moment in (THEN, THEN + 86_401))
    assert one == other


def without_times(response: httpx.Response) -> tuple[str, list[tuple[str, str]]]:
    """Take out of an answer what tells times: fields, parts of ids, and the padding, which evens out what chunks are long."""
    text = re.sub(
        r'("(?:created|created_at|completed_at|createTime|expires_at)": ?)("[^"]+"|\d+)', r"\1", response.text
    )
    text = re.sub(r'"fp_\w{10}"', "", text)
    text = re.sub(r'"(chatcmpl|cmpl|modr)-\w{5}', r'"\1-', text)
    text = re.sub(r'"((?:resp|msg|fc|rs|conv)_0\w{15}0[01])\w{8}', r'"\1', text)
    text = re.sub(r'("responseId": ?")[\w-]{6}', r"\1", text)
    headers = [
        (name, value[9:] if name == "cf-ray" else "" if name == "request-id" else value)
        for name, value in response.headers.multi_items()
        if name != "date" and not name.endswith("-reset")
    ]
    return text, headers


def test_a_conversation_goes_on_alike_another_day() -> None:
    """What continues a response has the ids it would have had, though it names an id that tells another time."""
    told: list[list[str]] = []
    for moment in (THEN, THEN + 86_401):
        client = httpx.Client(transport=InterceptTransport("hi", created=moment))
        first = client.post(RESPONSES, json=respond()).json()
        item = {"type": "item_reference", "id": first["output"][0]["id"]}
        second = client.post(RESPONSES, json={"model": "gpt-4o", "input": "on", "previous_response_id": first["id"]})
        third = client.post(RESPONSES, json={"model": "gpt-4o", "input": [item, {"role": "user", "content": "on"}]})
        told.append([one.json()["output"][0]["id"][:20] for one in (second, third)])  # up to the time
    assert told[0] == told[1]


def test_the_moment_is_the_simulated_clocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute that an answer takes in virtual time has passed at the next one."""
    monkeypatch.chdir(tmp_path)
    client = httpx.Client(transport=InterceptTransport("hi", time_scale=0, pace=Pace(ttft=60)), timeout=None)
    begun = time.time()
    first, second = (client.post(URL, json=chat()).json()["created"] for _ in range(2))
    assert 60 <= second - first <= 61 + (time.time() - begun)


@pytest.mark.parametrize("created", [-1, 1 << 32, 1.5, True, "today"])
def test_what_is_no_moment_is_refused(created: Any) -> None:
    with pytest.raises(SettingsError, match=r"created.*Unix seconds"):
        InterceptTransport("hi", created=created)
