"""Whether two takes say the same, so that one need not be written over the other.

Knows: what differs each time whatever is answered. Must not know: files.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects import all_dialects
from llm_intercept.recording.compare import differences
from llm_intercept.recording.take import document_of

if TYPE_CHECKING:
    from llm_intercept.recording.take import Take

CHANGING_HEADERS = frozenset({"user-agent"}.union(*(each.recorded.changing_headers for each in all_dialects())))

CHANGING_FIELDS = frozenset[str]().union(*(each.recorded.changing_fields for each in all_dialects()))


def same(one: Take, other: Take) -> bool:
    """Whether two takes differ only in what differs each time: times, gaps, versions, request ids."""
    return not differences(_lasting(one), _lasting(other))


def _lasting(take: Take) -> Any:
    document = document_of(take)
    for key in ("recorded_at", "versions"):
        document.pop(key, None)
    response = document["response"]
    response.pop("after_ms", None)
    for event in response.get("events", ()):
        event.pop("gap_ms")
    for side in (document["request"], response):
        headers = side.get("headers", {})
        side["headers"] = {key: value for key, value in headers.items() if not _changes_anyway(key)}
    return document


def _changes_anyway(header: str) -> bool:
    return any(fnmatchcase(header, one) for one in CHANGING_HEADERS)
