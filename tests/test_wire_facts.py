"""The figures of docs/wire.md are counted: over the shared recordings, where they are, by the functions below.

A function yields for every place where its fact could hold whether it does. What holds of one model's answers and not
of others' is asked of those models only.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.recorded import Exchange, needs_recordings, recorded, recorded_in
from tests.test_anthropic_conformance import answers as anthropic_answers
from tests.test_anthropic_conformance import month as anthropic_month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = (Path(__file__).parents[1] / "docs" / "wire.md").read_text()
COUNTED = re.compile(r"\*\*(\d+\.\d+\.\d+)\*\*(?:(?!\n- |\n#).)*?Counted: ([\d,]+) of ([\d,]+)", re.DOTALL)
FACTS: dict[str, Callable[[], Iterator[bool]]] = {}
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SIGNED_SINCE = 1_751_328_000  # 2025-07-01
PADDED_SINCE = 1_754_006_400  # 2025-08-01
GO_DURATION = re.compile(r"(\d+h)?(\d+m)?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?")


def fact(number: str) -> Callable[[Callable[[], Iterator[bool]]], Callable[[], Iterator[bool]]]:
    """Count a numbered fact with the function."""

    def keep(function: Callable[[], Iterator[bool]]) -> Callable[[], Iterator[bool]]:
        assert number not in FACTS
        FACTS[number] = function
        return function

    return keep


UNITS = ("input-tokens", "output-tokens", "requests", "tokens")


@cache
def answers(provider: str = "openai", endpoint: str = "chat.completions", *, is_sse: bool) -> list[Exchange]:
    """The good answers of an endpoint; without the streams of OpenRouter's that lie under OpenAI's URL."""
    return [
        one
        for one in recorded()
        if (one.provider, one.endpoint, one.status, one.is_sse) == (provider, endpoint, 200, is_sse)
        and '"provider":' not in one.text
    ]


def bodies() -> Iterator[Any]:
    """OpenAI's JSON answers whose keys are in their order."""
    yield from (one.body for one in answers(is_sse=False) if one.fidelity != "parsed")


def raw_texts() -> Iterator[str]:
    yield from (one.text for one in answers(is_sse=False) if one.fidelity == "raw")


def streams() -> list[list[Any]]:
    """The chunks of OpenAI's streams, but for the chunk of `moderation`, which has no choices."""
    return [[chunk for chunk in one.chunks if "choices" in chunk] for one in answers(is_sse=True)]


def choices(chunks: list[Any]) -> list[Any]:
    return [choice for chunk in chunks for choice in chunk["choices"]]


def call_deltas(chunks: list[Any]) -> list[Any]:
    return [call for choice in choices(chunks) for call in choice["delta"].get("tool_calls") or []]


def number_of_calls(chunks: list[Any]) -> int:
    return sum("id" in call for call in call_deltas(chunks))


def headers(exchange: Exchange) -> dict[str, str]:
    return {name.lower(): value for name, value in exchange.headers}


def with_headers(*, is_sse: bool | None = None) -> list[dict[str, str]]:
    """The headers of OpenAI's answers where the recorder kept more than a few."""
    kinds = (True, False) if is_sse is None else (is_sse,)
    found = (headers(one) for kind in kinds for one in answers(is_sse=kind))
    return [one for one in found if len(one) >= 6]


def errors(*endpoints: str) -> list[Exchange]:
    return [one for one in recorded() if one.provider == "openai" and one.status >= 400 and one.endpoint in endpoints]


def is_new(model: str) -> bool:
    """Tell whether it is a model of the families that leave `logprobs` out."""
    return re.match(r"gpt-5|o\d|.*-audio|.*-search", model) is not None


@fact("2.1.1")
def _() -> Iterator[bool]:
    wanted = ["id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"]
    yield from (
        [key for key in body if key != "service_tier"] == [*wanted[:6], wanted[7]]
        and ("service_tier" not in body or list(body) == wanted)
        for body in bodies()
    )


@fact("2.1.2")
def _() -> Iterator[bool]:
    for body in bodies():
        yield from (("logprobs" not in choice) == is_new(body["model"]) for choice in body["choices"])


@fact("2.1.3")
def _() -> Iterator[bool]:
    order = ["role", "content", "function_call", "tool_calls", "refusal", "annotations", "audio"]
    for body in bodies():
        for choice in body["choices"]:
            keys = list(choice["message"])
            yield keys == [key for key in order if key in keys]


@fact("2.1.4")
def _() -> Iterator[bool]:
    for body in bodies():
        for choice in body["choices"]:
            for call in choice["message"].get("tool_calls") or []:
                yield list(call) == ["id", "type", "function"] and bool(
                    re.fullmatch(r"call_[0-9A-Za-z]{24}", call["id"])
                )


@fact("2.1.5")
def _() -> Iterator[bool]:
    names = ["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"]
    yield from (list(body["usage"]) == names for body in bodies())


