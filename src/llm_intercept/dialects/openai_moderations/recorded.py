"""What recordings need to know of moderations.

Knows: the JSON of requests. Must not know: tapes, redaction.
"""

from __future__ import annotations

from llm_intercept.base.json import mapping
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.headers import CHANGING, KEPT
from llm_intercept.dialects.openai_moderations.read import PATH, said

RECORDED = Recorded(
    last_user=lambda body: said(mapping(body)),
    roles=lambda _: ["user"],
    kept_headers=KEPT,
    changing_headers=CHANGING,
    models={PATH: ("openai.types", "ModerationCreateResponse", "")},
)
