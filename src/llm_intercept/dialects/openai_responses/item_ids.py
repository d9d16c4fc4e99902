"""The ids of responses and of their items, which have a beginning in common (docs/wire.md 5.2).

Knows: hashes. Must not know: what they name.
"""

from __future__ import annotations

from llm_intercept.dialects.shared.hashed_ids import derived


def response_id(identity: str, created: int) -> str:
    """Make the id of a response."""
    return f"resp_{_made(identity, created, 'response')}"


def item_id(identity: str, created: int, number: object) -> str:
    """Make the id of an item without its prefix: it begins as its response's, and has the same variant."""
    return _made(identity, created, number)


def _made(identity: str, created: int, name: object) -> str:
    own = derived(identity, "id", name)
    return f"0{identity[10:25]}01{created:08x}{own[:4]}819{identity[25]}{own[4:20]}"