@fact("2.1.6")
def _() -> Iterator[bool]:
    for body in bodies():
        has_none = re.match(r"gpt-5|o\d|gpt-4(?![o.])|gpt-3\.5", body["model"])
        mark = body["system_fingerprint"]
        yield mark is None if has_none else bool(re.fullmatch(r"fp_[0-9a-f]{10}", mark or ""))


@fact("2.1.7")
def _() -> Iterator[bool]:
    for body in [*bodies(), *(chunks[0] for chunks in streams())]:
        found = re.fullmatch(r"chatcmpl-([0-9A-Za-z]{5})[0-9A-Za-z]{24}", body["id"])
        second = 0
        for digit in found.group(1) if found else "":
            second = second * 62 + DIGITS.index(digit)
        yield abs(second + 1_576_800_000 - body["created"]) <= 1


@fact("2.1.8")
def _() -> Iterator[bool]:
    yield from (text.startswith('{\n  "id": "') for text in raw_texts())


@fact("2.2.1")
def _() -> Iterator[bool]:
    for one in answers(is_sse=True):
        lines = [line for line in one.text.split("\n") if line]
        framed = one.text == "".join(f"data: {data}\n\n" for data in one.data)
        yield framed and lines[-1] == "data: [DONE]" and "\r" not in one.text


@fact("2.2.2")
def _() -> Iterator[bool]:
    yield from (len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1 for chunks in streams())


@fact("2.2.3")
def _() -> Iterator[bool]:
    order = [
        "id",
        "object",
        "created",
        "model",
        "service_tier",
        "system_fingerprint",
        "choices",
        "usage",
        "obfuscation",
    ]
    for chunks in streams():
        yield from (list(chunk) == [key for key in order if key in chunk] for chunk in chunks)


@fact("2.2.4")
def _() -> Iterator[bool]:
    for chunks in streams():
        is_late = chunks[0]["created"] >= PADDED_SINCE
        yield {("obfuscation" in chunk) for chunk in chunks} == {is_late}


@fact("2.2.5")
def _() -> Iterator[bool]:
    for one in answers(is_sse=True):
        yield from (len(data) % 16 == 1 for data in one.data if '"obfuscation":' in data)


@fact("2.2.6")
def _() -> Iterator[bool]:
    for one, chunks in zip(answers(is_sse=True), streams(), strict=True):
        if "messages" not in one.request:
            continue  # the recorder kept no request
        if (one.request.get("stream_options") or {}).get("include_usage"):
            *before, last = chunks
            yield (
                last["choices"] == []
                and bool(last["usage"])
                and {json.dumps(one["usage"]) for one in before} == {"null"}
            )
        else:
            yield not any("usage" in chunk for chunk in chunks)


@fact("2.2.7")
def _() -> Iterator[bool]:
    for chunks in streams():
        first: dict[int, Any] = {}
        for choice in choices(chunks):
            first.setdefault(choice["index"], choice["delta"])
        yield all(delta.get("role") == "assistant" for delta in first.values())


@fact("2.2.8")
def _() -> Iterator[bool]:
    yield from ("tool_calls" in choices(chunks)[0]["delta"] for chunks in streams() if number_of_calls(chunks) == 1)


@fact("2.2.9")
def _() -> Iterator[bool]:
    bare = {"role": "assistant", "content": None}
    yield from (choices(chunks)[0]["delta"] == bare for chunks in streams() if number_of_calls(chunks) > 1)


@fact("2.2.10")
def _() -> Iterator[bool]:
    for chunks in streams():
        for call in call_deltas(chunks):
            if "id" in call:
                yield list(call) == ["index", "id", "type", "function"] and call["function"]["arguments"] == ""
            else:
                yield list(call) == ["index", "function"] and list(call["function"]) == ["arguments"]


@fact("2.2.11")
def _() -> Iterator[bool]:
    for chunks in streams():
        count = number_of_calls(chunks)
        for index in range(count if count > 1 else 0):
            pieces = [call["function"]["arguments"] for call in call_deltas(chunks) if call["index"] == index][1:]
            sizes = [len(piece) for piece in pieces]
            yield sizes[:-1] == [(4, 5, 6)[place % 3] for place in range(len(sizes) - 1)] and '": ' in "".join(pieces)


@fact("2.2.12")
def _() -> Iterator[bool]:
    for chunks in streams():
        asks = any("usage" in chunk for chunk in chunks[:-1])
        if asks and number_of_calls(chunks) > 1:
            yield list(chunks[0]).index("usage") < list(chunks[0]).index("choices")


@fact("2.2.13")
def _() -> Iterator[bool]:
    for chunks in streams():
        yield from (choice["delta"] == {} for choice in choices(chunks) if choice["finish_reason"])


