"""What Cohere refuses of a conversation that can be read: numbers out of their range, answers to no call.

Sources: its page "Errors", whose words these are; the ranges of its reference, "Chat" of version 2 (cohere 7.3,
`V2Client.chat`). Where it says less than its models may take, nothing is refused: a `p` of 1, more `max_tokens` than
there are.

Knows: the request's JSON. Must not know: replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.cohere.read import invalid, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

RANGES = {
    "temperature": (0, 2, "0 and 2.0"),
    "frequency_penalty": (0, 1, "0 and 1"),
    "presence_penalty": (0, 1, "0 and 1"),
    "p": (0, 1, "0 and 1"),
    "k": (0, 500, "0 and 500"),
}
"""The least and the most of each, and how a refusal writes them (of a temperature as it was in October 2026)."""
NAME = re.compile(r"[\w.-]+", re.ASCII)
NAMED = (
    "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit (provided name: '{}')."
)
MOST_TEXTS = 96


def check_laws(body: Mapping[str, Any]) -> None:
    """Refuse what Cohere refuses of a conversation.

    Raises:
        BadRequestError: It does.

    """
    for name, (least, most, shown) in RANGES.items():
        value = body.get(name)
        if is_number(value) and not least <= value <= most:
            raise refused(f"{name} must be between {shown} inclusive.")
    for tool in map(mapping, items(body.get("tools"))):
        name = text(mapping(tool.get("function")).get("name"))
        if name and NAME.fullmatch(name) is None:
            raise refused(NAMED.format(name))
    _check_answers([mapping(one) for one in items(body.get("messages"))])


def _check_answers(messages: list[Mapping[str, Any]]) -> None:
    """Refuse an answer of a tool that names no call, or none of those before it."""
    called: set[str] = set()
    for message in messages:
        called.update(text(mapping(one).get("id")) for one in items(message.get("tool_calls")))
        if message.get("role") == "tool":
            answered = text(message.get("tool_call_id"))
            if not answered:
                raise invalid("tool call id must be provided with tool message")
            if answered not in called:
                raise invalid("tool call id not found in previous tool calls")


def check_texts(body: Mapping[str, Any]) -> None:
    """Refuse more texts than are embedded at once.

    Raises:
        BadRequestError: There are more.

    """
    given = len(items(body.get("texts")))
    if given > MOST_TEXTS:
        raise refused(f"total number of texts must be at most {MOST_TEXTS} - received {given}")
