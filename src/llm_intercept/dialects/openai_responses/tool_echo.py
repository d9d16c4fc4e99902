"""How a response echoes the tools of its request: type first, then by name, with what the API adds.

Knows: docs/wire.md 5.3, the tools' JSON (OpenAI's reference). Must not know: how tools are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def echoed(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Write a tool as the response does."""
    kind = text(tool.get("type"))
    known = {**ADDED.get(kind, {}), **{name: value for name, value in tool.items() if value is not None}}
    if kind == "function" and tool.get("strict") is None and is_object(tool.get("parameters")):
        known["parameters"] = _strict(tool["parameters"])
    return {"type": kind, **{name: known[name] for name in sorted(known) if name != "type"}}


def _strict(schema: Any) -> Any:
    """Say of each object in a schema that it has no other properties, as the API does unless it is told not to."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not is_object(schema):
        return schema
    told = {name: _strict(value) for name, value in mapping(schema).items()}
    if told.get("type") == "object" and "additionalProperties" not in told:
        told["additionalProperties"] = False
    return told