@fact("2.2.14")
def _() -> Iterator[bool]:
    for chunks in streams():
        yield from (len(chunk["choices"]) == 1 for chunk in chunks if chunk["choices"])


@fact("2.2.15")
def _() -> Iterator[bool]:
    for chunks in streams():
        if any("refusal" in choice["delta"] and choice["delta"]["refusal"] for choice in choices(chunks)):
            yield choices(chunks)[0]["delta"] == {"role": "assistant", "content": None, "refusal": ""}


@fact("2.3.1")
def _() -> Iterator[bool]:
    yield from (one["content-type"] == "application/json" for one in with_headers(is_sse=False))
    yield from (one["content-type"] == "text/event-stream; charset=utf-8" for one in with_headers(is_sse=True))


@fact("2.3.2")
def _() -> Iterator[bool]:
    yield from (one.get("openai-version") == "2020-10-01" and "openai-processing-ms" in one for one in with_headers())


@fact("2.3.3")
def _() -> Iterator[bool]:
    names = {
        f"x-ratelimit-{word}-{unit}" for word in ("limit", "remaining", "reset") for unit in ("requests", "tokens")
    }
    yield from (names <= set(one) for one in with_headers())


@fact("2.3.4")
def _() -> Iterator[bool]:
    for one in with_headers():
        found = (value for name, value in one.items() if name.startswith("x-ratelimit-reset-"))
        yield from (GO_DURATION.fullmatch(value) is not None for value in found)


@fact("2.3.5")
def _() -> Iterator[bool]:
    found = (one["x-request-id"] for one in with_headers() if "x-request-id" in one)
    yield from (re.fullmatch(r"req_[0-9a-f]{32}", value) is not None for value in found)


@fact("2.3.6")
def _() -> Iterator[bool]:
    yield from (one["transfer-encoding"] == "chunked" and one["server"] == "cloudflare" for one in with_headers())


@fact("2.3.7")
def _() -> Iterator[bool]:
    for one in [*recorded(), *recorded_in("recordings-apis.jsonl")]:
        told = {name.lower(): value for name, value in one.headers}
        if re.match(r"[0-9a-f]{16}-[A-Z]{3}", told.get("cf-ray", "")) and "date" in told:
            took = int(told.get("openai-processing-ms", "0")) / 1000
            came = 1_350_000_000 + int(told["cf-ray"][:9], 16) / 100
            yield -1 <= parsedate_to_datetime(told["date"]).timestamp() - took - came <= 2


@fact("2.3.8")
def _() -> Iterator[bool]:
    """Of the models of 2026; of gpt-4o and others half do."""
    for one in [*recorded(), *recorded_in("recordings-apis.jsonl")]:
        told = {name.lower(): value for name, value in one.headers}
        is_new = one.endpoint == "responses" and str(one.request.get("model")).startswith(("gpt-5.4", "gpt-5.5"))
        if not is_new or "x-ratelimit-limit-tokens" not in told:
            continue
        limit, left = (int(told[f"x-ratelimit-{word}-tokens"]) for word in ("limit", "remaining"))
        yield limit == left


@fact("3.1.1")
def _() -> Iterator[bool]:
    for one in errors("chat.completions", "embeddings"):
        sent = headers(one)
        is_front = sent["content-type"] == "application/json; charset=utf-8" and sent.get("vary") == "Origin"
        yield is_front and "openai-version" not in sent


@fact("3.1.2")
def _() -> Iterator[bool]:
    for one in errors("responses"):
        yield headers(one)["content-type"] == "application/json" and "openai-version" in headers(one)


@fact("3.1.3")
def _() -> Iterator[bool]:
    for one in errors("chat.completions", "embeddings", "responses"):
        yield list(one.body) == ["error"] and list(one.body["error"]) == ["message", "type", "param", "code"]


@fact("3.1.4")
def _() -> Iterator[bool]:
    yield from (
        one.text.startswith("{") for one in errors("chat.completions", "responses") if one.request.get("stream")
    )


def azure() -> list[Any]:
    found = (answers("azure", is_sse=kind) for kind in (True, False))
    return [chunk for some in found for one in some for chunk in (one.chunks if one.is_sse else [one.body])]


def is_alphabetical(value: Any) -> bool:
    if isinstance(value, dict):
        kept = [item for key, item in value.items() if key != "prompt_filter_results"]
        return list(value) == sorted(value) and all(map(is_alphabetical, kept))
    return all(map(is_alphabetical, value)) if isinstance(value, list) else True


@fact("4.1.1")
def _() -> Iterator[bool]:
    yield from map(is_alphabetical, (one for one in azure() if one["id"]))


@fact("4.1.2")
def _() -> Iterator[bool]:
    empty = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    for one in answers("azure", is_sse=True):
        first = dict(one.chunks[0])
        yield bool(first.pop("prompt_filter_results")) and first == empty


@fact("4.1.3")
def _() -> Iterator[bool]:
    yield from ("content_filter_results" in choice for one in azure() for choice in one["choices"])


