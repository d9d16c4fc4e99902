"""How Responses fail, where chat completions do otherwise (docs/wire.md 3.1, 5.5).

Knows: its errors. Must not know: which rule asked for them.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.failures import STATUSES, Known, Manner

REFUSED = "invalid_request_error"
MANNER = Manner(
    known={
        "model_not_found": Known(REFUSED, "model_not_found", "The requested model '{model}' does not exist.", "model"),
        "context_length_exceeded": Known(
            REFUSED,
            "context_length_exceeded",
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
            "input",
        ),
    },
    statuses={**STATUSES, "model_not_found": 400},
    front_door=frozenset(),
    headers={401: (("www-authenticate", 'Bearer realm="OpenAI API"'),)},
)
