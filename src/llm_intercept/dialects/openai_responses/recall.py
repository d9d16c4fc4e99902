"""Finds what a request continues: an earlier response, or a conversation.

Knows: the store, the API's words for what is not there (docs/wire.md 5.7). Must not know: how anything is kept.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.openai.refusals import refused
from llm_intercept.dialects.openai_responses.kept import CONVERSATION, RESPONSE, history
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from llm_intercept.dialects.openai_responses.kept import Before, KeptConversation, KeptResponse
    from llm_intercept.stored.shelves import Shelves

PREVIOUS, NAMED = "previous_response_id", "conversation"
LONGEST = 10_000
"""How many items a conversation may have before its end: longer ones, no model reads."""
TOO_LONG = "Your input exceeds the context window of this model. Please adjust your input and try again."


def recalled(body: Mapping[str, Any], shelves: Shelves) -> Before:
    """Find what a request continues; nothing if it begins anew.

    Raises:
        BadRequestError: Nobody here answered that, or the API would refuse to go on.

    """
    previous, conversation = body.get(PREVIOUS), conversation_id(body)
    if previous is None and not conversation:
        return ()
    if previous is not None and conversation:
        message = f"Mutually exclusive parameters. Ensure you are only providing one of: '{PREVIOUS}' or '{NAMED}'."
        raise refused(message, code="mutually_exclusive_parameters")
    before = _conversation(conversation, shelves) if conversation else _response(text(previous), shelves)
    if next(islice(history(before), LONGEST, None), None) is not None:
        raise refused(TOO_LONG, "input", "context_length_exceeded")
    return before


def conversation_id(body: Mapping[str, Any]) -> str:
    """Read which conversation a request belongs to; empty if to none."""
    named = body.get(NAMED)
    return text(named) or text(mapping(named).get("id"))


def no_response(identifier: str) -> ErrorReply:
    """Say that there is no such response."""
    return ErrorReply(404, message=f"Response with id '{identifier}' not found.", type="invalid_request_error")


def no_conversation(identifier: str) -> ErrorReply:
    """Say that there is no such conversation."""
    return ErrorReply(404, message=f"Conversation with id '{identifier}' not found.", type="invalid_request_error")


def _response(identifier: str, shelves: Shelves) -> KeptResponse:
    found: KeptResponse | None = shelves.get(RESPONSE, identifier)
    if found is None:
        message = f"Previous response with id '{identifier}' not found."
        raise refused(message, PREVIOUS, "previous_response_not_found")
    return found


def _conversation(identifier: str, shelves: Shelves) -> Before:
    found: KeptConversation | None = shelves.get(CONVERSATION, identifier)
    if found is None:
        raise BadRequestError(no_conversation(identifier))
    return tuple(found.items)
