"""What a response shows of the family of the model that gives it.

Knows: docs/wire.md 5.3. Must not know: requests, replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_REASONS = re.compile(r"gpt-[5-9]|o\d|codex|computer-use")
_REASONS_IF_ASKED = re.compile(r"gpt-5\.[1-4](?!\d)")
_NEWEST = re.compile(r"gpt-5\.(?:[4-9]|\d\d)|gpt-[6-9]")


@dataclass(frozen=True, slots=True)
class Family:
    """What the family of a model puts in its responses.

    Attributes:
        effort: How much it reasons where nothing is said of it; None if it does not reason.
        top_p: The `top_p` it has where nothing is said of it.
        retention: How long its prompts are cached.
        has_phases: Whether its messages say which part of an answer they are.

    """

    effort: str | None
    top_p: float
    retention: str
    has_phases: bool


@lru_cache(maxsize=256)
def family(model: str) -> Family:
    """Look up the family of `model`; one that is not known has gpt-4o's."""
    name = model.rpartition("/")[2]
    is_newest = _NEWEST.match(name) is not None
    effort = None
    if _REASONS.match(name):
        effort = "none" if _REASONS_IF_ASKED.match(name) else "medium"
    return Family(effort, 0.98 if is_newest else 1.0, "24h" if is_newest else "in_memory", is_newest)
