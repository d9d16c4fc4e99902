"""What Ollama refuses of a request, in its words.

Knows: the requests' JSON (ollama/ollama, `api/types.go`, `server/routes.go`). Must not know: what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, text
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping


def refused(message: str) -> BadRequestError:
    """Make the refusal of a request."""
    return BadRequestError(ErrorReply(400, "invalid_request", message=message))


def check_model(body: Mapping[str, Any]) -> None:
    """Refuse a request that names no model.

    Raises:
        BadRequestError: It names none.

    """
    if not text(body.get("model")):
        raise refused("model is required")


def check_chat(body: Mapping[str, Any]) -> None:
    """Refuse what Ollama refuses of a conversation.

    Raises:
        BadRequestError: It does.

    """
    messages = body.get("messages")
    if messages is not None and not (is_array(messages) and all(map(is_object, items(messages)))):
        raise refused("json: cannot unmarshal ChatRequest.messages of type []api.Message")
    check_model(body)


def check_generate(body: Mapping[str, Any]) -> None:
    """Refuse what Ollama refuses of a completion.

    Raises:
        BadRequestError: It does.

    """
    if not isinstance(body.get("prompt", ""), str | None):
        raise refused("json: cannot unmarshal GenerateRequest.prompt of type string")
    check_model(body)
