"""The kinds of output items: what each has at least, what it shows when it begins, and the events of its own.

Knows: the items' JSON (OpenAI's reference, "The response object", "Streaming events"; docs/wire.md 5.4). Must not know:
replies, how events are framed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, plain, text
from llm_intercept.dialects.shared.hashed_ids import derived, letters

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL_ID = 24


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of items.

    Attributes:
        prefix: What its ids begin with.
        least: The fields that each has, and what they are where nobody says it.
        begun: What its fields are when it begins, before anything of it is known.
        steps: The events of its own that say how far it is.
        given: The field whose text is told in pieces, and what its events are called.
        has_status: Whether it says how far it is.
        is_called: Whether a client answers it, so that it has the id of a call.

    """

    prefix: str
    least: Mapping[str, Any] = field(default_factory=dict[str, Any])
    begun: Mapping[str, Any] = field(default_factory=dict[str, Any])
    steps: tuple[str, ...] = ()
    given: tuple[str, str] | None = None
    has_status: bool = True
    is_called: bool = False


SEARCHED = ("in_progress", "searching", "completed")
RAN = ("in_progress", "completed")
NO_SCREENSHOT = {"type": "screenshot"}
KINDS = {
    "message": Kind("msg", {"content": [], "role": "assistant"}, {"content": []}),
    "reasoning": Kind("rs", {"summary": []}, {"summary": []}, has_status=False),
    "function_call": Kind(
        "fc", {"arguments": "{}"}, {"arguments": ""}, given=("arguments", "function_call_arguments"), is_called=True
    ),
    "custom_tool_call": Kind(
        "ctc", {"input": ""}, {"input": ""}, given=("input", "custom_tool_call_input"), is_called=True
    ),
    "web_search_call": Kind(
        "ws", {"action": {"type": "search", "queries": [], "query": ""}}, {"action": {"type": "search"}}, SEARCHED
    ),
    "file_search_call": Kind("fs", {"queries": [], "results": None}, {"queries": [], "results": None}, SEARCHED),
    "code_interpreter_call": Kind(
        "ci",
        {"code": "", "container_id": "cntr_llm_intercept", "outputs": None},
        {"code": "", "outputs": None},
        ("in_progress", "interpreting", "completed"),
        given=("code", "code_interpreter_call_code"),
    ),
    "image_generation_call": Kind("ig", {"result": None}, {"result": None}, ("in_progress", "generating", "completed")),
    "mcp_call": Kind(
        "mcp",
        {"arguments": "{}", "error": None, "name": "", "output": None, "server_label": ""},
        {"arguments": "", "error": None, "output": None},
        RAN,
        given=("arguments", "mcp_call_arguments"),
    ),
    "mcp_list_tools": Kind("mcpl", {"server_label": "", "tools": []}, {"tools": []}, RAN, has_status=False),
    "mcp_approval_request": Kind("mcpr", {"arguments": "{}", "name": "", "server_label": ""}, has_status=False),
    "computer_call": Kind("cu", {"action": NO_SCREENSHOT, "pending_safety_checks": []}, is_called=True),
    "local_shell_call": Kind("lsh", {"action": {"type": "exec", "command": [], "env": {}}}, is_called=True),
    "shell_call": Kind(
        "sh",
        {"action": {"commands": [], "max_output_length": None, "timeout_ms": None}, "environment": None},
        is_called=True,
    ),
    "apply_patch_call": Kind("apc", is_called=True),
    "tool_search_call": Kind("tsc", {"arguments": {}, "call_id": None, "execution": "server"}),
    "compaction": Kind("cmp", {"encrypted_content": ""}, has_status=False),
}
UNKNOWN = Kind("item", has_status=False)
"""What nobody here knows is told as it is, when it begins and when it is done."""


def kind_of(item: Mapping[str, Any]) -> Kind:
    """Look up the kind of an item."""
    return KINDS.get(text(item.get("type")), UNKNOWN)


def whole(item: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    """Write an item with all fields that its kind has: id, type and status first, the others by name."""
    kind = kind_of(item)
    known = {**kind.least, **item}
    if kind.is_called and not known.get("call_id"):
        known["call_id"] = "call_" + letters(derived(identifier, "call"), CALL_ID)
    head = {"id": text(known.get("id")) or f"{kind.prefix}_{identifier}", "type": text(known.get("type"))}
    if kind.has_status or "status" in known:
        head["status"] = known.get("status") or "completed"
    return {**head, **{name: known[name] for name in sorted(known) if name not in {"id", "type", "status"}}}


def tellable(item: Mapping[str, Any]) -> dict[str, Any]:
    """Copy an item of somebody else's making so that it can be told: texts are texts, and parts are objects."""
    known: dict[str, Any] = plain(item)
    for name in ("content", "summary"):
        if name in known:
            known[name] = [_tellable_part(mapping(part)) for part in items(known[name]) if is_object(part)]
    return {**known, "type": text(known.get("type")), "id": text(known.get("id"))}


def _tellable_part(part: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: text(part[name]) for name in ("type", "text", "refusal") if name in part}
    return {**part, **texts}


def begun(item: Mapping[str, Any]) -> dict[str, Any]:
    """Write an item as it is when it begins."""
    kind = kind_of(item)
    shown = {name: value for name, value in kind.begun.items() if name in item}
    if kind is not UNKNOWN and "status" in item:
        shown["status"] = "in_progress"
    if "action" in shown:
        shown["action"] = {"type": text(mapping(item.get("action")).get("type")) or "search"}
    return {**item, **shown}
