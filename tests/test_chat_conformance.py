"""Exchanges are the oracle: the answer of one, given as a Reply, comes out in the shape it has there.

The project's own exchanges agree one by one, in any clone; the recorded ones, where they are, nearly all.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, api_error
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.openai_chat.raw import reply_of
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Text
from tests.recorded import Exchange, needs_recordings, own, recorded

SINCE = 1_756_684_800  # 2025-09-01
SHARE = 0.98
CHAT = [one for one in own(endpoint="chat.completions") if one.provider != "gateway"]
OWN = [pytest.param(one, id=one.name) for one in CHAT if one.status == 200]
OWN_ERRORS = [pytest.param(one, id=one.name) for one in CHAT if one.status != 200]


@cache
def recorded_chat(*, since: int = SINCE) -> list[Exchange]:
    return [
        one for one in recorded() if one.endpoint == "chat.completions" and one.status == 200 and created(one) >= since
    ]


def created(exchange: Exchange) -> int:
    found = re.search(r'"created":\s*([1-9]\d+)', exchange.text)
    return int(found.group(1)) if found else 0


def shape(value: Any) -> Any:
    """Keys in their order and types; of equal neighbours in a list, one."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return [one for number, one in enumerate(shapes) if number == 0 or one != shapes[number - 1]]
    return type(value).__name__


def theirs(exchange: Exchange) -> Any:
    return stream_data(exchange.text.encode()) if exchange.is_sse else exchange.body


def as_reply(exchange: Exchange) -> Reply:
    """The answer as a user would give it: its text in the deltas it has there, if any."""
    if not exchange.is_sse:
        return reply_of(theirs(exchange))
    chunks = theirs(exchange)
    reply = reply_of(accumulated(chunks))
    deltas = [choice["delta"].get("content") for chunk in chunks for choice in chunk.get("choices", [])]
    return in_deltas(reply, [delta for delta in deltas if delta]) if reply.text else reply


def in_deltas(reply: Reply, deltas: list[str]) -> Reply:
    """The same reply with its text in given deltas."""
    return Reply(
        *(part for part in reply.parts if not isinstance(part, Text)),
        deltas=deltas,
        logprobs=reply.logprobs,
        finish_reason=reply.finish_reason,
        usage=reply.usage,
        model=reply.model,
    )


def answered(exchange: Exchange) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
        return client.post(exchange.url, json=exchange.request)


def ours(exchange: Exchange) -> Any:
    response = answered(exchange)
    return stream_data(response.content) if exchange.is_sse else response.json()


def refused(exchange: Exchange) -> httpx.Response:
    """The response to the exchange's request where the error of its status is asked for, with its code if it has one."""
    error = exchange.body["error"]
    known = {} if exchange.provider == "azure" else {"code": error["code"], "param": error["param"]}
    with httpx.Client(transport=InterceptTransport(api_error(exchange.status, **known))) as client:
        return client.post(exchange.url, json=exchange.request)


@pytest.mark.parametrize("exchange", OWN)
def test_an_answer_has_the_exchanges_shape(exchange: Exchange) -> None:
    """Keys, order, types and chunk grammar are those of the exchange."""
    assert shape(ours(exchange)) == shape(theirs(exchange))


@pytest.mark.parametrize("exchange", OWN)
def test_an_answer_says_what_the_exchange_says(exchange: Exchange) -> None:
    """Text, refusal, calls and finish reasons are the exchange's, and so are a stream's pieces of text."""
    assert said(whole(exchange, ours(exchange))) == said(whole(exchange, theirs(exchange)))
    if exchange.is_sse:
        assert pieces(ours(exchange)) == pieces(theirs(exchange))


@pytest.mark.parametrize("exchange", OWN)
def test_header_names_are_the_exchanges(exchange: Exchange) -> None:
    """The same names, and the same content type."""
    headers = answered(exchange).headers
    assert set(headers) == {name for name, _ in exchange.headers}
    assert headers["content-type"] == dict(exchange.headers)["content-type"]


@pytest.mark.parametrize("exchange", OWN_ERRORS)
def test_an_error_has_the_exchanges_shape(exchange: Exchange) -> None:
    """Keys, words of the type and code, status and content type are the exchange's; JSON even for a stream."""
    response = refused(exchange)
    assert response.status_code == exchange.status
    assert shape(response.json()) == shape(exchange.body)
    assert {**response.json()["error"], "message": ""} == {**exchange.body["error"], "message": ""}
    assert response.headers["content-type"] == dict(exchange.headers)["content-type"]


@needs_recordings
def test_recorded_answers_have_the_recorded_shape() -> None:
    """Keys, order, types and chunk grammar agree with today's traffic."""
    disagree = [one.name for one in recorded_chat() if shape(ours(one)) != shape(theirs(one))]
    total = len(recorded_chat())
    print(f"{total - len(disagree)} of {total} recorded chat answers since 2025-09 agree in shape")  # noqa: T201 - with -s
    assert total >= 40
    assert len(disagree) <= (1 - SHARE) * total, disagree


@needs_recordings
def test_recorded_answers_say_the_same() -> None:
    """Text, calls and finish reasons of the recording are those of the answer, JSON and stream, of every year."""
    compared = 0
    for exchange in recorded_chat(since=1):
        if exchange.provider != "openai" or exchange.request.get("_unknown") or "messages" not in exchange.request:
            continue
        wanted = whole(exchange, theirs(exchange))
        if any(choice["finish_reason"] is None for choice in wanted["choices"]):
            continue  # broken off, or another host's stream filed under OpenAI's URL (docs/wire.md 2.2)
        assert said(whole(exchange, ours(exchange))) == said(wanted), exchange.name
        compared += 1
    assert compared > 100


def whole(exchange: Exchange, answer: Any) -> Any:
    return accumulated(answer) if exchange.is_sse else answer


def pieces(chunks: list[Any]) -> list[str]:
    said = (choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"])
    return [text for text in said if text]


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


@needs_recordings
def test_header_names_are_those_of_the_recordings() -> None:
    """Every header we send was seen in a recording of the same kind, and the ones every recording has are sent."""
    for is_sse in (True, False):
        alike = [one for one in recorded_chat() if one.is_sse == is_sse and one.provider == "openai"]
        seen = [{name.lower() for name, _ in one.headers} for one in alike if len(one.headers) > 6]
        sent = {name.lower() for name in answered(alike[0]).headers}
        assert sent <= set.union(*seen)
        assert set.intersection(*seen) <= sent


@needs_recordings
@pytest.mark.parametrize("status", [401, 404])
def test_errors_have_the_recorded_shape(status: int) -> None:
    """The front door's errors agree with the recorded ones: keys, content type and header names."""
    found = [one for one in recorded() if one.endpoint == "chat.completions" and one.status == status]
    assert found
    refusals = (one for one in recorded() if one.provider == "openai" and one.status in (401, 404))
    known = {name.lower() for exchange in refusals for name, _ in exchange.headers}  # some recorders left some out
    for exchange in found:
        response = refused(exchange)
        assert shape(response.json()) == shape(json.loads(exchange.text))
        assert response.status_code == status
        headers = {name.lower(): value for name, value in exchange.headers}
        assert response.headers["content-type"] == headers["content-type"]
        assert set(response.headers) <= known | {"retry-after-ms"}
