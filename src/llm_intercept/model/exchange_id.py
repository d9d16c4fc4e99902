"""What an exchange is told by: digits that follow from its request, and the moment of its answer.

Knows: digits and seconds. Must not know: what is made of them. Imports nothing heavy.
"""

from __future__ import annotations

from typing import Self


class Identity(str):
    """Hex digits that are the same for the same request, repeat and seed; all but the times of an answer follow.

    It is equal to any other with the same digits: what follows from the moment must not be kept by it.

    Args:
        digits: Hex digits, at least 64.
        second: When the answer is made, in Unix seconds.

    """

    __slots__ = ("second",)
    second: int

    def __new__(cls, digits: str, second: int) -> Self:
        """Make one."""
        made = super().__new__(cls, digits)
        made.second = second
        return made
