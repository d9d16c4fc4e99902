"""What Cloudflare adds to an answer on its way, in front of more than one maker's API.

Knows: its headers. Must not know: any API's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity

BEGINNING = 1_350_000_000
"""From here on, 2012-10-12, a ray's hundredths of a second are counted (docs/wire.md 2.3.7)."""
PLACE = "IAD"


def ray(identity: Identity) -> str:
    """Make the value of `cf-ray`: when the request came, a number, and the airport that is near."""
    hundredths = 100 * (identity.second - BEGINNING) + int(identity[32:34], 16) % 100
    return f"{hundredths % (1 << 36):09x}{identity[36:43]}-{PLACE}"
