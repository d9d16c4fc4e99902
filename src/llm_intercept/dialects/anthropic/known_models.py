"""Anthropic's models: their names, dated and not, and when each was made.

Knows: Anthropic's model list. Must not know: requests, replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from llm_intercept.dialects.anthropic.origin import Place

SNAPSHOTS = {
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-opus-4-0": "claude-opus-4-20250514",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-opus-latest": "claude-3-opus-20240229",
}
"""The dated names that answers have; models since 4.6 have no other name."""


UNKNOWN = "1970-01-01"
"""The day of a model whose day nobody knows, as the API has it too (anthropic 2.14, `ModelInfo.created_at`)."""


class Made(NamedTuple):
    """A model that is listed: its name for people, its day, and how many tokens it reads and says, where known."""

    display_name: str
    day: str = UNKNOWN
    reads: int | None = None
    says: int | None = None


MODELS = {
    "claude-fable-5-2": Made("Claude Fable 5.2"),
    "claude-haiku-5-5": Made("Claude Haiku 5.5"),
    "claude-sonnet-5-5": Made("Claude Sonnet 5.5"),
    "claude-opus-5-5": Made("Claude Opus 5.5"),
    "claude-sonnet-5": Made("Claude Sonnet 5"),
    "claude-opus-5": Made("Claude Opus 5"),
    "claude-opus-4-8": Made("Claude Opus 4.8"),
    "claude-opus-4-7": Made("Claude Opus 4.7"),
    "claude-sonnet-4-6": Made("Claude Sonnet 4.6", "2026-02-17", 1_000_000, 128_000),
    "claude-opus-4-6": Made("Claude Opus 4.6", "2026-02-04", 1_000_000, 128_000),
    "claude-opus-4-5-20251101": Made("Claude Opus 4.5", "2025-11-24", 200_000, 64_000),
    "claude-haiku-4-5-20251001": Made("Claude Haiku 4.5", "2025-10-15", 200_000, 64_000),
    "claude-sonnet-4-5-20250929": Made("Claude Sonnet 4.5", "2025-09-29", 200_000, 64_000),
}
"""The models that are listed, the newest first, as the API lists them (the names in anthropic 2.14)."""


AMAZONS = re.compile(r"(?:^|[./])anthropic\.(claude-.+?)(?:-v\d+)?(?::\d+k?)*$")
"""What Amazon calls them: with its region, a version of its own, and how much they read."""


def answering_model(requested: str, place: Place) -> str:
    """Name the model as the response does: Anthropic itself answers with the dated name, others echo the name."""
    if place == "bedrock":
        found = AMAZONS.search(requested)
        return requested if found is None else found[1]
    return SNAPSHOTS.get(requested, requested) if place == "anthropic" else requested.replace("@", "-")
