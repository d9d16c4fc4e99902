"""What chat completions refuse of a request's tools, in OpenAI's words: one without a name, a choice of none offered.

Knows: the request's JSON (OpenAI's reference, "Create chat completion"). Must not know: replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.dialects.openai.refusals import empty, missing, refused, wrong_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMED = ("function", "custom")
ONLY_WITH_TOOLS = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."


def check_tools(body: Mapping[str, Any]) -> None:
    """Refuse tools that cannot be called, and a choice that cannot be made.

    Raises:
        BadRequestError: OpenAI would refuse them.

    """
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None and not is_array(tools):
        raise wrong_type("tools", "an array of objects", tools)
    for number, tool in enumerate(items(tools)):
        _check_named(f"tools[{number}]", tool)
    if choice is None or choice in ("auto", "none"):
        return
    if is_object(choice) and mapping(choice).get("type") in NAMED:
        _check_named("tool_choice", choice)
        if _name(mapping(choice)) not in set(_names(items(tools))):
            kind = mapping(choice)["type"]
            raise refused(
                f"Tool choice '{kind}' not found in 'tools' parameter." if tools else ONLY_WITH_TOOLS, "tool_choice"
            )
    if not tools and choice in ("required", "any"):
        raise refused(ONLY_WITH_TOOLS, "tool_choice")


def _check_named(where: str, tool: Any) -> None:
    """Refuse a tool of a kind that has a name, and has none; other kinds are those of other hosts."""
    if not is_object(tool):
        raise wrong_type(where, "an object", tool)
    known = mapping(tool)
    kind = known.get("type", "function")
    if kind not in NAMED:
        return
    described = known.get(kind)
    if described is None:
        raise missing(f"{where}.{kind}")
    if not is_object(described):
        raise wrong_type(f"{where}.{kind}", "an object", described)
    name, place = mapping(described).get("name"), f"{where}.{kind}.name"
    if name is None:
        raise missing(place)
    if not isinstance(name, str):
        raise wrong_type(place, "a string", name)
    if not name:
        raise empty(place)


def _names(tools: list[Any]) -> Iterator[Any]:
    return (_name(mapping(tool)) for tool in tools)


def _name(tool: Mapping[str, Any]) -> Any:
    """Read a tool's name, wherever the kinds of tools have it."""
    kind = tool.get("type", "function")
    described = tool.get(kind) if isinstance(kind, str) else None
    name = mapping(described or tool.get("function")).get("name")
    return name if isinstance(name, str) else None
