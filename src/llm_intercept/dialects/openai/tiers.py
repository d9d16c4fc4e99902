"""In which tier of service OpenAI answers.

Knows: the requests' `service_tier` (OpenAI's reference). Must not know: how an answer is framed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "default"


def answering_tier(asked: Mapping[str, Any]) -> str:
    """Name the tier that a request is answered in: the one it asks for, else the usual one (`auto`)."""
    tier = asked.get("service_tier")
    return tier if isinstance(tier, str) and tier not in {"", "auto"} else DEFAULT
