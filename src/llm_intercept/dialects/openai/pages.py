"""Pages of a list, as OpenAI cuts them: `after`, `limit`, `order`.

Knows: the parameters and the object `list` (OpenAI's reference). Must not know: what is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import whole_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USUAL, MOST = 20, 100
"""How many entries a page has: where the request does not say, and at the most."""


def page(entries: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Cut the page that is asked for out of a list with the oldest first; after an unknown id there is nothing."""
    listed = list(reversed(entries)) if query.get("order") == "desc" else list(entries)
    after = query.get("after", "")
    if after:
        listed = listed[next((n for n, one in enumerate(listed, 1) if one["id"] == after), len(listed)) :]
    wanted = query.get("limit", "")
    limit = max(whole_in(wanted, USUAL, MOST), 1)
    shown = listed[:limit]
    ends = {"first_id": shown[0]["id"] if shown else None, "last_id": shown[-1]["id"] if shown else None}
    return {"object": "list", "data": shown, **ends, "has_more": len(listed) > limit}
