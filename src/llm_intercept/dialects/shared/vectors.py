"""The default embedding: the same for the same text, of length 1, and near where texts share words.

Each word stands for a direction that its hash draws; a text's vector is the sum of its words' directions and, with half
their weight, of one of its own, so that no two texts have the same and none has none. A direction says +1 or -1 in each
dimension, the first ones first: fewer dimensions are the beginning of more.

Knows: words, hashes. Must not know: requests.
"""

from __future__ import annotations

import hashlib
import re
import sys
from array import array
from collections import Counter
from functools import lru_cache
from itertools import islice
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A word; of scripts that put no spaces between words, each character.
WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
LANE = 2  # bytes a dimension: all dimensions are added at once, as one number with a lane for each
MOST = 16_000  # words: more would not fit in a lane, and no model reads so many
DECIMALS = 8  # as many as OpenAI writes


def embedded(text: str | Sequence[int], dimensions: int) -> list[float]:
    """Make the vector of a text, or of a text's tokens."""
    words = WORDS.findall(text.casefold()) if isinstance(text, str) else map(str, text)
    distinct = list(islice(dict.fromkeys(words), MOST))
    total = sum(_direction(word, dimensions) for word in distinct) * 2 + _drawn(repr(text), dimensions)
    lanes = array("H", (total * 2).to_bytes(LANE * dimensions, sys.byteorder))
    if sys.byteorder == "big":
        lanes.reverse()
    return _of_length_one(lanes, 2 * len(distinct) + 1)


def _of_length_one(lanes: Iterable[int], middle: int) -> list[float]:
    """Move the lanes' middle to 0, which none is at since it is odd and they are even, and scale them."""
    counts = Counter(lanes)
    length = sqrt(sum(count * (lane - middle) ** 2 for lane, count in counts.items()))
    values = {lane: round((lane - middle) / length, DECIMALS) for lane in counts}
    return [values[lane] for lane in lanes]


@lru_cache(maxsize=4096)
def _direction(word: str, dimensions: int) -> int:
    return _drawn(word, dimensions)


def _drawn(name: str, dimensions: int) -> int:
    """Draw a direction: a lane of 1 for +1 and of 0 for -1."""
    digest = hashlib.shake_128(name.encode(errors="surrogatepass")).digest(LANE * dimensions)
    return int.from_bytes(digest, "little") & _ones(dimensions)


@lru_cache(maxsize=16)
def _ones(dimensions: int) -> int:
    return int.from_bytes(b"\1\0" * dimensions, "little")