@fact("4.1.4")
def _() -> Iterator[bool]:
    yield from ("latency_checkpoint" in one.body["usage"] for one in answers("azure", is_sse=False))
    yield from ("latency_checkpoint" in one.chunks[-1] for one in answers("azure", is_sse=True))


@fact("4.1.5")
def _() -> Iterator[bool]:
    both = [*recorded(), *recorded_in("recordings-apis.jsonl")]
    for one in both:
        for data in one.data if one.provider == "azure" and one.is_sse else ():
            if '"obfuscation":' in data and '"choices":' in data:
                filters = [choice["content_filter_results"] for choice in json.loads(data)["choices"]]
                told = (json.dumps(found, separators=(",", ":")) for found in filters)
                yield (len(data) - sum(len(f'"content_filter_results":{one},') for one in told)) % 16 == 1


@fact("5.1.1")
def _() -> Iterator[bool]:
    yield from ("[DONE]" not in one.text for one in answers(endpoint="responses", is_sse=True))


@fact("5.1.2")
def _() -> Iterator[bool]:
    for one in answers(endpoint="responses", is_sse=True):
        lines = [line for line in one.text.split("\n") if line.startswith(("event: ", "data: "))]
        for event, data in pairwise(lines):
            if event.startswith("event: "):
                yield json.loads(data.removeprefix("data: "))["type"] == event.removeprefix("event: ")


@fact("5.1.3")
def _() -> Iterator[bool]:
    for one in answers(endpoint="responses", is_sse=True):
        for data in one.chunks:
            if "obfuscation" in data:
                yield (len(data["delta"]) + len(data["obfuscation"])) % 16 == 0


