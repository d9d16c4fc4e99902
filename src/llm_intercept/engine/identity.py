"""What tells one exchange from another, whatever the order they come in.

Knows: hashes. Must not know: what is made of an identity.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.base.recent import RecentCounts
from llm_intercept.model.exchange_id import Identity

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.timing.clock import Clock

REMEMBERED = 20_000
"""Distinct requests whose repeats are counted; after as many others, one has the ids of its first time again."""


def told_now(digits: str, clock: Clock) -> Identity:
    """Tell an exchange by its digits and the moment of its answer."""
    return Identity(digits, clock.second())


def of_text(text: str) -> str:
    """Make the digits of what is always said in the same words."""
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=40).hexdigest()


class Identities:
    """Gives each exchange its identity: 80 hex digits, the same for the same request, seed and repeat."""

    def __init__(self) -> None:
        self._repeats: RecentCounts[int] = RecentCounts(REMEMBERED)
        self._lock = threading.Lock()

    def of(self, dialect: Dialect, request: LLMRequest, seed: int) -> str:
        """Hash what makes a request the same one, once if it comes again."""
        known = request.beside
        found: str | None = known.get(seed)
        if found is None:
            found = known[seed] = self.digest(dialect.essence(request), seed)
        return found

    def digest(self, essence: Any, seed: int) -> str:
        """Hash what a dialect says makes a request the same one, and the seed."""
        return hashlib.blake2b(encode(essence), digest_size=40, key=str(seed).encode()).hexdigest()

    def next(self, digest: str, api: str, *, stream: bool) -> str:
        """Return the identity of the next exchange with this digest; each API counts its own."""
        key = hash((digest, api, stream))  # an int takes a fifth of the memory
        with self._lock:
            repeat = self._repeats[key]
            self._repeats[key] = repeat + 1
        return digest if repeat == 0 else hashlib.blake2b(f"{digest}{repeat}".encode(), digest_size=40).hexdigest()
