"""What recordings need to know of Responses: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai.not_in_key import NOT_IN_KEY
from llm_intercept.dialects.openai_responses.items import messages_of
from llm_intercept.dialects.openai_responses.raw import replies
from llm_intercept.dialects.openai_responses.reported import read_usage
from llm_intercept.dialects.shared.reading import last_spoken


def last_user(body: Any) -> str:
    """Read what the user said last."""
    return last_spoken(reversed(list(messages_of(mapping(body)))))


def roles(body: Any) -> list[str]:
    """Read who speaks in what order."""
    return [message.role for message in messages_of(mapping(body))]


RECORDED = Recorded(
    last_user=last_user,
    roles=roles,
    usage=read_usage,
    usage_names=frozenset(
        {"input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens"}
    ),
    replies=replies,
    not_in_key=NOT_IN_KEY,
    call_ids=(("call_id", None), ("previous_response_id", None)),
    call_id=r"call_[A-Za-z0-9]{8,}|(?:resp|conv|msg|fc|rs|ctc)_[0-9a-f]{48,}",
    delta_fields=frozenset({"delta", "text", "arguments", "input", "refusal"}),
    indices=("output_index", "content_index", "summary_index"),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    changing_fields=frozenset({"obfuscation"}),
    event_kind="type",
    models={"/responses": ("openai.types.responses", "Response", "ResponseStreamEvent")},
    without_model=frozenset({"keepalive"}),
)
