"""What OpenAI pads the events of its streams with (`obfuscation`), so that their length does not tell their text.

Knows: letters and lengths. Must not know: what is padded.
"""

from __future__ import annotations

import hashlib
from json import encoder

from llm_intercept.dialects.shared.hashed_ids import as_letters

MODULUS = 16
"""What the lengths are made a multiple of, more or less (docs/wire.md 2.2, 4.1, 5.1)."""
BLOCK = 480
"""How many bytes of the hash are drawn at a time, some 29 chunks' letters."""

quoted = encoder.encode_basestring
"""Writes a str as JSON, as `encode` does, but for a lone surrogate, which it leaves as it is."""


class Padding:
    """The letters and digits of one stream's paddings: they follow from its identity, and no two are the same.

    Args:
        identity: What they follow from.

    """

    __slots__ = ("_blocks", "_identity", "_left")

    def __init__(self, identity: str) -> None:
        self._identity, self._blocks, self._left = identity, 0, ""

    def letters(self, chunks: int = 1) -> str:
        """Return `MODULUS` letters for each of the next chunks, of which each takes as many as it needs."""
        wanted = MODULUS * chunks
        while len(self._left) < wanted:
            drawn = hashlib.shake_128(f"{self._identity} padding {self._blocks}".encode()).digest(BLOCK)
            self._left += as_letters(drawn)
            self._blocks += 1
        cut, self._left = self._left[:wanted], self._left[wanted:]
        return cut
