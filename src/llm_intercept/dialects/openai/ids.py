"""The ids that OpenAI's APIs share.

Knows: how they begin, and their lengths. Must not know: where they stand.
"""

from __future__ import annotations

from llm_intercept.dialects.shared.hashed_ids import derived, letters

ID_LENGTH = 29
CALL_ID_LENGTH = 24


def completion_id(identity: str) -> str:
    """Make a completion's id."""
    return "chatcmpl-" + letters(identity, ID_LENGTH)


def call_id(identity: str, number: int) -> str:
    """Make the id of a call of a tool, one of several."""
    return "call_" + letters(derived(identity, "call", number), CALL_ID_LENGTH)


def fingerprint(identity: str) -> str:
    """Make the fingerprint of the system that made a completion."""
    return "fp_" + identity[8:18]