def day(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d")


@cache
def responses(*, is_sse: bool | None = None, since: str = "2025-09-01", provider: str = "openai") -> list[Any]:
    """The good answers of Responses in all shared recordings since a day: exchange, events or none, and response."""
    found = []
    for one in (*recorded(), *recorded_in("recordings-apis.jsonl")):
        if (one.provider, one.endpoint, one.status) == (provider, "responses", 200) and is_sse in (None, one.is_sse):
            told = one.chunks if one.is_sse else []
            body = told[-1].get("response", {}) if told else {} if one.is_sse else one.body
            if body.get("created_at") and day(body["created_at"]) >= since and body["model"] != RENAMED:
                found.append((one, told, body))
    return found


RENAMED = "gpt-5.4-2025-04-14"  # a model that there never was, in two recordings that somebody edited
KEYS = [
    "id",
    "object",
    "created_at",
    "status",
    "background",
    "billing",
    "completed_at",
    "error",
    "frequency_penalty",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "moderation",
    "output",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "usage",
    "user",
    "metadata",
]


@fact("5.1.4")
def _() -> Iterator[bool]:
    for _, told, _ in responses(is_sse=True, since="2026-01-21"):
        yield all(list(one) == ["type", *sorted(one.keys() - {"type"})] for one in told)


@fact("5.1.5")
def _() -> Iterator[bool]:
    for _, told, _ in responses(is_sse=True):
        yield [one["sequence_number"] for one in told] == list(range(len(told)))


@fact("5.1.6")
def _() -> Iterator[bool]:
    for _, told, body in responses(is_sse=True, since="2026-01-21"):
        first, second = told[0]["response"], told[1]["response"]
        unknown = {"status": "in_progress", "output": [], "usage": None, "completed_at": None}
        asked = {**unknown, "service_tier": first["service_tier"], "tool_usage": first.get("tool_usage")}
        asked = {name: value for name, value in asked.items() if name in body}
        yield first == second == {**body, **asked} and list(first) == list(body)


@fact("5.1.7")
def _() -> Iterator[bool]:
    for _, told, body in responses(is_sse=True):
        calls = [one for one in body["output"] if one["type"] == "function_call" and len(one["arguments"]) > 2]
        for call in calls:
            deltas = [one for one in told if "arguments.delta" in one["type"] and one["item_id"] == call["id"]]
            yield (len(deltas) == 1) is (len(calls) > 1)


@fact("5.1.8")
def _() -> Iterator[bool]:
    for _, told, _ in responses(is_sse=True):
        said = ""
        for one in told:
            if one["type"] == "response.output_text.delta":
                said += one["delta"]
            elif one["type"] == "response.output_text.annotation.added":
                yield one["annotation"]["end_index"] <= len(said)


@fact("5.2.1")
def _() -> Iterator[bool]:
    for _, _, body in responses():
        ids = [one["id"].partition("_")[2] for one in (body, *body["output"])]
        yield all(re.fullmatch(r"0[0-9a-f]{15}0[01][0-9a-f]{12}81[9a][0-9a-f]{17}", one) for one in ids)


@fact("5.2.2")
def _() -> Iterator[bool]:
    for _, _, body in responses():
        own = body["id"].partition("_")[2]
        shared = [one["id"].partition("_")[2] for one in body["output"]]
        is_shared = all((one[:18], one[30:34]) == (own[:18], own[30:34]) for one in shared)
        yield is_shared and abs(int(own[18:26] or "0", 16) - body["created_at"]) <= 1


@fact("5.3.1")
def _() -> Iterator[bool]:
    for one, _, body in responses(since="2026-07-01"):
        yield list(body) == [name for name in KEYS if name != "billing" or not one.is_sse]


@fact("5.3.2")
def _() -> Iterator[bool]:
    for one, _, _ in responses(is_sse=False):
        if one.fidelity == "raw":
            yield one.text.startswith('{\n  "id"') and one.text.endswith("\n}")


@fact("5.3.3")
def _() -> Iterator[bool]:
    for one, _, body in responses(since="2026-04-01"):
        if one.request.get("top_p") is None:
            yield body["top_p"] == (0.98 if re.match(r"gpt-5\.[45]", body["model"]) else 1.0)


@fact("5.3.4")
def _() -> Iterator[bool]:
    for one, _, body in responses(since="2026-01-21"):
        if (one.request.get("reasoning") or {}).get("effort") is None:
            name = body["model"]
            usual = "none" if re.match(r"gpt-5\.[1-4]", name) else "medium" if re.match(r"gpt-5|o\d", name) else None
            yield body["reasoning"]["effort"] == usual


@fact("5.3.5")
def _() -> Iterator[bool]:
    for one, _, body in responses():
        for given, echoed in zip(one.request.get("tools") or [], body["tools"], strict=True):
            known = {name: value for name, value in given.items() if name != "parameters"}
            is_by_name = list(echoed) == ["type", *sorted(echoed.keys() - {"type"})]
            yield (
                is_by_name
                and {**echoed, **known} == echoed
                and echoed.get("strict", True) in (True, given.get("strict"))
            )


@fact("5.4.1")
def _() -> Iterator[bool]:
    for _, _, body in responses():
        for item in body["output"]:
            first = [name for name in ("id", "type", "status") if name in item]
            yield list(item) == [*first, *sorted(item.keys() - set(first))]


@fact("5.4.2")
def _() -> Iterator[bool]:
    for _, _, body in responses(since="2026-04-01"):
        for item in body["output"]:
            if item["type"] == "message":
                is_newest = re.match(r"gpt-5\.[4-9]", body["model"]) is not None
                yield item.get("phase") == ("final_answer" if is_newest else None)


@fact("5.4.3")
def _() -> Iterator[bool]:
    for one, _, body in responses():
        for item in body["output"]:
            if item["type"] == "reasoning":
                asked = "reasoning.encrypted_content" in (one.request.get("include") or [])
                yield ("encrypted_content" in item) is asked


@fact("5.4.4")
def _() -> Iterator[bool]:
    for provider in ("openai", "azure"):
        for _, _, body in responses(since="2026-06-24", provider=provider):
            for item in body["output"]:
                if item["type"] == "reasoning":
                    yield item.get("content") == ([] if provider == "openai" else None)


@fact("5.4.5")
def _() -> Iterator[bool]:
    for _, told, body in responses(is_sse=True):
        for item in body["output"]:
            if item["type"] == "web_search_call":
                names = [one["type"].rpartition(".")[2] for one in told if one.get("item_id") == item["id"]]
                yield names == ["in_progress", "searching", "completed"]


@fact("5.6.1")
def _() -> Iterator[bool]:
    for one, _, body in responses(provider="azure", since="2026-01-01"):
        sources = [found["source_type"] for found in body["content_filters"]]
        is_answered = one.request["input"][-1].get("type") == "function_call_output"
        yield sources == (["completion"] if is_answered else ["prompt", "completion"])


@fact("5.6.2")
def _() -> Iterator[bool]:
    for one, _, body in responses(provider="azure"):
        yield (
            body["model"] == one.request["model"] and "billing" not in body and body["reasoning"].get("context") is None
        )


@fact("6.1.1")
def _() -> Iterator[bool]:
    for one in answers("anthropic", "messages", is_sse=True):
        yield one.text.startswith("event: message_start\n") and "[DONE]" not in one.text


def messages(*, is_sse: bool | None = None, since: str = "2025-09") -> list[Exchange]:
    """Anthropic's answers since a month; those without a date are of 2026-03 (tests/test_anthropic_conformance.py)."""
    found = [one for one in anthropic_answers() if anthropic_month(one) >= since]
    return [one for one in found if is_sse in (None, one.is_sse)]


def told(exchange: Exchange) -> list[Any]:
    """What a message is told in: its events, or itself."""
    return exchange.chunks if exchange.is_sse else [exchange.body]


def blocks(exchange: Exchange) -> list[Any]:
    """The blocks of a message, as they begin in a stream."""
    if not exchange.is_sse:
        return list(exchange.body["content"])
    return [event["content_block"] for event in exchange.chunks if event["type"] == "content_block_start"]


def named(exchange: Exchange) -> Any:
    """The message itself, of a stream as it begins."""
    return exchange.chunks[0]["message"] if exchange.is_sse else exchange.body


@fact("6.2.1")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        names = [event["type"] for event in one.chunks]
        yield (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])


