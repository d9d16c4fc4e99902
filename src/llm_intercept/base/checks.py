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
