"""Writes JSON to the letter as Python's `json` does without escaping what UTF-8 can say, only several times as fast.

Knows: where pydantic writes something else, which is small numbers, and what it cannot write. Must not know: takes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic_core import to_json

from llm_intercept.secrets.prefilter import Prefilter

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPACT = (",", ":")
_SMALL_NUMBER = Prefilter(r"(?:^|[:,\[\s])-?(?:[0-9]+(?:\.[0-9]+)?[eE]|0\.0000)")


def indented(value: object, indent: int) -> str:
    """Write a JSON value over several lines."""
    found = _quickly([value], indent)
    return json.dumps(value, ensure_ascii=False, indent=indent) if found is None else found[0]


def compact(values: Sequence[object]) -> list[str]:
    """Write JSON values without spaces, each for itself."""
    found = _quickly(values, None)
    if found is not None:
        return found
    if len(values) == 1:
        return [json.dumps(values[0], ensure_ascii=False, separators=COMPACT)]
    return [text for value in values for text in compact([value])]


def spaced(values: Sequence[object]) -> list[str]:
    """Write JSON values in a line each, with a space after each comma and colon."""
    found = _quickly(values, 0)  # an end of line before each value and after it, and in strings none
    if found is not None:
        return [text.replace(",\n", ", ").replace("\n", "") for text in found]
    if len(values) == 1:
        return [json.dumps(values[0], ensure_ascii=False)]
    return [text for value in values for text in spaced([value])]


def _quickly(values: Sequence[object], indent: int | None) -> list[str] | None:
    """Write values as pydantic does; None if Python writes one of them in another way, or may."""
    try:
        texts = [to_json(value, indent=indent).decode() for value in values]
    except ValueError:
        return None
    return None if _SMALL_NUMBER.may_find("\n".join(texts)) else texts
