"""The rows of hosts of which only errors were seen: Kimi (Moonshot), MiniMax. Their answers have the usual form.

Knows: their errors as public code and issues of 2025 and 2026 have them. Must not know: requests, replies.
"""

from __future__ import annotations

from llm_intercept.dialects.openai.hosts.profile import USUAL_WORDS, Host, Words

KIMI = Host(
    name="Kimi",
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words("Invalid Authentication", "invalid_authentication_error"),
        "rate_limit_exceeded": Words(
            "Organization Rate limit exceeded, please try again after 1 seconds", "rate_limit_reached_error",
        ),
        "insufficient_quota": Words(
            "Your account org-llm-intercept is suspended due to insufficient balance, please recharge your account or "
            "check your plan and billing details",
            "exceeded_current_quota_error",
        ),
        "model_not_found": Words("Not found the model {model} or Permission denied", "resource_not_found_error"),
    },
    error={"error": {"message": "{message}", "type": "{type}", "param": "{param_said}", "code": "{code_said}"}},
)  # fmt: skip
MINIMAX = Host(
    name="MiniMax",
    words={
        **USUAL_WORDS,
        "invalid_api_key": Words(
            "login fail: Please carry the API secret key in the 'Authorization' field of the request header (1004)",
            "authorized_error",
            shape={
                "type": "error",
                "error": {"type": "{type}", "message": "{message}", "http_code": "401"},
                "request_id": "{hex:32}",
            },
        ),
    },
)  # fmt: skip