@fact("6.2.2")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        for line, data in zip(one.chunks, one.data, strict=True):
            yield data == '{"type": "ping"}' if line["type"] == "ping" else bool(re.search(r"[^ ] {0,15}\}$", data))


@fact("6.2.3")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True, since="2026-02"):
        yield [n for n, event in enumerate(one.chunks) if event["type"] == "ping"] == [2]


@fact("6.2.4")
def _() -> Iterator[bool]:
    known = ["model", "id", "type", "role", "content", "stop_reason", "stop_sequence", "stop_details", "usage"]
    for one in messages():
        yield list(named(one)) == [
            name for name in known if name != "stop_details" or anthropic_month(one) >= "2026-04"
        ]


@fact("6.2.5")
def _() -> Iterator[bool]:
    for one in messages():
        ids = [named(one)["id"], *(block["id"] for block in blocks(one) if "id" in block)]
        yield from (
            re.fullmatch(r"(msg|toolu|srvtoolu)_01[1-9A-Y][1-9A-HJ-NP-Za-km-z]{21}", name) is not None for name in ids
        )


@fact("6.2.6")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        for before, event in pairwise(event for event in one.chunks if event["type"] != "ping"):
            if before["type"] == "content_block_start" and before["content_block"]["type"].endswith("tool_use"):
                yield event.get("delta") == {"type": "input_json_delta", "partial_json": ""}


@fact("6.2.7")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        for index, block in enumerate(blocks(one)):
            deltas = [event["delta"] for event in one.chunks if event.get("index") == index and "delta" in event]
            given = "".join(delta.get("partial_json", "") for delta in deltas)
            if block["type"].endswith("tool_use") and given:
                yield given == json.dumps(json.loads(given), ensure_ascii=False)


@fact("6.2.8")
def _() -> Iterator[bool]:
    for one in messages(since="2026-02"):
        for block in blocks(one):
            if block["type"] in {"tool_use", "server_tool_use", "web_search_tool_result"}:
                yield block["caller"] == {"type": "direct"} and list(block)[-1] == "caller"


@fact("6.2.9")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        for index, block in enumerate(blocks(one)):
            if "citations" in block:
                deltas = [
                    event["delta"]["type"] for event in one.chunks if event.get("index") == index and "delta" in event
                ]
                yield list(block) == ["citations", "type", "text"] and deltas == sorted(deltas)


@fact("6.2.10")
def _() -> Iterator[bool]:
    for one in messages(is_sse=False):
        yield one.text == json.dumps(one.body, ensure_ascii=False, separators=(",", ":"))


@fact("6.2.11")
def _() -> Iterator[bool]:
    for one in messages(is_sse=True):
        deltas = [event["delta"] for event in one.chunks if event["type"] == "content_block_delta"]
        yield from (len(delta["text"]) <= 26 for delta in deltas if delta["type"] == "text_delta")


@fact("6.3.1")
def _() -> Iterator[bool]:
    limits = {f"anthropic-ratelimit-{unit}-{what}" for unit in UNITS for what in ("limit", "remaining", "reset")}
    for one in messages():
        if len(headers(one)) > 5:
            yield limits <= headers(one).keys()


@fact("6.3.2")
def _() -> Iterator[bool]:
    for one in messages():
        if len(headers(one)) > 5:
            found = headers(one)
            yield found["content-type"] == ("text/event-stream; charset=utf-8" if one.is_sse else "application/json")


@fact("6.3.3")
def _() -> Iterator[bool]:
    digits = DIGITS.translate(str.maketrans("", "", "0OIl"))  # base 58
    for one in [*recorded(), *recorded_in("recordings-apis.jsonl")]:
        told = {name.lower(): value for name, value in one.headers}
        found = re.fullmatch(r"req_01(\w{22})", told.get("request-id", ""))
        if found is not None and parsedate_to_datetime(told["date"]).timestamp() > PADDED_SINCE:
            number = 0
            for letter in found[1]:
                number = number * len(digits) + digits.index(letter)
            came = (number >> 80) / 1000
            is_near = abs(parsedate_to_datetime(told["date"]).timestamp() - came) <= 5
            yield is_near and (number >> 76 & 15, number >> 62 & 3) == (7, 2)


@fact("6.5.1")
def _() -> Iterator[bool]:
    known = [
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "output_tokens",
    ]
    for one in messages():
        place = ["inference_geo"] if anthropic_month(one) >= "2026-02" else []
        yield [name for name in named(one)["usage"] if name != "server_tool_use"] == [*known, "service_tier", *place]


