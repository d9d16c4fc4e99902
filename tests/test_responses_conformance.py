"""Recorded Responses are the oracle: the answer of one, given as a Reply, comes out in the shape it has there.

Responses grow: what came to them after a recording was made is taken out of ours before the two are compared.
Run as a module it prints the share, and what the rest is: `python -m tests.test_responses_conformance`.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, api_error
from llm_intercept.dialects.openai_responses.accumulate import accumulated
from llm_intercept.dialects.openai_responses.raw import replies
from llm_intercept.dialects.openai_responses.reported import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Text
from tests.recorded import Exchange, needs_recordings, own, recorded_in
from tests.test_chat_conformance import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = 0.98
SINCE = datetime(2025, 9, 1, tzinfo=UTC).timestamp()
GREW = {
    # what has it: field: the day of the first recording with it; the last without it is at most three months older
    "response": {
        "billing": "2025-10-03",
        "prompt_cache_retention": "2025-11-18",
        "completed_at": "2025-12-31",
        "frequency_penalty": "2026-01-14",
        "presence_penalty": "2026-01-14",
        "moderation": "2026-04-22",
        "tool_usage": "2026-07-21",
    },
    "reasoning": {"context": "2026-06-02", "mode": "2026-07-21"},
    "input_tokens_details": {"cache_write_tokens": "2026-07-21"},
    "tools": {"search_content_types": "2026-06-24", "output_schema": "2026-07-21"},
    "output": {"phase": "2026-03-05", "content": "2026-06-24"},
}
NULL_UNTIL = {"prompt_cache_retention": "2026-04-18", "content_filters": "2026-06-24"}
LATER_AT_AZURE = {"completed_at": "2026-06-24"}
EDITED = "gpt-5.4-2025-04-14"
"""A model that there never was: two recordings of gpt-4.1 that somebody renamed."""
UNORDERED = "content_filter_results"
"""Azure writes these in two orders, for no reason that is seen (13 and 2 of 15)."""
BY_NAME_SINCE = "2026-01-21"
"""Since when the fields of an event stand by name."""


@cache
def rows() -> tuple[Exchange, ...]:
    found = (*recorded_in("recordings.jsonl"), *recorded_in("recordings-apis.jsonl"))
    return tuple(one for one in found if one.endpoint == "responses")


def answers() -> list[Exchange]:
    return [one for one in rows() if one.status == 200 and made(one) >= SINCE and EDITED not in one.text]


def body_of(exchange: Exchange) -> Any:
    return accumulated(stream_data(exchange.text.encode())) if exchange.is_sse else exchange.body


def made(exchange: Exchange) -> float:
    found = body_of(exchange).get("created_at")
    return found if isinstance(found, int | float) else 0


def day(exchange: Exchange) -> str:
    return datetime.fromtimestamp(made(exchange), UTC).strftime("%Y-%m-%d")


def theirs(exchange: Exchange) -> Any:
    return stream_data(exchange.text.encode()) if exchange.is_sse else exchange.body


def as_reply(exchange: Exchange) -> Reply:
    """The answer as a user would give it: its text in the deltas it has there, if any."""
    told = theirs(exchange) if exchange.is_sse else [exchange.body]
    (reply,) = replies(told)
    deltas = [one["delta"] for one in told if one.get("type") == "response.output_text.delta"]
    return reply.replaced(
        parts=tuple(with_deltas(reply, deltas)) if deltas else reply.parts,
        usage=read_usage(told),
        model=body_of(exchange)["model"],
    )


def with_deltas(reply: Reply, deltas: list[str]) -> Iterator[Any]:
    for part in reply.parts:
        if not isinstance(part, Text):
            yield part
        elif deltas:
            yield Text(deltas=tuple(deltas))
            deltas = []


def ours(exchange: Exchange) -> Any:
    with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
        response = client.post(exchange.url, json=exchange.request)
    return stream_data(response.content) if exchange.is_sse else response.json()


def in_one_order(value: Any) -> Any:
    if isinstance(value, list):
        return [in_one_order(one) for one in value]
    if not isinstance(value, dict):
        return value
    told = {name: in_one_order(item) for name, item in value.items()}
    return {name: dict(sorted(item.items())) if name == UNORDERED else item for name, item in told.items()}


def as_of(value: Any, today: str, within: str = "response") -> Any:
    """Take out what was not there yet on a day."""
    if isinstance(value, list):
        return [as_of(one, today, within) for one in value]
    if not isinstance(value, dict):
        return value
    within = "output" if within == "item" else within
    kept = {
        name: None if NULL_UNTIL.get(name, "") > today else as_of(item, today, name)
        for name, item in value.items()
        if GREW.get(within, {}).get(name, "") <= today or (name == "content" and value.get("type") == "message")
    }
    is_old_event = "sequence_number" in kept and today < BY_NAME_SINCE
    return dict(sorted(kept.items())) if is_old_event else kept


def compared(exchange: Exchange) -> tuple[Any, Any]:
    """Our shape and theirs; of events before they stood by name, without their order."""
    today = day(exchange)
    told = theirs(exchange)
    if exchange.is_sse and today < BY_NAME_SINCE:
        told = [dict(sorted(one.items())) for one in told]
    grown = as_of(in_one_order(ours(exchange)), today)
    if exchange.provider == "azure":
        grown = without(grown, {name for name, since in LATER_AT_AZURE.items() if today < since})
    return shape(grown), shape(in_one_order(told))


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [without(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: without(item, names) for name, item in value.items() if name not in names}


def differing(mine: Any, other: Any, path: str = "") -> Iterator[str]:
    """Say where two shapes differ."""
    if mine == other:
        return
    if is_object(mine) and is_object(other):
        one, two = dict(mine), dict(other)
        if list(one) != list(two):
            yield f"{path}: {sorted(set(one) ^ set(two)) or 'the order'}"
        for name in one.keys() & two.keys():
            yield from differing(one[name], two[name], f"{path}.{name}")
    elif isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        for one, two in zip(mine, other, strict=True):
            yield from differing(one, two, f"{path}[]")
    else:
        yield f"{path}: {str(mine)[:40]}, and there {str(other)[:40]}"


def is_object(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], tuple)


@pytest.mark.parametrize("exchange", [pytest.param(one, id=one.name) for one in own(endpoint="responses")])
def test_an_answer_has_the_exchanges_shape_and_says_what_it_says(exchange: Exchange) -> None:
    """Of the project's own exchanges: keys, order, types and events are the exchange's, and so is what is said."""
    answer = ours(exchange)
    assert shape(answer) == shape(theirs(exchange))
    whole, other = accumulated(answer) if exchange.is_sse else answer, body_of(exchange)
    (mine,), (given,) = replies([whole]), replies([other])
    assert (mine.text, mine.reasoning, mine.refusal) == (given.text, given.reasoning, given.refusal)
    assert mine.tool_calls == given.tool_calls
    assert whole["usage"] == other["usage"]


@needs_recordings
def test_nearly_all_recorded_answers_come_out_in_their_shape() -> None:
    """Keys, order, types and the grammar of events, of JSON and of streams; see `__main__` for the rest."""
    agree = [one == other for one, other in map(compared, answers())]
    assert len(agree) > 300
    assert sum(agree) >= SHARE * len(agree)


@needs_recordings
def test_header_names_are_the_recorded_ones() -> None:
    """What every whole recording of OpenAI's has, and the same content type."""
    for exchange in [one for one in answers() if one.provider == "openai"][::9]:
        with httpx.Client(transport=InterceptTransport(as_reply(exchange))) as client:
            headers = client.post(exchange.url, json=exchange.request).headers
        known = {name.lower(): value for name, value in exchange.headers}
        assert headers["content-type"] == known["content-type"]
        if len(known) > 15:
            assert {"openai-version", "openai-processing-ms", "date", "server"} <= set(headers) & set(known)


@needs_recordings
@pytest.mark.parametrize("stream", [True, False])
def test_recorded_errors_come_out_as_they_are(stream: bool) -> None:
    """Status, words, type, code, param, and the text's form."""
    errors = [one for one in rows() if one.status != 200]
    assert len(errors) >= 9
    for exchange in errors:
        known = exchange.body["error"]
        reply = api_error(known["code"], message=known["message"])
        with httpx.Client(transport=InterceptTransport(reply)) as client:
            response = client.post(exchange.url, json={**exchange.request, "stream": stream})
        assert (response.status_code, response.json()) == (exchange.status, exchange.body)
        own = json.dumps(exchange.body, indent=2, ensure_ascii=False)
        assert response.text == own


if __name__ == "__main__":
    found = [(exchange, list(differing(*compared(exchange)))) for exchange in answers()]
    whole = sum(not several for _, several in found)
    print(f"{whole} of {len(found)} ({whole / len(found):.1%})")  # noqa: T201 - it is asked for
    for (said, where), count in Counter(
        (said, f"{day(exchange)} {exchange.provider} {exchange.name}")
        for exchange, several in found
        for said in dict.fromkeys(several)
    ).most_common():
        print(f"{count:4} {where} {said}")  # noqa: T201
