"""The response around the items: what it echoes of the request, with the API's defaults, and how it ends.

Knows: the keys in today's order, and what they are by default (docs/wire.md 5.3). Must not know: items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, text
from llm_intercept.dialects.openai.flavor import flavor_of
from llm_intercept.dialects.openai.models import answering_model
from llm_intercept.dialects.openai.tiers import answering_tier
from llm_intercept.dialects.openai_responses.families import family
from llm_intercept.dialects.openai_responses.item_ids import response_id
from llm_intercept.dialects.openai_responses.tool_echo import echoed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.openai.flavor import Flavor
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest

NO_TOOL_USAGE = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 0},
}
BILLED = {"payer": "developer"}
SAFE = {"filtered": False, "severity": "safe"}
CLEAN = {"detected": False, "filtered": False}
HARMS = {"hate": SAFE, "sexual": SAFE, "violence": SAFE, "self_harm": SAFE}
FILTERED = (
    ("prompt", {**HARMS, "jailbreak": CLEAN}),
    ("completion", {"protected_material_code": CLEAN, "protected_material_text": CLEAN, **HARMS}),
)
ECHOED_SUMMARY = {"auto": "detailed"}
NOT_YET_KNOWN: dict[str, Any] = {"completed_at": None, "content_filters": None, "output": [], "usage": None}
"""What a response has that just began, of these as far as it has them."""


def model_of(request: LLMRequest) -> str:
    """Name the model as the response does; Azure names its deployment."""
    return answering_model(request.model, dated=flavor_of(request.url) == "openai")


def response(request: LLMRequest, model: str, identity: Identity) -> dict[str, Any]:
    """Make the response to a request, complete but for its items and usage."""
    asked, flavor = request.raw, flavor_of(request.url)
    body = {**_begun(request, identity, flavor), **_asked_of_the_model(asked, model, flavor)}
    if flavor != "azure":
        body["tool_usage"] = NO_TOOL_USAGE
    body |= _asked_at_the_end(asked, model, flavor)
    if asked.get("prompt") is not None:
        body["prompt"] = asked["prompt"]
    if asked.get("conversation") is not None:
        named = asked["conversation"]
        body["conversation"] = {"id": mapping(named).get("id") if is_object(named) else named}
    return body


def _begun(request: LLMRequest, identity: Identity, flavor: Flavor) -> dict[str, Any]:
    """Say which response it is, and how it went."""
    made = identity.second
    body: dict[str, Any] = {
        "id": response_id(identity, made),
        "object": "response",
        "created_at": made,
        "status": "completed",
        "background": request.raw.get("background") is True,
    }
    if flavor != "azure":
        body["billing"] = BILLED
    body["completed_at"] = made + 1
    if flavor == "azure":
        body["content_filters"] = _filters(request)
    return {**body, "error": None}


def _asked_of_the_model(asked: Mapping[str, Any], model: str, flavor: Flavor) -> dict[str, Any]:
    """Echo what the request asks, from the frequency penalty to the choice of tools."""
    known = family(model)
    return {
        "frequency_penalty": _given(asked, "frequency_penalty", 0.0),
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "max_tool_calls": asked.get("max_tool_calls"),
        "model": model,
        "moderation": None,
        "output": [],
        "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
        "presence_penalty": _given(asked, "presence_penalty", 0.0),
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": asked.get("prompt_cache_key"),
        "prompt_cache_retention": _given(asked, "prompt_cache_retention", known.retention),
        "reasoning": _reasoning(mapping(asked.get("reasoning")), known.effort, flavor),
        "safety_identifier": asked.get("safety_identifier"),
        "service_tier": answering_tier(asked),
        "store": asked.get("store") is not False,
        "temperature": _given(asked, "temperature", 1.0),
        "text": _text(mapping(asked.get("text"))),
        "tool_choice": _given(asked, "tool_choice", "auto"),
    }


def _asked_at_the_end(asked: Mapping[str, Any], model: str, flavor: Flavor) -> dict[str, Any]:
    """Echo the rest, from the tools on."""
    return {
        "tools": [echoed(mapping(tool), flavor) for tool in items(asked.get("tools"))],
        "top_logprobs": _given(asked, "top_logprobs", 0),
        "top_p": _given(asked, "top_p", family(model).top_p),
        "truncation": _given(asked, "truncation", "disabled"),
        "usage": None,
        "user": asked.get("user"),
        "metadata": dict(mapping(asked.get("metadata"))),
    }


def in_stream(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what streams do not tell of a response."""
    return {name: value for name, value in body.items() if name != "billing"}


def just_begun(body: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Write a response as it is when it begins."""
    unknown: dict[str, Any] = {name: value for name, value in NOT_YET_KNOWN.items() if name in body}
    if "service_tier" in body:
        unknown["service_tier"] = asked.get("service_tier") or "auto"
    return {**body, "status": "in_progress", **unknown, "error": None, "incomplete_details": None}


def ended(body: Mapping[str, Any], output: list[Any], usage: Mapping[str, Any], why: str | None) -> dict[str, Any]:
    """Write a response as it ends: complete, or incomplete for a reason."""
    told: dict[str, Any] = {"output": output, "usage": usage}
    if "tool_usage" in body:
        searches = sum(mapping(item.get("action")).get("type") == "search" for item in map(mapping, output))
        told["tool_usage"] = {**body["tool_usage"], "web_search": {"num_requests": searches}}
    if why is not None:
        told |= {"status": "incomplete", "completed_at": None, "incomplete_details": {"reason": why}}
    return {**body, **told}


def _given(asked: Mapping[str, Any], name: str, usual: Any) -> Any:
    value = asked.get(name)
    return usual if value is None else value


def _reasoning(asked: Mapping[str, Any], effort: str | None, flavor: Flavor) -> dict[str, Any]:
    summary = asked.get("summary")
    is_thinking = effort is not None
    told: dict[str, Any] = {"context": "current_turn" if is_thinking and flavor != "azure" else None}
    told["effort"] = asked.get("effort") or effort
    if is_thinking and flavor != "azure":
        told["mode"] = asked.get("mode") or "standard"
    return {**told, "summary": ECHOED_SUMMARY.get(summary, summary) if isinstance(summary, str) else None}


def _text(asked: Mapping[str, Any]) -> dict[str, Any]:
    wanted = mapping(asked.get("format"))
    form: dict[str, Any] = {"type": text(wanted.get("type")) or "text"}
    if form["type"] == "json_schema":
        form |= {name: wanted.get(name) for name in ("description", "name", "schema")}
        form["strict"] = wanted.get("strict") is not False  # 16 of 16 recorded requests that do not say it
    return {"format": form, "verbosity": asked.get("verbosity") or "medium"}


def _filters(request: LLMRequest) -> list[Any]:
    """Write what Azure filters: the prompt, unless it ends in a tool's answer, and the completion."""
    last = request.messages[-1].role if request.messages else ""
    offsets = {"start_offset": 0, "end_offset": 0, "check_offset": 0}
    return [
        {
            "blocked": False,
            "source_type": source,
            "content_filter_raw": [],
            "content_filter_results": found,
            "content_filter_offsets": offsets,
        }
        for source, found in FILTERED
        if source != "prompt" or last != "tool"
    ]
