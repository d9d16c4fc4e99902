"""Whether a text is one token of OpenAI's `o200k_base`, by a sketch of its vocabulary.

The sketch is a Bloom filter (`tools/token_sketch.py` writes it): it knows every token, and takes some 0.7 % of other
texts for one. The vocabulary itself is seven times as large.

Knows: the sketch. Must not know: how a text falls into pieces.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zlib import crc32

PATH = Path(__file__).with_name("o200k.sketch")
BITS = 21  # the sketch has two to the power of it
MASK = (1 << BITS) - 1
HASHES = 5
ANOTHER = 0x5BD1E995  # any other beginning makes another hash


def places(token: bytes) -> list[int]:
    """Return which bits of the sketch stand for a token."""
    first, step = crc32(token), crc32(token, ANOTHER) | 1
    return [(first + number * step) & MASK for number in range(HASHES)]


def is_token(text: str) -> bool:
    """Whether `text`, of two characters at least, is a token, as far as the sketch knows."""
    sketch, token = _sketch(), text.encode("utf-8", "surrogatepass")
    first = crc32(token) & MASK
    if not sketch[first >> 3] >> (first & 7) & 1:  # half of all that are none end here
        return False
    return all(sketch[place >> 3] >> (place & 7) & 1 for place in places(token))


@cache
def _sketch() -> bytes:
    return PATH.read_bytes()
