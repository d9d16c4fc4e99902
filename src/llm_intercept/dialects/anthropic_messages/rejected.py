"""What Messages refuse of a request, in Anthropic's words.

Knows: the request's JSON (Anthropic's reference, "Create a Message"; docs/wire.md 6.4). Must not know: replies.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.anthropic_messages.content import CALL, RESULT, tools_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import BadRequestError

ROLES = ("user", "assistant", "system")
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
LEAST_BUDGET = 1024
FORCING = ("any", "tool")
INTERLEAVED = "interleaved-thinking"
"""The beta in which a model thinks between calls too, so that its thoughts may have more tokens than an answer."""


def check_version(body: Mapping[str, Any]) -> None:
    """Refuse a body that does not say of which version it is, where no header can."""
    _check_field(body, "anthropic_version", isinstance(body.get("anthropic_version"), str), "string")


def check(
    body: Mapping[str, Any], *, strictly: bool, names_model: bool = True, counts: bool = False, betas: str = ""
) -> None:
    """Refuse what Anthropic refuses.

    Args:
        body: The request's body.
        strictly: Whether to refuse also what hosts that only speak as it does may take.
        names_model: Whether the body says which model is asked, and no path does.
        counts: Whether tokens are to be counted, so that no answer is limited.
        betas: The betas that the request takes part in.

    Raises:
        BadRequestError: It does.

    """
    if names_model:
        _check_field(body, "model", isinstance(body.get("model"), str), "string")
    if not counts:
        _check_limit(body)
    _check_messages(body, strictly=strictly)
    _check_tools(body)
    if "thinking" in body:
        _check_thinking(body, interleaves=INTERLEAVED in betas)
    if any(not text(stop).strip() for stop in items(body.get("stop_sequences"))):
        raise refused("stop_sequences: each stop sequence must contain non-whitespace")


def _check_field(body: Mapping[str, Any], name: str, fits: object, kind: str, place: str = "") -> None:
    """Refuse a field that is required and is not there, or of another type."""
    where = f"{place}.{name}" if place else name
    if name not in body:
        raise refused(f"{where}: Field required")
    if not fits:
        raise refused(f"{where}: Input should be a valid {kind}")


def _check_limit(body: Mapping[str, Any]) -> None:
    """Refuse a limit below 0; one of 0 fills the cache, and answers nothing."""
    limit = body.get("max_tokens")
    _check_field(body, "max_tokens", is_int(limit), "integer")
    if is_int(limit) and limit < 0:
        raise refused("max_tokens: must be greater than or equal to 0")


def _check_messages(body: Mapping[str, Any], *, strictly: bool) -> None:
    messages = body.get("messages")
    _check_field(body, "messages", is_array(messages), "list")
    if not messages and not mapping(body.get("thread")):  # a thread may go on where it paused
        raise refused("messages: at least one message is required")
    for number, message in enumerate(items(messages)):
        place = f"messages.{number}"
        if not is_object(message):
            raise refused(f"{place}: Input should be a valid dictionary or object to extract fields from")
        _check_message(mapping(message), place)
        if strictly:
            _check_said(mapping(message), place, is_last=number == len(items(messages)) - 1)
    if strictly:
        _check_answers([mapping(one) for one in items(messages)], is_continued=bool(mapping(body.get("thread"))))


def _check_message(message: Mapping[str, Any], place: str) -> None:
    role = message.get("role")
    _check_field(message, "role", isinstance(role, str), "string", place)
    if role not in ROLES:
        raise refused(f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant".')
    if role == "system" and "content" not in message and mapping(message.get("output_config")):
        return  # it sets how the turns after it are answered, and says nothing
    content = message.get("content")
    _check_field(message, "content", isinstance(content, str) or is_array(content), "list", place)
    for number, block in enumerate(items(content)):
        where = f"{place}.content.{number}"
        if not is_object(block):
            raise refused(f"{where}: Input should be a valid dictionary or object to extract fields from")
        if not text(mapping(block).get("type")):
            raise refused(f"{where}.type: Field required")


def _check_said(message: Mapping[str, Any], place: str, *, is_last: bool) -> None:
    """Refuse a message that says nothing."""
    content = message.get("content")
    is_prefill = is_last and message["role"] == "assistant"
    if not content and not is_prefill and "content" in message:
        but = "messages must have non-empty content except for the optional final assistant message"
        raise refused(f"{place}: all {but}")
    if is_prefill and isinstance(content, str) and content != content.rstrip():
        raise refused("messages: final assistant content cannot end with trailing whitespace")
    for block in map(mapping, items(content)):
        if block.get("type") == "text" and not text(block.get("text")):
            raise refused("messages: text content blocks must be non-empty")


def _check_answers(messages: list[Mapping[str, Any]], *, is_continued: bool) -> None:
    """Refuse calls that the next turn does not answer, and answers to no call of the turn before.

    Messages of one role in a row are one turn; what a thread continues is known to the thread alone.
    """
    numbered = [(number, one) for number, one in enumerate(messages) if one.get("role") != "system"]
    called: list[str] | None = None if is_continued else []
    before = 0
    for role, turn in groupby(numbered, lambda one: one[1].get("role")):
        blocks = [
            (number, place, mapping(block))
            for number, one in turn
            for place, block in enumerate(items(one.get("content")))
        ]
        answered = {text(one.get("tool_use_id")): where for *where, one in blocks if one.get("type") == RESULT}
        if called is not None:
            _check_turn(before, called, answered)
        called = [text(one.get("id")) for *_, one in blocks if one.get("type") == CALL and role == "assistant"]
        before = blocks[-1][0] if blocks else before
    if called:
        raise _unanswered(before, called)


def _check_turn(before: int, called: list[str], answered: Mapping[str, list[int]]) -> None:
    for one, (number, place) in answered.items():
        if one not in called:
            raise refused(
                f"messages.{number}.content.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {one}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
    missing = [one for one in called if one not in answered]
    if missing:
        raise _unanswered(before, missing)


def _unanswered(number: int, missing: list[str]) -> BadRequestError:
    return refused(
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message."
    )


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    if tools is not None and not is_array(tools):
        raise refused("tools: Input should be a valid list")
    for number, tool in enumerate(items(tools)):
        if not is_object(tool):
            raise refused(f"tools.{number}: Input should be a valid dictionary or object to extract fields from")
        if mapping(tool).get("type", "custom") == "custom":
            _check_tool(mapping(tool), f"tools.{number}.custom")
    names = [name for tool in items(tools) if (name := mapping(tool).get("name")) is not None]
    if len(set(map(str, names))) < len(names):
        raise refused("tools: Tool names must be unique.")
    offered = list(tools_of(body))
    has_sets = body.get("mcp_servers") or any(
        "name" not in tool for tool in offered
    )  # nobody here knows what is in them
    if not has_sets and (offered or not mapping(body.get("thread"))):  # a thread has its own
        _check_choice(body.get("tool_choice"), [tool["name"] for tool in offered])


def _check_tool(tool: Mapping[str, Any], place: str) -> None:
    name = tool.get("name")
    _check_field(tool, "name", isinstance(name, str), "string", place)
    if NAME.fullmatch(text(name)) is None:
        raise refused(f"{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    _check_field(tool, "input_schema", is_object(tool.get("input_schema")), "dictionary", place)
    if mapping(tool["input_schema"]).get("type") != "object":
        raise refused(f"{place}.input_schema.type: Field required")


def _check_choice(choice: object, names: list[Any]) -> None:
    if choice is None:
        return
    kind = mapping(choice).get("type")
    if not is_object(choice) or not isinstance(kind, str):
        raise refused("tool_choice: Input should be a valid dictionary or object to extract fields from")
    if kind in FORCING and not names:
        raise refused("tool_choice: tool_choice may only be specified while providing tools.")
    if kind == "tool" and mapping(choice).get("name") not in names:
        raise refused(f"Tool '{text(mapping(choice).get('name'))}' not found in provided tools")


def _check_thinking(body: Mapping[str, Any], *, interleaves: bool) -> None:
    thinking, limit = mapping(body["thinking"]), body.get("max_tokens")
    budget = thinking.get("budget_tokens")
    if thinking.get("type") == "enabled":
        _check_field(thinking, "budget_tokens", is_int(budget), "integer", "thinking.enabled")
        if is_int(budget) and budget < LEAST_BUDGET:
            raise refused(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
        if is_int(budget) and is_int(limit) and limit <= budget and not interleaves:
            raise refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
        if mapping(body.get("tool_choice")).get("type") in FORCING:
            raise refused("Thinking may not be enabled when tool_choice forces tool use.")
