"""What Bedrock refuses of a conversation (Converse), in its words.

Knows: the request's JSON (Amazon's reference, "Converse"). Must not know: what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping


def refused(message: str) -> BadRequestError:
    """Make the refusal of a request."""
    return BadRequestError(ErrorReply(400, "invalid_request", message=message))


def check(body: Mapping[str, Any]) -> None:
    """Refuse what Bedrock refuses.

    Raises:
        BadRequestError: It does.

    """
    messages = body.get("messages")
    if messages is None or (is_array(messages) and all(map(_is_message, items(messages)))):
        return
    raise refused(
        "1 validation error detected: Value at 'messages' failed to satisfy constraint: Member must be a list"
    )


def _is_message(value: object) -> bool:
    return is_object(value) and is_array(mapping(value).get("content"))
