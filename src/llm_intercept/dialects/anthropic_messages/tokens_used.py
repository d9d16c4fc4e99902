"""What a message cost, as Messages report it.

Knows: the keys (docs/wire.md 6.5). Must not know: what frames the numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.anthropic.origin import place_of
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_intercept.model.request import LLMRequest

CALLED = {"web_search": "web_search_requests", "web_fetch": "web_fetch_requests"}
UNTOLD = re.compile(r"claude-(?:[23]|instant|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|[@-]latest|@\d{8}|$))")
"""Models that do not tell where they ran (docs/wire.md 6.5)."""
WRITTEN, READ = "cache_creation_input_tokens", "cache_read_input_tokens"
IN_DELTA = ("input_tokens", WRITTEN, READ, "output_tokens")
"""What is told again when a stream ends."""
API = "anthropic.messages"
NAMES = frozenset(
    {*IN_DELTA, "cache_creation", "service_tier", "inference_geo", "server_tool_use", "output_tokens_details"}
)


def usage_json(used: Usage, model: str, request: LLMRequest, content: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Write usage with the keys of today's traffic.

    Args:
        used: The tokens.
        model: Which model was asked.
        request: The request; Bedrock says less of where it ran.
        content: What was said, of which calls that the API itself made are counted.

    """
    reported = used.told_by(API)
    if reported is not None:
        return reported
    written, read = used.cache_write_tokens, used.cache_read_tokens
    told: dict[str, Any] = {
        "input_tokens": max(0, used.input_tokens - written - read),
        WRITTEN: written,
        READ: read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": used.output_tokens,
    }
    if place_of(request.url) != "bedrock":
        told["service_tier"] = "standard"
        told["inference_geo"] = "not_available" if UNTOLD.match(model) else _geography(request)
    called = [text(block.get("name")) for block in content if block.get("type") == "server_tool_use"]
    if called:
        told["server_tool_use"] = {key: called.count(name) for name, key in CALLED.items()}
    if used.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": used.reasoning_tokens}
    return told


def _geography(request: LLMRequest) -> str:
    return text(request.raw.get("inference_geo")) or "global"


def at_first(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Write usage as it is when a stream begins."""
    known = {name: value for name, value in usage.items() if name not in {"server_tool_use", "output_tokens_details"}}
    return {**known, "output_tokens": min(1, number(usage.get("output_tokens")))}


def at_last(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is told of usage when a stream ends."""
    names = (*IN_DELTA, *(name for name in ("server_tool_use", "output_tokens_details") if name in usage))
    return {name: usage[name] for name in names if name in usage}


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports: of a stream what its begin and its end say; None if nobody says any."""
    found: dict[str, Any] = {}
    for value in map(mapping, values):
        for said in (value.get("usage"), mapping(value.get("message")).get("usage")):
            found |= {name: one for name, one in mapping(said).items() if one is not None}
    if not found:
        return None
    written, read = number(found.get(WRITTEN)), number(found.get(READ))
    return Usage(
        input_tokens=number(found.get("input_tokens")) + written + read,
        output_tokens=number(found.get("output_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=number(mapping(found.get("output_tokens_details")).get("thinking_tokens")),
    )


def number(value: object) -> int:
    """Read a number of tokens; 0 where it is none."""
    return value if is_int(value, 0) else 0
