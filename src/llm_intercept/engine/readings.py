"""Requests as they were read: one that comes again at a server is read once.

Knows: dialects, heads. Must not know: what answers. In process every head is a new one, and nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects import OPAQUE
from llm_intercept.dialects.base import BadRequestError

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest

    Key = tuple[Dialect, int, bytes]

KEPT, LARGEST = 128, 16_384
"""So many requests are kept, of so many bytes at the most."""
_kept: dict[Key, tuple[WireRequest, LLMRequest]] = {}


def read(dialect: Dialect, head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request, or give the one that was read of the same head and body; raises what `Dialect.read` does.

    One that a user's code has seen is read anew: it may have changed what the request holds.
    """
    if head.beside is None:
        return dialect.read(head, content)
    if len(content) > LARGEST:
        return dialect.read(head.own(), content)
    key = (dialect, id(head), content)
    found = _kept.get(key)
    if found is None or found[0] is not head or found[1].is_lent:
        if len(_kept) >= KEPT:
            _kept.clear()
        found = _kept[key] = (head, dialect.read(head.own(), content))
    return found[1]


def as_far_as_read(dialect: Dialect, head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request that is refused: as its API has it, or where that cannot be, as far as all are alike."""
    try:
        return read(dialect, head, content)
    except BadRequestError:
        return read(OPAQUE, head, content)
