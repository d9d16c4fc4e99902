"""A text that says nothing, of a length: what `auto()` answers where a pace says how long answers are.

Knows: English words, each a token of its own. Must not know: who wants the text, tokenizers.
"""

from __future__ import annotations

from random import Random

WORDS = (
    "the", "a", "and", "of", "to", "in", "is", "it", "that", "for", "with", "as", "on", "this", "are", "be", "by",
    "from", "or", "which", "model", "answer", "question", "result", "example", "part", "number", "time", "case", "way",
    "first", "next", "same", "other", "small", "large", "new", "can", "has", "may", "each", "more", "then", "also",
)  # fmt: skip
SENTENCE = 14
"""The tokens of a sentence, its full stop among them."""


def words(tokens: int, identity: str) -> str:
    """Write a text of so many tokens (at least one), by the estimate; the same for the same identity."""
    chance = Random(f"{identity} words")  # noqa: S311 - it has to be deterministic
    chosen = chance.choices(WORDS, k=max(1, tokens))
    said = ("." if number % SENTENCE == SENTENCE - 1 else f" {word}" for number, word in enumerate(chosen))
    return "".join(said).lstrip()
