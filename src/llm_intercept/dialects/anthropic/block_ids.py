"""The ids that Anthropic gives out: a number of 128 bits in base 58, behind what says whose it is.

Knows: their alphabet and lengths (docs/wire.md 6.2). Must not know: where they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects.shared.hashed_ids import derived

if TYPE_CHECKING:
    from llm_intercept.dialects.anthropic.origin import Place

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGITS, BITS = 22, 128
FIRST = "01"
"""What all begin with, behind their prefix."""
WHERE: dict[Place, str] = {"vertex": "vrtx_", "bedrock": "bdrk_"}
"""What ids say of the place where they were given out, if anything."""


def number58(identity: str, digits: int = DIGITS) -> str:
    """Write the first 128 bits of an identity in base 58."""
    value, found = int(identity[: BITS // 4], 16), ""
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


def request_id(identity: str) -> str:
    """Make the id of a request, which begins with its time in the real ones."""
    return "req_011C" + number58(derived(identity, "request"))[-20:]
