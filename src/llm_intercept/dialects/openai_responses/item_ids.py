"""The ids of responses and of their items, which have a beginning in common (docs/wire.md 5.2).

Knows: hashes. Must not know: what they name.
"""

from __future__ import annotations

import re
from typing import Any

from llm_intercept.base.json import is_array, is_object, items
from llm_intercept.dialects.shared.hashed_ids import derived

CONTINUED = ("previous_response_id", "conversation")
TIMED = re.compile(r"([a-z]+_0[0-9a-f]{15}0[01])[0-9a-f]{8}")


def response_id(identity: str, created: int) -> str:
    """Make the id of a response."""
    return f"resp_{_made(identity, created, 'response')}"


def item_id(identity: str, created: int, number: object) -> str:
    """Make the id of an item without its prefix: it begins as its response's, and has the same variant."""
    return _made(identity, created, number)


def timeless(asked: dict[str, Any]) -> dict[str, Any]:
    """Take the times out of the ids by which a request continues others: what follows is the same another day."""
    told: dict[str, Any] = {name: _without_time(asked[name]) for name in CONTINUED if name in asked}
    if is_array(asked.get("input")):
        told["input"] = [_without_time(item) for item in items(asked["input"])]
    return {**asked, **told}


def _without_time(named: Any) -> Any:
    """Take the time out of an id, or of that of an object."""
    if is_object(named) and "id" in named:
        return {**named, "id": _without_time(named["id"])}
    return TIMED.sub(r"\1", named) if isinstance(named, str) else named


def _made(identity: str, created: int, name: object) -> str:
    own = derived(identity, "id", name)
    return f"0{identity[10:25]}01{created:08x}{own[:4]}819{identity[25]}{own[4:20]}"
