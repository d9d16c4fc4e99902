"""How a response echoes the tools of its request: type first, then by name, with what the API adds.

Knows: docs/wire.md 5.3, the tools' JSON (OpenAI's reference). Must not know: how tools are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.openai.flavor import Flavor

SOMEWHERE = {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None}
ADDED: dict[str, Mapping[str, Any]] = {
    "function": {"description": None, "output_schema": None, "parameters": None, "strict": True},
    "custom": {"description": None, "format": {"type": "text"}},
    "web_search": {
        "return_token_budget": "default",
        "search_content_types": ["text"],
        "search_context_size": "medium",
        "user_location": SOMEWHERE,
    },
    "web_search_preview": {
        "search_content_types": ["text"],
        "search_context_size": "medium",
        "user_location": SOMEWHERE,
    },
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "mcp": {"allowed_tools": None, "headers": None, "require_approval": "always"},
}
"""What a tool is echoed with where the request does not say it."""
NEWEST = frozenset({"output_schema", "search_content_types"})
"""What Azure did not add when it was last recorded (2026-06)."""


def echoed(tool: Mapping[str, Any], flavor: Flavor) -> dict[str, Any]:
    """Write a tool as the response does; Azure adds less."""
    kind = text(tool.get("type"))
    added = {name: value for name, value in ADDED.get(kind, {}).items() if flavor != "azure" or name not in NEWEST}
    known = {**added, **{name: value for name, value in tool.items() if value is not None}}
    if kind == "function" and tool.get("strict") is None and is_object(tool.get("parameters")):
        known["parameters"] = _strict(tool["parameters"])
    return {"type": kind, **{name: known[name] for name in sorted(known) if name != "type"}}


def _strict(schema: Any) -> Any:
    """Say of each object in a schema that it has no other properties, as the API does unless it is told not to."""
    if is_array(schema):
        return [_strict(one) for one in items(schema)]
    if not is_object(schema):
        return schema
    told = {name: _strict(value) for name, value in mapping(schema).items()}
    if told.get("type") == "object" and "additionalProperties" not in told:
        told["additionalProperties"] = False
    return told
