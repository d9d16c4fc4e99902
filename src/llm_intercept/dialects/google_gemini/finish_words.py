"""Why a candidate ends, in Gemini's words.

Knows: the API's reference ("FinishReason"). Must not know: what is said.
"""

from __future__ import annotations

CUT, WITHHELD, DONE, MISCALL = "MAX_TOKENS", "SAFETY", "STOP", "MALFORMED_FUNCTION_CALL"
OWN = (
    CUT, WITHHELD, DONE, MISCALL, "FINISH_REASON_UNSPECIFIED", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "SPII",
    "PROHIBITED_CONTENT", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "NO_IMAGE",
    "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "MODEL_ARMOR",
    "CONTINUATION", "ESCALATION",
)  # fmt: skip
NEUTRAL = {"stop": DONE, "tool_calls": DONE, "length": CUT, "content_filter": WITHHELD}
FINISHES = {**NEUTRAL, **{word: word for word in OWN}}
"""Gemini's words by the neutral ones, and its own by themselves."""
EXPLAINED = {MISCALL: "Malformed function call: the call that the model made is no call."}
"""What a candidate says beside such a word."""
EMPTY = {CUT: {"role": "model"}, MISCALL: {}}
"""The content of a candidate that says nothing, by why it ended; of others there is none."""


def why_ended(given: str | None, *, is_cut: bool) -> str:
    """Say why a candidate ended: for the reason that is given, or since it was cut, or because all was said."""
    return given or (CUT if is_cut else DONE)
