"""What recordings need to know of Messages: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.anthropic.lines_of_head import CHANGING, KEPT
from llm_intercept.dialects.anthropic_messages.content import messages_of
from llm_intercept.dialects.anthropic_messages.raw import replies
from llm_intercept.dialects.anthropic_messages.tokens_used import NAMES, read_usage
from llm_intercept.dialects.base import Recorded


def last_user(body: Any) -> str:
    """Read what the user said last."""
    messages = reversed(list(messages_of(mapping(body))))
    return next((message.said for message in messages if message.is_user), "")


def roles(body: Any) -> list[str]:
    """Read who speaks in what order."""
    return [message.role for message in messages_of(mapping(body))]


RECORDED = Recorded(
    last_user=last_user,
    roles=roles,
    usage=read_usage,
    usage_names=NAMES,
    replies=replies,
    not_in_key=frozenset({"stream", "metadata", "service_tier", "inference_geo"}),
    call_ids=(("tool_use_id", None), ("previous_message_id", None)),
    call_id=r"toolu_[A-Za-z0-9_]{8,}|srvtoolu_[A-Za-z0-9_]{8,}|mcptoolu_[A-Za-z0-9_]{8,}|msg_[A-Za-z0-9_]{20,}",
    delta_fields=frozenset({"text", "partial_json", "thinking", "signature"}),
    indices=("index",),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    event_kind="type",
    free_fields=frozenset({"input"}),
    models={"/v1/messages": ("anthropic.types", "Message", "RawMessageStreamEvent")},
    without_model=frozenset({"ping"}),
)
