"""What a response shows of the model that gave it: which fields its family has.

Knows: docs/wire.md 2.1. Must not know: requests, replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# docs/wire.md 2.1: `logprobs` is absent, not null, in the choices of these families.
_WITHOUT_LOGPROBS = re.compile(r"gpt-5|o\d|.*-audio|.*-search")
# docs/wire.md 2.1: `system_fingerprint` is null for these.
_WITHOUT_FINGERPRINT = re.compile(r"gpt-5|o(?!3-mini)\d|gpt-4(?![o.])|gpt-3\.5")
# docs/wire.md 2.1: these are answered by another service, with an id and a fingerprint of its own.
_SEARCHES = re.compile(r".*-search")
_AUDIO = re.compile(r".*-audio")


@dataclass(frozen=True, slots=True)
class Traits:
    """What the family of a model puts in its responses."""

    has_logprobs: bool
    has_fingerprint: bool
    counts_by_kind: bool
    searches: bool


@lru_cache(maxsize=256)
def traits(model: str) -> Traits:
    """Look up the traits of `model`; one that is not known has those of gpt-4o."""
    name = model.rpartition("/")[2]
    return Traits(
        has_logprobs=not _WITHOUT_LOGPROBS.match(name),
        has_fingerprint=not _WITHOUT_FINGERPRINT.match(name),
        counts_by_kind=bool(_AUDIO.match(name)),
        searches=bool(_SEARCHES.match(name)),
    )