@fact("6.5.2")
def _() -> Iterator[bool]:
    for one in messages(since="2026-02"):
        is_new = "-4-6" in named(one)["model"]
        yield named(one)["usage"]["inference_geo"] == ("global" if is_new else "not_available")


@fact("6.5.3")
def _() -> Iterator[bool]:
    known = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"]
    for one in messages(is_sse=True):
        last = next(event["usage"] for event in one.chunks if event["type"] == "message_delta")
        yield list(last)[:4] == known and last.keys() - known <= {"server_tool_use"}


@fact("6.5.4")
def _() -> Iterator[bool]:
    for one in messages():
        called = [block["name"] for block in blocks(one) if block["type"] == "server_tool_use"]
        counted = [event["usage"].get("server_tool_use") for event in told(one) if "usage" in event]
        if called or any(counted):
            yield counted[-1].get("web_search_requests", 0) == called.count("web_search")


@fact("6.1.2")
def _() -> Iterator[bool]:
    for provider in ("gemini", "vertex"):
        for one in answers(provider, "gemini.streamGenerateContent", is_sse=True):
            yield "\r\n\r\n" in one.text and "event:" not in one.text and "[DONE]" not in one.text


@fact("7.1.1")
def _() -> Iterator[bool]:
    for one in recorded():
        if one.is_sse and one.endpoint == "chat.completions" and '"provider":' in one.text:
            counted = [chunk for chunk in one.chunks if chunk.get("usage")]
            yield all(chunk["choices"] for chunk in counted)


@fact("8.0.1")
def _() -> Iterator[bool]:
    groups: dict[str, list[str]] = {}
    for one in recorded():
        if one.endpoint == "chat.completions" and one.status == 200:
            groups.setdefault(one.name + json.dumps(one.request, sort_keys=True), []).append(one.text)
    yield from (len(set(texts)) > 1 for texts in groups.values() if len(texts) > 1)


@fact("8.1.1")
def _() -> Iterator[bool]:
    for one in recorded():
        names = set(headers(one))
        if {"content-length", "transfer-encoding"} & names:
            yield {"content-length", "transfer-encoding"} <= names


def embeddings() -> list[Exchange]:
    return answers(endpoint="embeddings", is_sse=False)


@fact("9.1.1")
def _() -> Iterator[bool]:
    yield from (list(one.body) == ["object", "data", "model", "usage"] for one in embeddings())


@fact("9.1.2")
def _() -> Iterator[bool]:
    for one in embeddings():
        wants_text = one.request.get("encoding_format") == "base64"
        yield from (isinstance(item["embedding"], str) == wants_text for item in one.body["data"])


@fact("9.1.3")
def _() -> Iterator[bool]:
    for one in embeddings():
        if len(headers(one)) >= 6:
            yield headers(one).get("openai-model") == one.body["model"]


def gemini(*, is_sse: bool | None = None, provider: str = "") -> list[Exchange]:
    """The good answers of Gemini, of both APIs or of one."""
    return [
        one
        for one in recorded_in("recordings-apis.jsonl")
        if one.endpoint.startswith("gemini.") and one.status == 200 and is_sse in (None, one.is_sse)
        and provider in ("", one.provider)
    ]  # fmt: skip


def candidates_of(exchange: Exchange) -> list[Any]:
    return [one for chunk in told(exchange) for one in chunk["candidates"]]


def parts_of(exchange: Exchange) -> list[Any]:
    return [part for one in candidates_of(exchange) for part in (one["content"] or {}).get("parts") or []]


def version_of(exchange: Exchange) -> tuple[int, int]:
    found = re.search(r"gemini-(\d+)(?:\.(\d+))?-", exchange.url)
    assert found is not None
    return int(found[1]), int(found[2] or 0)


def event_id(text: str) -> tuple[int, list[int]]:
    """The seconds that an id tells, and the numbers behind them."""
    content = base64.urlsafe_b64decode(text + "===")
    numbers, number, shift = [], 0, 0
    for byte in content[4:]:
        number, shift = number | (byte & 127) << shift, shift + 7
        if byte < 128:
            numbers.append(number)
            number = shift = 0
    return int.from_bytes(content[:4], "little"), numbers if not shift else []


