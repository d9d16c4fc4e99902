"""What Bedrock refuses of a conversation (Converse), in its words.

Knows: the request's JSON (Amazon's reference, "Converse"; the words are those seen in issues). Must not know: what is
answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.bedrock.service_model import violations
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    Turn = tuple[int, str, list[Mapping[str, Any]]]

CALL, RESULT = "toolUse", "toolResult"
SHAPE = "ConverseRequest"
WITHOUT_TOOLS = "The toolConfig field must be defined when using toolUse and toolResult content blocks."
FIRST = "A conversation must start with a user message. Try again with a conversation that starts with a user message."
ALTERNATE = (
    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between "
    "user and assistant roles and try again."
)
PAIRED = "All results of a turn's calls stand in the user's next message."


def refused(message: str, hint: str = "") -> BadRequestError:
    """Make the refusal of a request; `hint` says in our words what to change."""
    return BadRequestError(ErrorReply(400, "invalid_request", message=message), hint)


def check_form(body: Mapping[str, Any]) -> None:
    """Refuse messages that are none.

    Raises:
        BadRequestError: They are none.

    """
    messages = body.get("messages")
    if messages is not None and not (is_array(messages) and all(map(_is_message, items(messages)))):
        raise _invalid(["Value at 'messages' failed to satisfy constraint: Member must be a list"])


def check(body: Mapping[str, Any], *, strictly: bool) -> None:
    """Refuse what Bedrock refuses; `strictly` also what another botocore than the installed one may know.

    Raises:
        BadRequestError: It does.

    """
    found = violations(body, SHAPE, loads=strictly)
    if found:
        raise _invalid(found)
    turns = [_turn(number, mapping(one)) for number, one in enumerate(items(body.get("messages")))]
    _check_turns([turn for turn in turns if turn[1] != "system"])
    _check_tools(body, turns)


def _invalid(found: list[str]) -> BadRequestError:
    return refused(f"{len(found)} validation error{'s' * (len(found) > 1)} detected: {'; '.join(found)}")


def _is_message(value: object) -> bool:
    return is_object(value) and is_array(mapping(value).get("content"))


def _turn(number: int, message: Mapping[str, Any]) -> Turn:
    return number, text(message.get("role")), [mapping(one) for one in items(message.get("content"))]


def _check_turns(turns: list[Turn]) -> None:
    """Refuse turns in another order, empty ones, and results that fit no calls."""
    called: list[str] = []
    before = ""
    for number, role, blocks in turns:
        if not before and role == "assistant":
            raise refused(FIRST)
        if role == before:
            raise refused(ALTERNATE)
        _check_blocks(number, blocks)
        results = [text(mapping(one[RESULT]).get("toolUseId")) for one in blocks if RESULT in one]
        if len(results) > len(called):
            place = f"messages.{number}.content"
            told = f"The number of toolResult blocks at {place} exceeds the number of toolUse blocks of previous turn."
            raise refused(told, PAIRED)
        missing = [one for one in called if one not in results]
        if missing:
            told = f"Expected toolResult blocks at messages.{number}.content for the following Ids: "
            raise refused(told + ", ".join(missing), PAIRED)
        called = [text(mapping(one[CALL]).get("toolUseId")) for one in blocks if CALL in one and role == "assistant"]
        before = role


def _check_blocks(number: int, blocks: list[Mapping[str, Any]]) -> None:
    if not blocks:
        told = f"The content field in the Message object at messages.{number} is empty."
        raise refused(f"{told} Add a ContentBlock object to the content field and try again.")
    for place, block in enumerate(blocks):
        if isinstance(block.get("text"), str) and not block["text"].strip():
            told = f"The text field in the ContentBlock object at messages.{number}.content.{place} is blank."
            raise refused(f"{told} Add text to the text field, and try again.")


def _check_tools(body: Mapping[str, Any], turns: list[Turn]) -> None:
    config = mapping(body.get("toolConfig"))
    if not config and any(CALL in one or RESULT in one for *_, blocks in turns for one in blocks):
        raise refused(WITHOUT_TOOLS, "Send the tools with each request of a conversation that called some.")
    for number, tool in enumerate(items(config.get("tools"))):
        schema = mapping(mapping(mapping(mapping(tool).get("toolSpec")).get("inputSchema")).get("json"))
        if schema and schema.get("type") != "object":
            place = f"toolConfig.tools.{number}.toolSpec.inputSchema.json.type"
            raise refused(f"The value at {place} must be one of the following: object.")
