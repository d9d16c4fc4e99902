"""Recorded answers of Gemini are the oracle: the answer of one, given as a Reply, comes out in the shape it has there.

Run as a module it prints the share, and what the rest is: `python -m tests.test_gemini_conformance`.
"""

from __future__ import annotations

import base64
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import InterceptTransport, Reply
from llm_intercept.dialects.google_gemini.contents import raw_parts
from llm_intercept.dialects.google_gemini.raw import body_of, replies
from llm_intercept.dialects.google_gemini.token_counts import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Text
from tests.recorded import Exchange, needs_recordings, recorded_in
from tests.test_chat_conformance import shape
from tests.test_responses_conformance import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 0.98
SINCE = 1_756_684_800  # 2025-09-01
ALIAS = "gemini-3.1-pro-preview"


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


@needs_recordings
def test_nearly_all_recorded_answers_come_out_in_their_shape() -> None:
    """Keys, order, types and what each chunk holds, of JSON and of streams; see `__main__` for the rest."""
    agree = [shape(ours(one)) == shape(theirs(one)) for one in answers()]
    assert len(agree) > 150
    assert sum(agree) >= SHARE * len(agree)


if __name__ == "__main__":
    found = [(exchange, list(differing(shape(ours(exchange)), shape(theirs(exchange))))) for exchange in answers()]
    whole = sum(not several for _, several in found)
    print(f"{whole} of {len(found)} ({whole / len(found):.1%})")  # noqa: T201 - it is asked for
    for (said, where), count in Counter(
        (said, f"{exchange.provider} {exchange.name}") for exchange, several in found for said in dict.fromkeys(several)
    ).most_common():
        print(f"{count:4} {where} {said}")  # noqa: T201
