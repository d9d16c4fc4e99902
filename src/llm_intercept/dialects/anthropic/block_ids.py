"""The ids that Anthropic gives out: a number of 128 bits in base 58, behind what says whose it is.

Knows: their alphabet and lengths (docs/wire.md 6.2). Must not know: where they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects.shared.hashed_ids import derived

if TYPE_CHECKING:
    from llm_intercept.dialects.anthropic.origin import Place
    from llm_intercept.model.exchange_id import Identity

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGITS, BITS = 22, 128
FIRST = "01"
"""What all begin with, behind their prefix."""
WHERE: dict[Place, str] = {"vertex": "vrtx_", "bedrock": "bdrk_"}
"""What ids say of the place where they were given out, if anything."""


def number58(identity: str, digits: int = DIGITS) -> str:
    """Write the first 128 bits of an identity in base 58."""
    return _in_58(int(identity[: BITS // 4], 16), digits)


def _in_58(value: int, digits: int = DIGITS) -> str:
    found = ""
    for _ in range(digits):
        value, last = divmod(value, len(BASE58))
        found = BASE58[last] + found
    return found


def message_id(identity: str, place: Place) -> str:
    """Make the id of a message."""
    return f"msg_{WHERE.get(place, '')}{FIRST}{number58(identity)}"


def block_id(prefix: str, identity: str, number: int, place: Place) -> str:
    """Make the id of a call of a tool, the block of that number in an answer."""
    return f"{prefix}_{WHERE.get(place, '')}{FIRST}{number58(derived(identity, 'block', number))}"


def request_id(identity: Identity, place: Place = "anthropic") -> str:
    """Make the id of a request: a UUID of version 7, which begins with its milliseconds (docs/wire.md 6.3.3)."""
    own = int(derived(identity, "request"), 16)
    milliseconds = 1000 * identity.second + own % 1000
    low = own >> 10 & (1 << 80) - 1
    number = milliseconds << 80 | 7 << 76 | low >> 4 & 0xFFF << 64 | 2 << 62 | low & (1 << 62) - 1
    return f"req_{WHERE.get(place, '')}{FIRST}{_in_58(number)}"
