"""What differs between two requests, or two takes, by field path; and which of many is the nearest.

Knows: JSON. Must not know: what becomes of the answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from llm_intercept.base.json import is_array, is_object, is_same, items, mapping
from llm_intercept.shown import cut, hidden, shorten

ABSENT = object()
SHOWN = 60
COMPARED = 400  # characters of two texts that are held against each other to say how near they are


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: its path, what it was and what it is; `ABSENT` where there is none."""

    path: str
    was: Any
    now: Any

    def __str__(self) -> str:
        if self.was is ABSENT:
            return f"{self.path}: recorded without; now {_said(self.now)}"
        if self.now is ABSENT:
            return f"{self.path}: recorded {_said(self.was)}; now without"
        if isinstance(self.was, str) and isinstance(self.now, str):
            return f"{self.path}: {_texts(self.was, self.now)}"
        return f"{self.path}: recorded {_said(self.was)}; now {_said(self.now)}"


def differences(was: Any, now: Any, path: str = "") -> list[Difference]:
    """List the fields that differ, in the order of the first."""
    if was is now:
        return []
    if is_object(was) and is_object(now):
        return _in_objects(dict(mapping(was)), dict(mapping(now)), path)
    if is_array(was) and is_array(now):
        return _in_arrays(items(was), items(now), path)
    return [] if is_same(was, now) else [Difference(path or "$", was, now)]


def distance(found: list[Difference]) -> float:
    """Say how far apart two requests are: one for each field, less where texts are alike."""
    return sum(_apart(one) for one in found)


def _in_objects(was: dict[str, Any], now: dict[str, Any], path: str) -> list[Difference]:
    prefix = f"{path}." if path else ""
    found: list[Difference] = []
    for key in dict.fromkeys((*was, *now)):
        found += differences(was.get(key, ABSENT), now.get(key, ABSENT), prefix + key)
    return found


def _in_arrays(was: list[Any], now: list[Any], path: str) -> list[Difference]:
    """Hold elements against each other; where one has more, what both begin and end with is the same."""
    begin, end = (0, 0) if len(was) == len(now) else _in_common(was, now)
    found: list[Difference] = []
    for index in range(begin, max(len(was), len(now)) - end):
        one = was[index] if index < len(was) - end else ABSENT
        other = now[index] if index < len(now) - end else ABSENT
        found += differences(one, other, f"{path}[{index}]")
    return found


def _in_common(was: list[Any], now: list[Any]) -> tuple[int, int]:
    """Count the elements that two arrays both begin and both end with."""
    begin = sum(1 for _ in takewhile(_are_same, zip(was, now, strict=False)))
    rest = zip(reversed(was[begin:]), reversed(now[begin:]), strict=False)
    return begin, sum(1 for _ in takewhile(_are_same, rest))


def _are_same(pair: tuple[Any, Any]) -> bool:
    return is_same(*pair)


def _apart(difference: Difference) -> float:
    was, now = difference.was, difference.now
    if isinstance(was, str) and isinstance(now, str):
        return 1.05 - SequenceMatcher(None, was[:COMPARED], now[:COMPARED], autojunk=False).quick_ratio()
    return 1.0


def _texts(was: str, now: str) -> str:
    """Say two texts from a little before where they part."""
    was, now = hidden(was), hidden(now)  # what begins in the midst of a secret would not look like one
    start = next((index for index, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), None)
    begin = max(0, (min(len(was), len(now)) if start is None else start) - SHOWN // 3)
    lead = "…" if begin else ""
    return f"recorded {shorten(lead + was[begin:], SHOWN)}; now {shorten(lead + now[begin:], SHOWN)}"


def _said(value: Any) -> str:
    if isinstance(value, str):
        return shorten(value, SHOWN)
    return cut(json.dumps(value, ensure_ascii=False, default=repr), SHOWN)
