"""Values that are kept by kind and id: few, small together, and each interceptor's own.

Knows: ids and sizes. Must not know: what is kept, any API.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1000
"""How many values one interceptor keeps; of more, the oldest are forgotten."""
LARGEST = 64 * 2**20
"""How many bytes they may have together."""

Key = tuple[str, str]


@dataclass(slots=True)
class Stored:
    """What one interceptor keeps, the oldest first; from whatever thread."""

    most: int = MOST
    largest: int = LARGEST
    _kept: dict[Key, tuple[Any, int]] = field(default_factory=dict[Key, tuple[Any, int]])
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, kind: str, key: str, value: Any, size: int) -> None:
        """Keep a value of so many bytes; one of the same kind and id is replaced at its place."""
        with self._lock:
            _, before = self._kept.get((kind, key), (None, 0))
            self._kept[kind, key] = value, size
            self._size += size - before
            while len(self._kept) > self.most or self._size > self.largest:
                oldest = next(iter(self._kept))
                self._size -= self._kept.pop(oldest)[1]

    def get(self, kind: str, key: str) -> Any:
        """Return a value; None if it is not there."""
        return self._kept.get((kind, key), (None, 0))[0]

    def drop(self, kind: str, key: str) -> bool:
        """Forget a value; whether it was there."""
        with self._lock:
            found = self._kept.pop((kind, key), None)
            self._size -= found[1] if found is not None else 0
            return found is not None

    def all(self, kind: str) -> list[Any]:
        """Return all values of a kind, the oldest first."""
        with self._lock:
            return [value for (one, _), (value, _) in self._kept.items() if one == kind]


@dataclass(slots=True)
class Shelves:
    """What a request may ask for: all that the interceptors around it keep; new values go to the one that answers.

    Attributes:
        stores: Theirs, the innermost first.
        own: That of the one that answers.

    """

    stores: Sequence[Stored]
    own: Stored

    def keep(self, kind: str, key: str, value: Any, size: int) -> None:
        """Keep a value where one of the same kind and id is, else with the interceptor that answers."""
        self._holder(kind, key, self.own).keep(kind, key, value, size)

    def get(self, kind: str, key: str) -> Any:
        """Return a value; None if nobody has it."""
        return self._holder(kind, key, self.own).get(kind, key)

    def drop(self, kind: str, key: str) -> bool:
        """Forget a value; whether it was there."""
        return self._holder(kind, key, self.own).drop(kind, key)

    def all(self, kind: str) -> list[Any]:
        """Return all values of a kind, the outermost interceptor's first."""
        return [value for store in reversed(self.stores) for value in store.all(kind)]

    def _holder(self, kind: str, key: str, default: Stored) -> Stored:
        return next((store for store in self.stores if store.get(kind, key) is not None), default)
