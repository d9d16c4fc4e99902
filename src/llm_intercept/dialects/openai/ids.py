"""The ids that OpenAI's APIs share.

Knows: how they begin, and their lengths. Must not know: where they stand.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from llm_intercept.dialects.shared.hashed_ids import derived, letters

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BEGINNING = 1_576_800_000
"""From here on, 2019-12-20, an id's seconds are counted."""
MOMENT_LENGTH, OWN_LENGTH = 5, 24
DAY = 86_400
CALL_ID_LENGTH = 24


def dated_id(prefix: str, identity: Identity) -> str:
    """Make the id of what tells when it was made (docs/wire.md 2.1.7)."""
    return f"{prefix}-{_moment(identity.second)}{letters(identity, OWN_LENGTH)}"


def searching_id(identity: str) -> str:
    """Make the id of a completion of a model that searches by itself: a UUID (docs/wire.md 2.1.6)."""
    return f"chatcmpl-{UUID(identity[:32], version=4)}"


@lru_cache(maxsize=8)
def _moment(second: int) -> str:
    """Write a moment in five base62 digits; what is no time of theirs comes round."""
    left, digits = second - BEGINNING, ""
    for _ in range(MOMENT_LENGTH):
        left, digit = divmod(left, len(BASE62))
        digits = BASE62[digit] + digits
    return digits


def call_id(identity: str, number: int) -> str:
    """Make the id of a call of a tool, one of several."""
    return "call_" + letters(derived(identity, "call", number), CALL_ID_LENGTH)


def fingerprint(model: str, second: int) -> str:
    """Make the fingerprint of the system that a model runs on, one for a day (docs/wire.md 2.1.6)."""
    return _fingerprint(model, second // DAY)


@lru_cache(maxsize=64)
def _fingerprint(model: str, day: int) -> str:
    return "fp_" + derived("fingerprint", model, day)[:10]