@fact("10.1.1")
def _() -> Iterator[bool]:
    for one in gemini(is_sse=False):
        without_floats = re.sub(r"-?\d+\.\d+(e-\d+)?", "0", one.text)
        value = json.loads(without_floats)
        written = json.dumps(value, indent=2, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
        yield written + "\n" == without_floats


@fact("10.1.2")
def _() -> Iterator[bool]:
    for one in gemini(is_sse=True):
        yield re.fullmatch(r"(?:data: \{.*\}\r\n\r\n)+", one.text) is not None


@fact("10.1.3")
def _() -> Iterator[bool]:
    for one in gemini():
        said_in = json.dumps(told(one), ensure_ascii=False)
        if "<" in said_in or ">" in said_in:
            yield "<" not in one.text and ">" not in one.text and "\\u003" in one.text


@fact("10.1.4")
def _() -> Iterator[bool]:
    names = {"content-type", "vary", "date", "server", "x-xss-protection", "x-frame-options", "x-content-type-options"}
    for one in gemini(provider="gemini"):
        if len(one.headers) > 5:
            known = headers(one)
            yield names | {"server-timing", "alt-svc"} <= set(known) and ("content-disposition" in known) == one.is_sse


@fact("10.2.1")
def _() -> Iterator[bool]:
    for one in gemini():
        made = ["createTime"] if one.provider == "vertex" else []
        for chunk in told(one):
            yield list(chunk) == ["candidates", "usageMetadata", "modelVersion", *made, "responseId"]


@fact("10.2.2")
def _() -> Iterator[bool]:
    for one in gemini():
        order = ["role", "parts"] if one.provider == "vertex" else ["parts", "role"]
        yield from (list(found["content"]) == order for found in candidates_of(one) if found["content"])


@fact("10.2.3")
def _() -> Iterator[bool]:
    for one in gemini():
        numbers = one.provider == "gemini" and version_of(one) >= (2, 5)
        yield from (("index" in found) == numbers for found in candidates_of(one))


@fact("10.2.4")
def _() -> Iterator[bool]:
    for one in gemini():
        for chunk in told(one)[:-1]:
            counted = list(chunk["usageMetadata"])
            yield counted == ["trafficType"] if one.provider == "vertex" else "promptTokenCount" in counted


@fact("10.2.5")
def _() -> Iterator[bool]:
    names = ("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    for one in gemini():
        usage = told(one)[-1]["usageMetadata"]
        yield usage["totalTokenCount"] == sum(usage.get(name, 0) for name in names)


@fact("10.2.6")
def _() -> Iterator[bool]:
    for one in gemini(is_sse=True):
        last = candidates_of(one)[-1]["content"]["parts"][-1]
        yield (last.get("text") == "") == (version_of(one) >= (3, 0))


@fact("10.2.7")
def _() -> Iterator[bool]:
    for one in gemini():
        calls = [part for part in parts_of(one) if "functionCall" in part]
        if calls and "thoughtsTokenCount" in told(one)[-1]["usageMetadata"] and event_id(told(one)[0]["responseId"])[0] >= SIGNED_SINCE:  # fmt: skip
            yield ["thoughtSignature" in part for part in calls] == [True] + [False] * (len(calls) - 1)


@fact("10.2.8")
def _() -> Iterator[bool]:
    for one in gemini():
        for part in parts_of(one):
            if "functionCall" in part:
                names = one.provider == "gemini" and version_of(one) >= (3, 0)
                call = part["functionCall"]
                yield isinstance(call["args"], dict) and bool(re.fullmatch("[a-z0-9]{8}", call.get("id", ""))) == names


@fact("10.2.9")
def _() -> Iterator[bool]:
    for one in gemini(provider="gemini"):
        last = candidates_of(one)[-1]
        parts = last["content"]["parts"]
        if "functionCall" in parts[-1] and version_of(one) >= (2, 5):
            yield last.get("finishMessage") == "Model generated function call(s)."


@fact("10.2.10")
def _() -> Iterator[bool]:
    for one in gemini(is_sse=False):
        is_old = version_of(one) < (2, 5) or one.provider == "vertex"
        yield ("avgLogprobs" in candidates_of(one)[0]) == is_old


@fact("10.3.1")
def _() -> Iterator[bool]:
    for one in gemini():
        _, numbers = event_id(told(one)[0]["responseId"])
        yield len(numbers) == 3 and numbers[0] < 1_000_000


@fact("10.3.2")
def _() -> Iterator[bool]:
    for one in gemini(provider="vertex"):
        for chunk in told(one):
            seconds, numbers = event_id(chunk["responseId"])
            moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            yield chunk["createTime"] == f"{moment}.{numbers[0]:06}Z"


def test_every_figure_has_its_count() -> None:
    """No figure is written down that nothing counts, and none is counted that is not written down."""
    assert {number for number, _, _ in COUNTED.findall(PAGE)} == set(FACTS)


@needs_recordings
def test_a_figure_is_as_counted() -> None:
    """The page says how often the fact holds, and of how many."""
    written = {key: (int(held.replace(",", "")), int(of.replace(",", ""))) for key, held, of in COUNTED.findall(PAGE)}
    found = {number: list(fact()) for number, fact in FACTS.items()}
    counted = {number: (sum(one), len(one)) for number, one in found.items()}
    assert {number: (written[number], one) for number, one in counted.items() if written[number] != one} == {}
