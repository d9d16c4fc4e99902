"""What recordings need to know of chat completions: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai.not_in_key import NOT_IN_KEY
from llm_intercept.dialects.openai_chat.counts import read_usage
from llm_intercept.dialects.openai_chat.raw import replies
from llm_intercept.dialects.openai_chat.read import read_message
from llm_intercept.dialects.shared.reading import last_spoken


def last_user(body: Any) -> str:
    """Read what the user said last."""
    return last_spoken(read_message(one) for one in reversed(items(mapping(body).get("messages"))))


def roles(body: Any) -> list[str]:
    """Read who speaks in what order."""
    return [text(mapping(message).get("role")) for message in items(mapping(body).get("messages"))]


RECORDED = Recorded(
    last_user=last_user,
    roles=roles,
    usage=read_usage,
    usage_names=frozenset(
        {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
    ),
    replies=replies,
    not_in_key=NOT_IN_KEY,
    call_ids=(("tool_call_id", None), ("id", "tool_calls")),
    call_id=r"call_[A-Za-z0-9]{8,}|chatcmpl-(?:tool-)?[A-Za-z0-9]{8,}",
    delta_fields=frozenset({"content", "refusal", "reasoning", "reasoning_content", "arguments", "input"}),
    indices=("index",),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    changing_fields=frozenset({"obfuscation"}),
    models={"/chat/completions": ("openai.types.chat", "ChatCompletion", "ChatCompletionChunk")},
)
