"""How much work a schema may make: a bomb is refused with its path before it takes time or memory.

Knows: counting. Must not know: what a step is.
"""

from __future__ import annotations

from llm_intercept.errors import SchemaError

MOST = 60_000
"""Steps for one schema: some half a second."""
LARGEST = 100_000
"""Values in one instance, and characters in one string of it."""


class Steps:
    """The steps that are left for one schema; `at` is the place in it that is worked on."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most
        self.at = "#"

    def take(self, count: int = 1) -> None:
        """Take some; raises `SchemaError` when there are none left."""
        self._left -= count
        if self._left < 0:
            raise SchemaError(self.at, f"it takes more than {MOST:,} steps to find an instance, which is given up")
