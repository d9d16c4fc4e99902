"""What recordings need to know of Gemini: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.google.front_end import CHANGING, KEPT
from llm_intercept.dialects.google.places import place_of
from llm_intercept.dialects.google_gemini.contents import messages_of
from llm_intercept.dialects.google_gemini.raw import body_of, replies
from llm_intercept.dialects.google_gemini.token_counts import KEY, NAMES, read_usage

WHOLE, STREAMED = ":generateContent", ":streamGenerateContent"
TYPES = "google.genai.types"


def last_user(body: Any) -> str:
    """Read what the user said last."""
    messages = reversed(list(messages_of(mapping(body))))
    return next((" ".join(message.said.split()) for message in messages if message.is_user), "")


def roles(body: Any) -> list[str]:
    """Read who speaks in what order."""
    return [message.role for message in messages_of(mapping(body))]


def same_url(url: str) -> str:
    """Return the URL of the same question, asked for a whole answer; an array in pieces is played to nothing else."""
    return url.replace(STREAMED, WHOLE) if STREAMED in url and place_of(url).is_sse else url


RECORDED = Recorded(
    last_user=last_user,
    roles=roles,
    usage=lambda values: read_usage([body_of(values)]),
    usage_in=KEY,
    usage_names=NAMES,
    replies=replies,
    not_in_key=frozenset({"labels"}),
    call_ids=(("id", "functionCall"), ("id", "functionResponse"), ("id", "function_call"), ("id", "function_response")),
    delta_fields=frozenset({"text"}),
    indices=("index",),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    free_fields=frozenset({"args"}),
    same_url=same_url,
    models={
        WHOLE: (TYPES, "GenerateContentResponse", ""),
        STREAMED: (TYPES, "GenerateContentResponse", "GenerateContentResponse"),
    },
)
