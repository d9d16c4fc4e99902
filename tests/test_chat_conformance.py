"""The recorded exchanges are the oracle: the recorded answer, given as a Reply, comes out in the recorded shape."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import cache
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, api_error
from llm_intercept.dialects.openai_chat.ready import accumulated, reply_of, stream_data
from tests.conftest import SHARED

RECORDINGS = SHARED / "recordings.jsonl"
pytestmark = pytest.mark.skipif(not RECORDINGS.exists(), reason="the shared recordings are not beside this checkout")
SINCE = 1_756_684_800  # 2025-09-01
SHARE = 0.98


@cache
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDINGS.read_text().splitlines()] if RECORDINGS.exists() else []


def chat_rows(*, since: int = SINCE) -> list[dict[str, Any]]:
    return [
        row
        for row in rows()
        if row["endpoint"] == "chat.completions" and row["status"] == 200 and created(row) >= since
    ]


def created(row: dict[str, Any]) -> int:
    found = re.search(r'"created":\s*([1-9]\d+)', row["response_text"])
    return int(found.group(1)) if found else 0


def shape(value: Any) -> Any:
    """Keys in their order and types; of equal neighbours in a list, one."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return [one for number, one in enumerate(shapes) if number == 0 or one != shapes[number - 1]]
    return type(value).__name__


def recorded(row: dict[str, Any]) -> Any:
    text = row["response_text"]
    return stream_data(text.encode()) if row["is_sse"] else json.loads(text)


def as_reply(row: dict[str, Any]) -> Reply:
    """The recorded answer as a user would give it: its text in the recorded deltas where it has any."""
    if not row["is_sse"]:
        return reply_of(recorded(row))
    chunks = recorded(row)
    reply = reply_of(accumulated(chunks))
    deltas = [choice["delta"].get("content") for chunk in chunks for choice in chunk.get("choices", [])]
    return dataclasses.replace(reply, text="", deltas=[delta for delta in deltas if delta]) if reply.text else reply


def answered(row: dict[str, Any]) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(as_reply(row))) as client:
        return client.post(row["url"], json=row["request"])


def written(row: dict[str, Any]) -> Any:
    response = answered(row)
    return stream_data(response.content) if row["is_sse"] else response.json()


def test_recorded_answers_have_the_recorded_shape() -> None:
    """Keys, order, types and chunk grammar agree with today's traffic."""
    disagree = [row["file"] for row in chat_rows() if shape(written(row)) != shape(recorded(row))]
    total = len(chat_rows())
    print(f"{total - len(disagree)} of {total} recorded chat answers since 2025-09 agree in shape")  # noqa: T201 - with -s
    assert total >= 40
    assert len(disagree) <= (1 - SHARE) * total, disagree


def test_recorded_answers_say_the_same() -> None:
    """Text, calls and finish reasons of the recording are those of the answer, JSON and stream, of every year."""
    for row in chat_rows(since=1):
        if row["provider"] != "openai" or row["request"].get("_unknown") or "messages" not in row["request"]:
            continue
        ours, theirs = written(row), recorded(row)
        if row["is_sse"]:
            ours, theirs = accumulated(ours), accumulated(theirs)
        if any(choice["finish_reason"] is None for choice in theirs["choices"]):
            continue  # broken off, or another host's stream filed under OpenAI's URL (WIRE.md 2.2)
        assert said(ours) == said(theirs), row["file"]


def said(body: dict[str, Any]) -> list[Any]:
    return [
        (
            choice["finish_reason"],
            choice["message"].get("content") or "",
            choice["message"].get("refusal") or None,
            [call["function"]["arguments"] for call in choice["message"].get("tool_calls") or []],
            [call["id"] for call in choice["message"].get("tool_calls") or []],
        )
        for choice in body["choices"]
    ]


def test_header_names_are_those_of_the_recordings() -> None:
    """Every header we send was seen in a recording of the same kind, and the ones every recording has are sent."""
    for is_sse in (True, False):
        seen = [
            {name.lower() for name, _ in row["response_headers"]}
            for row in chat_rows()
            if row["is_sse"] == is_sse and row["provider"] == "openai" and len(row["response_headers"]) > 6
        ]
        row = next(one for one in chat_rows() if one["is_sse"] == is_sse and one["provider"] == "openai")
        ours = {name.lower() for name in answered(row).headers}
        assert ours <= set.union(*seen)
        assert set.intersection(*seen) <= ours


@pytest.mark.parametrize("status", [401, 404])
def test_errors_have_the_recorded_shape(status: int) -> None:
    """The front door's errors agree with the recorded ones: keys, content type and header names."""
    found = [row for row in rows() if row["endpoint"] == "chat.completions" and row["status"] == status]
    assert found
    for row in found:
        with httpx.Client(transport=InterceptTransport(api_error(status))) as client:
            response = client.post(row["url"], json=row["request"])
        assert shape(response.json()) == shape(json.loads(row["response_text"]))
        assert response.status_code == status
        headers = {name.lower(): value for name, value in row["response_headers"]}
        assert response.headers["content-type"] == headers["content-type"]
        assert set(response.headers) <= set(headers) | {"retry-after-ms"}
