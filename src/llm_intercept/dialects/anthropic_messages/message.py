"""The message around the content blocks: its keys in today's order, and how a stream begins and ends it.

Knows: docs/wire.md 6.2. Must not know: blocks, framing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.anthropic.block_ids import message_id
from llm_intercept.dialects.anthropic.known_models import answering_model
from llm_intercept.dialects.anthropic.origin import place_of
from llm_intercept.dialects.anthropic_messages.tokens_used import at_first, at_last

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.request import LLMRequest

NOT_YET = {"stop_reason": None, "stop_sequence": None, "stop_details": None}


def model_of(request: LLMRequest) -> str:
    """Name the model as the answer does."""
    return answering_model(request.model, place_of(request.url))


def message(request: LLMRequest, model: str, identity: str) -> dict[str, Any]:
    """Make the message that answers a request, complete but for what is said, how it ends and what it cost."""
    identifier = message_id(identity, place_of(request.url))
    return {"model": model, "id": identifier, "type": "message", "role": "assistant", "content": [], **NOT_YET}


def begun(body: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    """Make the event that begins a stream: the message before anything is said."""
    unknown = {name: value for name, value in NOT_YET.items() if name in body}
    return {"type": "message_start", "message": {**body, "content": [], **unknown, "usage": at_first(usage)}}


def ended(body: Mapping[str, Any]) -> dict[str, Any]:
    """Make the event that tells how a message ended."""
    told = {name: body[name] for name in (*NOT_YET, "container") if name in body}
    return {"type": "message_delta", "delta": told, "usage": at_last(mapping(body.get("usage")))}
