"""A value that is made when it is first needed, without a lock while it is made.

Knows: threads. Must not know: what is made.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Once(Generic[T]):
    """One value for all threads; where several make it at once, the first that has it counts.

    With a lock, whoever makes the value may wait for an import under way in a thread that needs the value before its
    import can end. `functools.cached_property` has such a lock (until Python 3.12), and later none that makes it one.

    Args:
        make: Makes the value.

    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._values: tuple[T, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether there is a value yet."""
        return bool(self._values)

    def get(self) -> T:
        """Return the value."""
        if not self._values:
            made = self._make()
            with self._lock:
                self._values = self._values or (made,)
        return self._values[0]
