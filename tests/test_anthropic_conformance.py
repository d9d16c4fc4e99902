"""Recorded Anthropic messages are the oracle: the answer of one, given as a Reply, comes out in the shape it has there.

Messages grow: what came to them after a recording was made is taken out of ours before the two are compared. Pings are
left out too, since they come by time. Run as a module it prints the share, and what the rest is:
`python -m tests.test_anthropic_conformance`.
"""

from __future__ import annotations

from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from llm_intercept import InterceptTransport, Reply, api_error
from llm_intercept.dialects.anthropic_messages.accumulate import accumulated
from llm_intercept.dialects.anthropic_messages.raw import replies
from llm_intercept.dialects.anthropic_messages.tokens_used import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Text
from tests.recorded import Exchange, needs_recordings, recorded_in
from tests.test_chat_conformance import shape
from tests.test_responses_conformance import differing

SHARE = 0.98
SINCE = "2025-09"
GREW = {
    # what has it: field: the month of the first recording with it
    "usage": {"inference_geo": "2026-02", "output_tokens_details": "never"},
    "content": {"caller": "2026-02"},
    "message": {"stop_details": "2026-04"},
    "delta": {"stop_details": "2026-04"},
}
UNDATED = "2026-03"
"""When the recordings were made that have no date: after the field of 2026-02 came, and before that of 2026-04."""


def rows() -> list[Exchange]:
    return [one for one in recorded_in("recordings-apis.jsonl") if one.provider == "anthropic"]


def month(exchange: Exchange) -> str:
    date = next((value for name, value in exchange.headers if name.lower() == "date"), None)
    return parsedate_to_datetime(date).strftime("%Y-%m") if date else UNDATED


def answers() -> list[Exchange]:
    return [one for one in rows() if one.status == 200 and month(one) >= SINCE]


def theirs(exchange: Exchange) -> Any:
    return stream_data(exchange.text.encode()) if exchange.is_sse else exchange.body


def body_of(exchange: Exchange) -> Any:
    return accumulated(theirs(exchange)) if exchange.is_sse else exchange.body


def as_reply(exchange: Exchange) -> Reply:
    """The answer as a user would give it: a text that is the only one in the deltas it has there."""
    told = theirs(exchange) if exchange.is_sse else [exchange.body]
    (reply,) = replies(told)
    texts = [part for part in reply.parts if isinstance(part, Text)]
    deltas = [one["delta"]["text"] for one in told if one.get("delta", {}).get("type") == "text_delta"]
    if len(texts) == 1 and exchange.is_sse:
        parts = tuple(Text(deltas=tuple(deltas)) if isinstance(part, Text) else part for part in reply.parts)
    else:
        parts = reply.parts
    return reply.replaced(parts=parts, usage=read_usage(told), model=body_of(exchange)["model"])


def ours(exchange: Exchange) -> Any:
    with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
        response = client.post(exchange.url, json=exchange.request)
    assert response.status_code == 200, response.text
    return stream_data(response.content) if exchange.is_sse else response.json()


def as_of(value: Any, today: str, within: str = "message") -> Any:
    """Take out what was not there yet in a month."""
    if isinstance(value, list):
        return [as_of(one, today, within) for one in value]
    if not isinstance(value, dict):
        return value
    within = {"content_block": "content"}.get(within, within)
    grown = GREW.get(within, {})
    return {name: as_of(one, today, name) for name, one in value.items() if grown.get(name, "") <= today}


def comparable(told: Any, *, is_sse: bool) -> Any:
    """Of a stream its events without pings, and without how many pieces a text, a thought or an input comes in."""
    if not is_sse:
        return shape(told)
    found = [shape(one) for one in told if one["type"] != "ping"]
    return [one for number, one in enumerate(found) if number == 0 or one != found[number - 1]]


def compared(exchange: Exchange) -> tuple[Any, Any]:
    mine = as_of(ours(exchange), month(exchange))
    return comparable(mine, is_sse=exchange.is_sse), comparable(theirs(exchange), is_sse=exchange.is_sse)


@needs_recordings
def test_nearly_all_recorded_messages_come_out_in_their_shape() -> None:
    """Keys, order, types and the grammar of events, of JSON and of streams; see `__main__` for the rest."""
    agree = [one == other for one, other in map(compared, answers())]
    assert len(agree) > 100
    assert sum(agree) >= SHARE * len(agree)


@needs_recordings
def test_what_recorded_messages_say_comes_out_too() -> None:
    """Texts, thoughts, calls with their ids and inputs, sources, why it ended, and the usage."""
    for exchange in answers():
        mine, other = ours(exchange), body_of(exchange)
        body = accumulated(mine) if exchange.is_sse else mine
        (one,), (two,) = replies([as_of(body, month(exchange))]), replies([other])
        assert one.parts == two.parts
        assert (body["stop_reason"], body["model"]) == (other["stop_reason"], other["model"])
        assert read_usage([body]) == read_usage([other])


@needs_recordings
def test_header_names_are_the_recorded_ones() -> None:
    """All names that a whole recording of today's has, but for those of the compression and of cookies."""
    for exchange in [one for one in answers() if len(one.headers) > 25]:
        with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
            headers = client.post(exchange.url, json=exchange.request).headers
        known = {name.lower() for name, _ in exchange.headers}
        beside = {
            "content-encoding",
            "set-cookie",
            "server-timing",
            "content-length",
            "x-envoy-upstream-service-time",  # until 2026-04
        }
        beside |= {"retry-after", "via"}
        assert known - beside <= set(headers)
        own = {"anthropic-organization-id", "request-id", "content-security-policy", "traceresponse", "vary", "cf-ray"}
        assert set(headers) - known <= own
        theirs_too = {name.lower(): value for name, value in exchange.headers}
        assert headers["content-type"] == theirs_too["content-type"]


@needs_recordings
def test_recorded_errors_come_out_as_they_are() -> None:
    """Status, words and type; since then they say which request they are of."""
    (exchange,) = [one for one in rows() if one.status != 200]
    with httpx.Client(transport=InterceptTransport(api_error("model_not_found"))) as client:
        response = client.post(exchange.url, json=exchange.request)
    told = response.json()
    assert told.pop("request_id") == response.headers["request-id"]
    assert (response.status_code, told) == (exchange.status, exchange.body)
    assert response.headers["x-should-retry"] == "false"


if __name__ == "__main__":
    found = [(exchange, list(differing(*compared(exchange)))) for exchange in answers()]
    whole = sum(not several for _, several in found)
    print(f"{whole} of {len(found)} ({whole / len(found):.1%})")  # noqa: T201 - it is asked for
    for (said, where), count in Counter(
        (said, f"{month(exchange)} {exchange.name[-60:]}")
        for exchange, several in found
        for said in dict.fromkeys(several)
    ).most_common():
        print(f"{count:4} {where} {said}")  # noqa: T201
