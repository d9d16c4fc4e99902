"""The recorded answers of each API, and how one is given as a reply.

Knows: the conformance tests' readers of the shared recordings, the SDKs' models. Must not know: how answers are
compared.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from anthropic._models import construct_type as construct_anthropic
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from tests import test_anthropic_conformance as messages
from tests import test_chat_conformance as chat
from tests import test_gemini_conformance as gemini
from tests import test_responses_conformance as responses

from llm_intercept import Reply
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.model import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.recorded import Exchange


CHAT_GREW = {
    # what has it: field: the month of the first recording with it
    "": {"service_tier": "2025-01"},
    "message": {"annotations": "2025-03"},
}
CHAT_GREW_IN_STREAMS = {"": {"service_tier": "2025-02", "obfuscation": "2025-08"}}
CHAT_SINCE = datetime(2024, 11, 1, tzinfo=UTC).timestamp()
KEPT_LONGER_SINCE = "2026-07-29"


class Oracle(NamedTuple):
    """An API's recordings, and how they are read.

    `exchanges` are those whose text is the wire's own. `reply` is the recorded answer as a user would give it, its text
    in the deltas it has there. `as_of` takes out of an answer of ours what came to the API after the recording. `seen`
    is what a program sees of an answer through the SDK.
    """

    api: str
    exchanges: Callable[[], Iterable[Exchange]]
    reply: Callable[[Exchange], Reply]
    made: Callable[[Exchange], float | None]
    as_of: Callable[[Any, Exchange], Any]
    seen: Callable[[Any, Exchange], Any]


def used(reply: Reply, usage: Any) -> Reply:
    """Give the same reply with the recorded usage as its API wrote it."""
    return reply.replaced(usage=Reply(usage=usage).usage) if usage else reply


def undivided(reply: Reply) -> Reply:
    """Give the same reply with each text in one piece."""
    parts = tuple(
        Text(part.text or "".join(cast("tuple[str, ...]", part.deltas or ()))) if isinstance(part, Text) else part
        for part in reply.parts
    )
    return reply.replaced(parts=parts)


def _raw(exchanges: Iterable[Exchange], *providers: str) -> list[Exchange]:
    return [one for one in exchanges if one.fidelity == "raw" and one.provider in providers]


def _chat_exchanges() -> list[Exchange]:
    # Some of other hosts are filed under OpenAI's URL; their ids say so.
    found = _raw(chat.recorded_chat(since=int(CHAT_SINCE)), "openai", "azure")
    return [one for one in found if re.search(r'"id":\s*"chatcmpl-', one.text) and '"provider"' not in one.text]


def _chat_as_of(told: Any, exchange: Exchange) -> Any:
    month = datetime.fromtimestamp(chat.created(exchange), UTC).strftime("%Y-%m")
    # A tier that is asked for was answered long before it was told unasked.
    asked = {"service_tier"} if exchange.request.get("service_tier") else set[str]()
    later = {within: {name: since for name, since in grew.items() if name not in asked and since > month}
             for within, grew in (CHAT_GREW_IN_STREAMS if exchange.is_sse else CHAT_GREW).items()}  # fmt: skip
    return _without(told, later, "")


def _without(told: Any, later: Mapping[str, Mapping[str, str]], within: str) -> Any:
    if isinstance(told, list):
        return [_without(one, later, within) for one in cast("list[Any]", told)]
    if not isinstance(told, dict):
        return told
    fields = cast("dict[str, Any]", told)
    return {name: _without(one, later, name) for name, one in fields.items() if name not in later.get(within, {})}


def _made(kind: Any, value: Any) -> Any:
    """Make the SDK's object of JSON as the SDK does, which checks nothing."""
    return construct_type(type_=kind, value=value)


def _chat_seen(told: Any, exchange: Exchange) -> Any:
    if not exchange.is_sse:
        dumped = _made(ChatCompletion, told).model_dump(exclude={"id", "created", "system_fingerprint"})
        (dumped["usage"] or {}).pop("latency_checkpoint", None)  # what Azure measured
        return dumped
    state = ChatCompletionStreamState()
    for chunk in told:
        if "choices" in chunk:  # the SDK's helper fails at one without, whoever sent it
            state.handle_chunk(_made(ChatCompletionChunk, chunk))
    return state.current_completion_snapshot.model_dump(exclude={"id", "created", "system_fingerprint", "obfuscation"})


