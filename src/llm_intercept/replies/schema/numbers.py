"""Numbers within bounds, the nearest to zero first, exact in decimal.

Knows: the numeric keywords. Must not know: other types.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NEIGHBOURS = 12


def numbers(schema: Mapping[str, Any], path: str, *, whole: bool) -> Iterator[int | float]:
    """Yield a few numbers that fulfil the bounds, or raise `SchemaError`."""
    step = _step(schema, whole=whole)
    low, high = _bound(schema, "inimum", max), _bound(schema, "aximum", min)
    found = False
    for value in _around(step, low, high):
        if _is_within(value, schema):
            found = True
            yield _json(value)
    if not found:
        raise SchemaError(path, "no number is within its bounds")


def exact(value: float) -> Fraction:
    """The number that a JSON number's text says."""
    return Fraction(value) if isinstance(value, int) else Fraction(Decimal(str(value)))


def _step(schema: Mapping[str, Any], *, whole: bool) -> Fraction | None:
    if "multipleOf" in schema:
        step = exact(schema["multipleOf"])
        return Fraction(step.numerator) if whole else step
    return Fraction(1) if whole else None


def _bound(schema: Mapping[str, Any], name: str, tighter: Any) -> Fraction | None:
    given = [exact(schema[prefix + name]) for prefix in ("m", "exclusiveM") if prefix + name in schema]
    return tighter(given) if given else None


def _around(step: Fraction | None, low: Fraction | None, high: Fraction | None) -> Iterator[Fraction]:
    """Yield numbers from the one nearest to zero outwards."""
    start = Fraction(0)
    if low is not None and low > 0:
        start = low
    elif high is not None and high < 0:
        start = high
    outwards = -1 if start < 0 else 1
    if step is None:
        yield start
        if low is not None and high is not None:
            yield (low + high) / 2
        yield from (start + sign * outwards * Fraction(n, 2) for n in range(1, NEIGHBOURS) for sign in (1, -1))
        return
    first = math.ceil(start / step) if start >= 0 else math.floor(start / step)
    yield from ((first + sign * outwards * n) * step for n in range(NEIGHBOURS) for sign in (1, -1))


def _is_within(value: Fraction, schema: Mapping[str, Any]) -> bool:
    return (
        ("minimum" not in schema or value >= exact(schema["minimum"]))
        and ("maximum" not in schema or value <= exact(schema["maximum"]))
        and ("exclusiveMinimum" not in schema or value > exact(schema["exclusiveMinimum"]))
        and ("exclusiveMaximum" not in schema or value < exact(schema["exclusiveMaximum"]))
    )


def _json(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
