"""The APIs that can be answered: each a folder, listed in `rooms.py`. What none of them claims is `OPAQUE`'s."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llm_intercept.dialects.opaque import Opaque
from llm_intercept.dialects.rooms import ROOMS, rooms_at

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.dialects.key_headers import KeyHeader
    from llm_intercept.model.wire import WireRequest

__all__ = ["OPAQUE", "all_dialects", "all_keys", "api_names", "claimed_by", "dialect_of", "home_of", "maker_of"]


def all_dialects() -> tuple[Dialect, ...]:
    """Load all APIs, in the order in which they are asked whose a request is, and the null dialect after them.

    It is for what speaks of any API at once, such as recordings; an answer needs one.
    """
    return (*(one for room in ROOMS for one in room.loaded.get()), OPAQUE)


OPAQUE = Opaque(all_dialects)


def claimed_by(head: WireRequest) -> Dialect | None:
    """Find the dialect that answers requests like this one; None if there is none. Of a head that is kept, once."""
    known = head.beside
    if known is None:
        return _claimed_by(head)
    if claimed_by not in known:
        known[claimed_by] = _claimed_by(head)
    found: Dialect | None = known[claimed_by]
    return found


def _claimed_by(head: WireRequest) -> Dialect | None:
    for room in rooms_at(head.path):
        for dialect in room.loaded.get():
            if dialect.claims(head):
                return dialect
    return None


def dialect_of(head: WireRequest) -> Dialect:
    """Find the dialect of a request: the one that claims it, or the null dialect."""
    return claimed_by(head) or OPAQUE


def api_names() -> tuple[str, ...]:
    """Name all APIs that a request may be one of."""
    answered = (name for room in ROOMS for name in room.names)
    return tuple(dict.fromkeys((*answered, *OPAQUE.names)))


def maker_of(made_by: str) -> Dialect | None:
    """Find the API that an SDK's class is an answer of; None if nobody here knows it."""
    return next((one for one in all_dialects() if one.objects and made_by.startswith(one.objects)), None)


def all_keys() -> tuple[KeyHeader, ...]:
    """Say how programs show their keys to which hosts, of one host the usual way first."""
    return tuple(dict.fromkeys(key for one in all_dialects() for key in one.keys))


def home_of(head: WireRequest) -> str:
    """Name the host that a request at a server of another name is meant for; empty where nobody here knows.

    Several makers have some paths: what the head itself says of them comes first, then the order of the dialects.
    """
    dialect = claimed_by(head)
    if dialect is not None:
        return dialect.home
    homes = dict.fromkeys(one.home for one in all_dialects() if one.home)
    there = {home: replace(head, host=home, url=f"https://{home}{head.path}") for home in homes}
    claimed = next((home for home, one in there.items() if claimed_by(one) is not None), "")
    return claimed or OPAQUE.home_of(head) or next((home for home, one in there.items() if OPAQUE.called(one)), "")