def _responses_as_of(told: Any, exchange: Exchange) -> Any:
    day = responses.day(exchange)
    grown = responses.as_of(told, day)
    events: list[Any] = grown if exchange.is_sse else [{"response": grown}]
    for body in (one["response"] for one in events if "response" in one):
        if body.get("prompt_cache_retention") == "24h" and not exchange.request.get("prompt_cache_retention"):
            # Of gpt-5.4 121 recordings say the one until May 2026, and 25 say the other from the end of July on.
            body["prompt_cache_retention"] = (
                "in_memory" if day < KEPT_LONGER_SINCE and "5.4" in body["model"] else "24h"
            )
    return grown


def _responses_seen(told: Any, exchange: Exchange) -> Any:
    if not exchange.is_sse:
        return _response_seen(told)
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    kinds: list[str] = []
    for event in told:
        known = _made(ResponseStreamEvent, event)
        state.handle_event(known)
        if not kinds or kinds[-1] != known.type:
            kinds.append(known.type)
    return [kinds, _response_seen(told[-1]["response"])]


def _response_seen(body: Any) -> Any:
    dumped = _made(Response, body).model_dump(exclude={"id", "created_at", "completed_at"})
    return {**dumped, "output": [{**one, "id": None} for one in dumped["output"]]}


def _messages_seen(told: Any, exchange: Exchange) -> Any:
    if not exchange.is_sse:
        return cast("Message", construct_anthropic(type_=Message, value=told)).model_dump(exclude={"id"})
    whole: Any = None
    buffers: dict[int, bytes] = {}
    for event in told:
        if event["type"] != "ping":
            known: Any = construct_anthropic(type_=RawMessageStreamEvent, value=event)
            whole = accumulate_event(event=known, current_snapshot=whole, json_bufs=buffers)
    return whole.model_dump(exclude={"id"})


def _gemini_seen(told: Any, _: Exchange) -> Any:
    made = [GenerateContentResponse._from_response(response=one, kwargs={}) for one in told]  # noqa: SLF001 - as its client does
    parts = [part.model_dump() for one in made for part in one.parts or ()]
    said = "".join(part["text"] or "" for part in parts if not part["thought"])
    # What of a candidate or of the usage comes before the last chunk is the API's guess, which no reply says.
    last = made[-1].model_dump(exclude={"response_id", "sdk_http_response", "create_time"})
    for candidate in last["candidates"] or ():
        candidate.pop("avg_logprobs")
        candidate.pop("content")
    return [said, [part for part in parts if not part["text"]], last]


def _date(exchange: Exchange) -> float | None:
    sent = next((value for name, value in exchange.headers if name.lower() == "date"), None)
    return datetime.strptime(sent, "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC).timestamp() if sent else None


def _chat_reply(exchange: Exchange) -> Reply:
    told = chat.theirs(exchange)
    return used(chat.as_reply(exchange), (accumulated(told) if exchange.is_sse else told).get("usage"))


ORACLES = (
    Oracle("chat completions", _chat_exchanges, _chat_reply, chat.created, _chat_as_of, _chat_seen),
    Oracle(
        "Responses",
        lambda: _raw(responses.answers(), "openai", "azure"),
        lambda one: used(responses.as_reply(one), responses.body_of(one).get("usage")),
        responses.made,
        _responses_as_of,
        _responses_seen,
    ),
    Oracle(
        "Anthropic's messages",
        lambda: _raw(messages.answers(), "anthropic"),
        lambda one: used(messages.as_reply(one), messages.body_of(one).get("usage")),
        _date,
        lambda told, exchange: messages.as_of(told, messages.month(exchange)),
        _messages_seen,
    ),
    Oracle(
        "Gemini",
        lambda: _raw(gemini.answers(), "gemini", "vertex"),
        lambda one: used(gemini.as_reply(one), gemini.theirs(one)[-1].get("usageMetadata")),
        gemini.began,
        lambda told, _: told,
        _gemini_seen,
    ),
)


def told(text: str, exchange: Exchange, api: str) -> Any:
    """Read an answer: its JSON, or the list of its events; of Gemini always a list."""
    if exchange.is_sse:
        lines = (line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:"))
        return [json.loads(line) for line in lines if line != "[DONE]"]
    body = json.loads(text)
    return [body] if api == "Gemini" else body
