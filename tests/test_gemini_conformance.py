"""Recorded answers of Gemini are the oracle: the answer of one, given as a Reply, comes out in the shape it has there.

Run as a module it prints the share, and what the rest is: `python -m tests.test_gemini_conformance`.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, api_error, raw
from llm_intercept.dialects.google_gemini.contents import raw_parts
from llm_intercept.dialects.google_gemini.raw import body_of, replies
from llm_intercept.dialects.google_gemini.token_counts import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Text
from tests.recorded import Exchange, needs_recordings, own, recorded_in
from tests.test_chat_conformance import shape
from tests.test_responses_conformance import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 0.98
OWN = [one for provider in ("gemini", "vertex") for one in own(provider=provider)]
SINCE = 1_756_684_800  # 2025-09-01
DIGITS = re.compile(r"-?\d+\.\d{6,}(?:e-\d+)?")


@cache
def rows() -> tuple[Exchange, ...]:
    return tuple(one for one in recorded_in("recordings-apis.jsonl") if one.endpoint.startswith("gemini."))


def answers() -> list[Exchange]:
    return [one for one in rows() if one.status == 200 and began(one) >= SINCE]


def theirs(exchange: Exchange) -> list[Any]:
    return stream_data(exchange.text.encode()) if exchange.is_sse else [exchange.body]


def began(exchange: Exchange) -> int:
    """When an answer began, which its id tells: seconds, in its first four bytes."""
    return int.from_bytes(base64.urlsafe_b64decode(theirs(exchange)[0]["responseId"][:8])[:4], "little")


def as_reply(exchange: Exchange) -> Reply:
    """The answer as a user would give it: its text in the deltas it has there, if any."""
    told = theirs(exchange)
    (reply,) = replies(told)
    deltas = [part["text"] for chunk in told for part in spoken(chunk) if part["text"]] if exchange.is_sse else []
    return reply.replaced(
        parts=tuple(with_deltas(reply, deltas)) if deltas else reply.parts,
        usage=read_usage([body_of(told)]),
        model=told[-1]["modelVersion"],
    )


def spoken(chunk: Any) -> list[Any]:
    parts = raw_parts(chunk["candidates"][0].get("content"))
    return [one for one in parts if "text" in one and not one.get("thought")]


def with_deltas(reply: Reply, deltas: list[str]) -> Iterator[Any]:
    for part in reply.parts:
        yield Text(deltas=tuple(deltas)) if isinstance(part, Text) else part


def ours(exchange: Exchange) -> list[Any]:
    with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
        response = client.post(exchange.url, json=exchange.request)
    return stream_data(response.content) if exchange.is_sse else [response.json()]


@pytest.mark.parametrize("exchange", [pytest.param(one, id=one.name) for one in OWN])
def test_an_answer_is_the_exchanges_but_for_what_is_made_up(exchange: Exchange) -> None:
    """Of the project's own exchanges: ours has its shape, says what it says, and is laid out as it is."""
    told = theirs(exchange)
    assert shape(ours(exchange)) == shape(told)
    (mine,), (given,) = replies(ours(exchange)), replies(told)
    assert (mine.text, mine.tool_calls) == (given.text, given.tool_calls)
    assert ours(exchange)[-1]["usageMetadata"] == told[-1]["usageMetadata"]
    with httpx.Client(transport=InterceptTransport(raw(told if exchange.is_sse else told[0]))) as client:
        assert client.post(exchange.url, json=exchange.request).text == exchange.text


@needs_recordings
def test_nearly_all_recorded_answers_come_out_in_their_shape() -> None:
    """Keys, order, types and what each chunk holds, of JSON and of streams; see `__main__` for the rest."""
    agree = [shape(ours(one)) == shape(theirs(one)) for one in answers()]
    assert len(agree) > 150
    assert sum(agree) >= SHARE * len(agree)


@needs_recordings
def test_recorded_answers_are_written_byte_for_byte() -> None:
    """Layout, order and escapes, of JSON and of events; all but a number that has more digits than a float needs."""
    written = [one for one in rows() if one.status == 200]
    assert len(written) > 180
    for exchange in written:
        told = theirs(exchange)
        with httpx.Client(transport=InterceptTransport(raw(told if exchange.is_sse else told[0]))) as client:
            text = client.post(exchange.url, json=exchange.request).text
        assert DIGITS.sub("0", text) == DIGITS.sub("0", exchange.text)


@needs_recordings
def test_recorded_answers_are_read_whole() -> None:
    """Their texts, their calls, and their usage, also of streams: the tokens add up to the total that is told."""
    for exchange in answers():
        told = theirs(exchange)
        (reply,) = replies(told)
        listed = [part for chunk in told for part in raw_parts(chunk["candidates"][0].get("content"))]
        assert reply.text == "".join(part["text"] for part in listed if "text" in part and not part.get("thought"))
        assert [call.name for call in reply.tool_calls] == [one["functionCall"]["name"] for one in listed if "functionCall" in one]  # fmt: skip
        used = read_usage([body_of(told)])
        assert used is not None
        assert used.total_tokens == told[-1]["usageMetadata"]["totalTokenCount"]


@needs_recordings
def test_header_names_are_the_recorded_ones() -> None:
    """Of whole recordings, but for what says that a body is compressed, or how long it is."""
    whole = [one for one in answers() if len(one.headers) > 5]
    for exchange in [*whole[::9], *(one for one in whole if not one.is_sse and "3.5" in one.url)]:
        with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
            headers = client.post(exchange.url, json=exchange.request).headers
        known = {name.lower(): value for name, value in exchange.headers}
        assert set(headers) == set(known) - {"content-encoding", "content-length"}
        same = ("content-type", "server", "x-frame-options", "alt-svc", "content-disposition")
        assert [headers.get(name) for name in same] == [known.get(name) for name in same]


@needs_recordings
def test_the_recorded_error_comes_out_as_it_is() -> None:
    (exchange,) = [one for one in rows() if one.status != 200]
    known = exchange.body["error"]
    with httpx.Client(transport=InterceptTransport(api_error("model_not_found", known["message"]))) as client:
        response = client.post(exchange.url, json=exchange.request)
    assert (response.status_code, response.text) == (exchange.status, exchange.text)


if __name__ == "__main__":
    found = [(exchange, list(differing(shape(ours(exchange)), shape(theirs(exchange))))) for exchange in answers()]
    whole = sum(not several for _, several in found)
    print(f"{whole} of {len(found)} ({whole / len(found):.1%})")  # noqa: T201 - it is asked for
    for (said, where), count in Counter(
        (said, f"{exchange.provider} {exchange.name}") for exchange, several in found for said in dict.fromkeys(several)
    ).most_common():
        print(f"{count:4} {where} {said}")  # noqa: T201
