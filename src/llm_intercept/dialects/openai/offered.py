"""What OpenAI refuses of a request's tools, in its words: one without a name, a choice of none offered.

Knows: the tools of a request's JSON: chat completions describe a tool in a field of its kind's name (`nested`),
Responses beside its type. Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.dialects.openai.refusals import empty, missing, refused, wrong_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMED = ("function", "custom")
ONLY_WITH_TOOLS = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."


def check_tools(body: Mapping[str, Any], *, nested: bool, others: Sequence[Mapping[str, Any]] = ()) -> None:
    """Refuse tools that cannot be called, and a choice that cannot be made.

    Args:
        body: The request's body.
        nested: Whether what describes a tool stands in a field of its kind's name.
        others: Tools that are offered elsewhere.

    Raises:
        BadRequestError: OpenAI would refuse them.

    """
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None and not is_array(tools):
        raise wrong_type("tools", "an array of objects", tools)
    for number, tool in enumerate(items(tools)):
        _check_named(f"tools[{number}]", tool, nested=nested)
    if choice is None or choice in ("auto", "none"):
        return
    if is_object(choice) and mapping(choice).get("type") in NAMED:
        _check_named("tool_choice", choice, nested=nested)
        if _name(mapping(choice), nested=nested) not in {
            _name(mapping(tool), nested=nested) for tool in (*items(tools), *others)
        }:
            kind = mapping(choice)["type"]
            raise refused(
                f"Tool choice '{kind}' not found in 'tools' parameter." if tools else ONLY_WITH_TOOLS, "tool_choice"
            )
    if not (tools or others) and choice in ("required", "any"):
        raise refused(ONLY_WITH_TOOLS, "tool_choice")


def _check_named(where: str, tool: Any, *, nested: bool) -> None:
    """Refuse a tool of a kind that has a name, and has none; other kinds have none, or are those of other hosts."""
    if not is_object(tool):
        raise wrong_type(where, "an object", tool)
    known = mapping(tool)
    kind = known.get("type", "function" if nested else None)
    if kind is None and not nested:
        raise missing(f"{where}.type")
    if kind not in NAMED:
        return
    if nested and known.get(kind) is None:
        raise missing(f"{where}.{kind}")
    if nested and not is_object(known[kind]):
        raise wrong_type(f"{where}.{kind}", "an object", known[kind])
    place = f"{where}.{kind}.name" if nested else f"{where}.name"
    name = mapping(known[kind] if nested else known).get("name")
    if name is None:
        raise missing(place)
    if not isinstance(name, str):
        raise wrong_type(place, "a string", name)
    if not name:
        raise empty(place)


def _name(tool: Mapping[str, Any], *, nested: bool) -> str | None:
    """Read a tool's name, wherever the kinds of tools have it."""
    kind = tool.get("type", "function")
    described = tool.get(kind) or tool.get("function") if nested and isinstance(kind, str) else tool
    name = mapping(described).get("name")
    return name if isinstance(name, str) else None
