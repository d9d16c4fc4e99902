"""What an answer shows of the generation of the model that gives it, and of the API that it is asked by.

Knows: docs/wire.md 10.2. Must not know: requests, replies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?(?:-|$)")
NEWEST = re.compile(r"gemini-(?:pro|flash)(?:-lite)?-latest$")
FIRST_WITH_TIERS = (3, 5)
USUAL = (2, 5)
"""What a model that does not say its generation, a tuned one or one of nobody's knowing, is like."""
ANSWERING = {"gemini-3-pro-preview": "gemini-3.1-pro-preview"}
"""The names that Google answers with, where they are others than those asked for."""
THOUGHTS = {"flash": 53, "pro": 160, "newer": 127}
"""How many tokens a model thinks before it answers: the medians of the recorded ones."""
AFTER_A_TOOL = 55
CALLED_WORDS = "Model generated function call(s)."
"""What a candidate that ends in calls says, where its generation does."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What a generation of models puts in its answers.

    Attributes:
        is_vertex: Whether Vertex AI answers.
        numbers_candidates: Whether each candidate says which it is, the first too.
        explains_calls: Whether a candidate that ends in calls says so.
        details_output: Whether the tokens of an answer are told by their kinds.
        has_logprobs: Whether a JSON answer tells the mean log probability.
        counts_along: Whether each chunk of a stream tells the tokens so far.
        ends_apart: Whether a stream ends in a chunk of its own, which has the signature of the text.
        signs_texts: Whether a text has a signature.
        signs_calls: Whether the first call that a thought led to has a signature.
        names_calls: Whether calls have ids.
        calls_apart: Whether each call comes in a chunk of its own.
        grounds_along: Whether each chunk says what it is grounded on, where the request has tools that search.
        tells_tier: Whether the usage tells the service tier.
        thinks: How many tokens it thinks where nothing is said of it; 0 if only when it is asked to.
        thinks_after_tools: How many where it was just given what tools answered.

    """

    is_vertex: bool
    numbers_candidates: bool
    explains_calls: bool
    details_output: bool
    has_logprobs: bool
    counts_along: bool
    ends_apart: bool
    signs_texts: bool
    signs_calls: bool
    names_calls: bool
    calls_apart: bool
    grounds_along: bool
    tells_tier: bool
    thinks: int
    thinks_after_tools: int


@lru_cache(maxsize=256)
def generation(model: str, *, is_vertex: bool) -> Generation:
    """Look up the generation of a model."""
    name = model.rpartition("/")[2]
    version = version_of(name)
    is_studio, is_old, is_new = not is_vertex, version < USUAL, version >= (3, 0)
    return Generation(
        is_vertex=is_vertex,
        numbers_candidates=is_studio and not is_old,
        explains_calls=is_studio and not is_old,
        details_output=is_vertex or is_old,
        has_logprobs=is_old or (is_vertex and not is_new),
        counts_along=is_studio and not is_old,
        ends_apart=is_new,
        signs_texts=is_new,
        signs_calls=not is_old,
        names_calls=is_studio and is_new,
        calls_apart=is_new or (is_studio and "-pro" in name),
        grounds_along=not is_new,
        tells_tier=is_studio and version >= FIRST_WITH_TIERS,
        thinks=_thoughts(name, is_old=is_old, is_new=is_new),
        thinks_after_tools=AFTER_A_TOOL if is_new else 0,
    )


def version_of(name: str) -> tuple[int, int]:
    """Read the version of a model in its name."""
    found = VERSION.match(name)
    if found is not None:
        return int(found[1]), int(found[2] or 0)
    return FIRST_WITH_TIERS if NEWEST.match(name) else USUAL


def _thoughts(name: str, *, is_old: bool, is_new: bool) -> int:
    if is_old or ("-lite" in name and not is_new) or not name.startswith("gemini-"):
        return 0
    return THOUGHTS["newer" if is_new else "pro" if "-pro" in name else "flash"]
