"""What tells one exchange from another, whatever the order they come in.

Knows: request bodies, hashes. Must not know: what is made of an identity.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_IN_IDENTITY = frozenset({"stream", "stream_options"})


class Identities:
    """Gives each exchange its identity: 80 hex digits, the same for the same request, seed and repeat."""

    def __init__(self) -> None:
        self._repeats: dict[tuple[str, bool], int] = {}
        self._lock = threading.Lock()

    def digest(self, body: Mapping[str, Any], seed: int) -> str:
        """Hash a request and the seed; the JSON and the stream of one request agree."""
        kept = {key: body[key] for key in sorted(body) if key not in NOT_IN_IDENTITY}
        return hashlib.blake2b(encode(kept), digest_size=40, key=str(seed).encode()).hexdigest()

    def next(self, digest: str, *, stream: bool) -> str:
        """Return the identity of the next exchange with this digest."""
        with self._lock:
            repeat = self._repeats.get((digest, stream), 0)
            self._repeats[digest, stream] = repeat + 1
        return digest if repeat == 0 else hashlib.blake2b(f"{digest}{repeat}".encode(), digest_size=40).hexdigest()
