"""What counts as a number where a user gives one: a bool does not, though Python's is an int.

Knows: numbers. Must not know: what they mean.
"""

from __future__ import annotations

import math
from typing import TypeGuard


def is_int(value: object, least: float = -math.inf, most: float = math.inf) -> TypeGuard[int]:
    """Whether `value` is an int from `least` to `most`."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: object, least: float = -math.inf, most: float = math.inf) -> TypeGuard[float]:
    """Whether `value` is an int or a finite float from `least` to `most`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -math.inf < value < math.inf and least <= value <= most


def whole_in(text: str, usual: int, most: int) -> int:
    """Read a whole number out of a text, as a URL's parameter has it: `usual` where it is none, at the most `most`.

    Python reads no number of more than some thousand digits.
    """
    if not (text.isascii() and text.isdecimal()):
        return usual
    digits = text.lstrip("0") or "0"
    return min(int(digits), most) if len(digits) <= len(str(most)) else most
