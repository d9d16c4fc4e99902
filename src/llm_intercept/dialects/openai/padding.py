"""What OpenAI pads the events of its streams with (`obfuscation`), so that their length does not tell their text.

Knows: letters and lengths. Must not know: what is padded.
"""

from __future__ import annotations

import hashlib
from json import encoder

from llm_intercept.dialects.shared.hashed_ids import letters

MODULUS = 16
"""What the lengths are made a multiple of, more or less (docs/wire.md 2.2, 5.1)."""
PADDINGS = 16
"""How many paddings of each length there are."""
LETTERS = letters(hashlib.blake2b(b"obfuscation", digest_size=PADDINGS + MODULUS).hexdigest(), PADDINGS + MODULUS)

quoted = encoder.encode_basestring
"""Writes a str as JSON, as `encode` does, but for a lone surrogate, which it leaves as it is."""


def padding(number: int, length: int) -> str:
    """Cut letters and digits of `length`, fewer than `MODULUS`; the next one has others."""
    start = number % PADDINGS
    return LETTERS[start : start + length]
