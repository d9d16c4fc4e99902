"""What redaction took out of a value: the secrets themselves, so that they are known where they turn up again.

Knows: JSON, the mark. Must not know: what a secret looks like.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.secrets.looks import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGINNINGS = frozenset({"{", "["})


def taken_out(was: Any, now: Any) -> Iterator[str]:
    """Give what a value had where its redacted form has the mark."""
    if was is now or was == now:
        return
    if is_object(was) and is_object(now):
        for (name, one), (new, other) in zip(mapping(was).items(), mapping(now).items(), strict=False):
            yield from taken_out(name, new)
            yield from taken_out(one, other)
    elif is_array(was) and is_array(now):
        for one, other in zip(items(was), items(now), strict=False):
            yield from taken_out(one, other)
    elif isinstance(was, str) and isinstance(now, str):
        yield from _of_text(was, now)
    elif is_number(was) and now == MARK:
        yield str(was)


def _of_text(was: str, now: str) -> Iterator[str]:
    values = inner(was, now)
    if values is not None:
        yield from taken_out(*values)
        return
    first, *kept = now.split(MARK)
    at = len(first)
    for number, text in enumerate(kept):
        end = len(was) - len(text) if number == len(kept) - 1 else was.find(text, at)
        if end < at:
            return
        yield was[at:end]
        at = end + len(text)


def inner(was: str, now: str) -> tuple[Any, Any] | None:
    """Read two texts that are JSON; None if one is none."""
    if was[:1] not in BEGINNINGS:
        return None
    try:
        return json.loads(was), json.loads(now)
    except (ValueError, RecursionError):
        return None
