"""What a response shows of the model that gave it: the dated name, and which fields its family has.

Knows: WIRE.md 2.1 and the names in OpenAI's model list. Must not know: requests, replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

SNAPSHOTS = {
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4": "gpt-4-0613",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-audio-preview": "gpt-4o-audio-preview-2025-06-03",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
}
# WIRE.md 2.1: `logprobs` is absent, not null, in the choices of these families.
_WITHOUT_LOGPROBS = re.compile(r"gpt-5|o\d|.*-audio|.*-search")
# WIRE.md 2.1: `system_fingerprint` is null for these.
_WITHOUT_FINGERPRINT = re.compile(r"gpt-5|o\d|gpt-4(?![o.])|gpt-3\.5")
# Tokens that gpt-5.1 counts for every answer beside what is seen, without reasoning (26 of 26 recorded answers).
HIDDEN_TOKENS = 9
_AUDIO = re.compile(r".*-audio")


@dataclass(frozen=True, slots=True)
class Traits:
    """What the family of a model puts in its responses."""

    has_logprobs: bool
    has_fingerprint: bool
    counts_by_kind: bool
    hidden_tokens: int


@lru_cache(maxsize=256)
def traits(model: str) -> Traits:
    """Look up the traits of `model`; one that is not known has those of gpt-4o."""
    name = model.rpartition("/")[2]
    return Traits(
        has_logprobs=not _WITHOUT_LOGPROBS.match(name),
        has_fingerprint=not _WITHOUT_FINGERPRINT.match(name),
        counts_by_kind=bool(_AUDIO.match(name)),
        hidden_tokens=HIDDEN_TOKENS if name.startswith("gpt-5") else 0,
    )


def answering_model(requested: str, *, dated: bool) -> str:
    """Name the model as the response does: OpenAI and Azure answer with the `dated` snapshot, others echo the name."""
    return SNAPSHOTS.get(requested, requested) if dated else requested
