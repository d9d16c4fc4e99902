"""What recordings need to know of legacy completions: what is no part of a request's key, and how a take is read.

Knows: the JSON of requests and answers. Must not know: tapes, redaction.
"""

from __future__ import annotations

from llm_intercept.base.json import mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai_completions.completion_json import read_usage, replies
from llm_intercept.dialects.openai_completions.read import PATH, said

RECORDED = Recorded(
    last_user=lambda body: said(mapping(body)),
    roles=lambda _: ["user"],
    usage=read_usage,
    usage_names=frozenset({"prompt_tokens", "completion_tokens", "total_tokens"}),
    replies=replies,
    not_in_key=frozenset({"stream", "stream_options", "user", "seed"}),
    delta_fields=frozenset({"text"}),
    indices=("index",),
    kept_headers=KEPT,
    changing_headers=CHANGING,
    models={PATH: ("openai.types", "Completion", "Completion")},
)
