"""Redacts JSON values that say a text in pieces: the deltas of a stream, the tokens of logprobs, the lines of a body.

The pieces at one place are joined, the whole is redacted, and what is left of it goes back to the pieces it came from.
A place is the names and indices that lead to a text, whatever the API: positions in arrays, and the values' order, make
no other place.

Knows: that a text may be a part of a longer one. Must not know: events, any API's chunks.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, plain
from llm_intercept.dialects import all_dialects
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.prefilter import document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llm_intercept.secrets.redactor import Redactor

INDICES = tuple(dict.fromkeys(index for each in all_dialects() for index in each.recorded.indices))
NONE = (None,) * len(INDICES)
_INDICES = frozenset(INDICES)
Piece = tuple[Any, Any]
"""What holds a text, an object or an array, and the key or position at which it does."""


def redacted_together(values: Sequence[Any], redactor: Redactor) -> list[Any]:
    """Redact JSON values each by itself and what they say together; returns the same ones if nothing is secret."""
    given = list(values)
    if _is_clean(given, redactor):
        return given
    known = [plain(value) for value in given]
    while True:
        for pieces in _places(known):
            _redact(pieces, redactor)
        clean = [plain(redactor.value(value)) for value in known]
        if clean == known:
            return [one if one == new else new for one, new in zip(given, clean, strict=True)]
        known = clean


def _is_clean(values: list[Any], redactor: Redactor) -> bool:
    """Tell at a glance whether nothing is secret in what the values say each and together."""
    text = document([values, list(map(_whole, _places(values)))])
    return text is not None and redactor.is_clean(text)


def _whole(pieces: list[Piece]) -> str:
    return "".join([holder[key] for holder, key in pieces])


def _redact(pieces: list[Piece], redactor: Redactor) -> None:
    whole = _whole(pieces)
    clean = redactor.text(whole)
    if clean != whole:
        for (holder, key), text in zip(
            pieces, cut_as(whole, clean, [len(each[key]) for each, key in pieces]), strict=True
        ):
            _put(holder, key, text)


def _put(holder: Any, key: Any, text: str) -> None:
    """Put a text in the place of another, and let follow what says the same beside it.

    That is its bytes as a list of numbers, and what might have been said instead: lists of objects of the same kind.
    """
    was, holder[key] = holder[key], text
    if was == text or not is_object(holder):
        return
    for name, value in mapping(holder).items():
        beside = items(value)
        if beside and beside == list(was.encode(errors="replace")):
            holder[name] = list(text.encode(errors="replace"))
        elif beside and all(is_object(one) and key in mapping(one) for one in beside):
            holder[name] = []


def cut_as(whole: str, clean: str, lengths: Sequence[int]) -> list[str]:
    """Cut a redacted text so that each piece keeps what it said; a mark goes to the piece in which the secret began.

    Args:
        whole: What the pieces said together.
        clean: The same, redacted.
        lengths: How many characters each piece had.

    """
    ends = list(accumulate(lengths))
    cut, number, at = [""] * len(ends), 0, 0
    *firsts, last = clean.split(MARK)
    for index, kept in enumerate([*firsts, last]):
        begin = len(whole) - len(kept) if index == len(firsts) else whole.find(kept, at)
        if begin < at or not whole.startswith(kept, begin):
            return [clean, *[""] * (len(ends) - 1)]
        if index:
            cut[number] += MARK
        for place in range(number, len(ends)):
            number = place
            cut[place] += whole[max(begin, ends[place] - lengths[place]) : min(begin + len(kept), ends[place])]
            if ends[place] > begin + len(kept):
                break
        at = begin + len(kept)
    return cut


def _places(values: list[Any]) -> list[list[Piece]]:
    """Gather the texts that belong together; what is said the same each time is no text in pieces."""
    places = _Places()
    for value in values:
        places.gather(value, 0)
    return [pieces for pieces in places.found.values() if len(pieces) > 1 and _differ(pieces)]


def _differ(pieces: list[Piece]) -> bool:
    holder, key = pieces[0]
    first = holder[key]
    return any(holder[key] != first for holder, key in pieces)


class _Places:
    """Texts by their places: a place is a number for the names and indices that lead to it."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, str], list[Piece]] = {}
        self._places: dict[Any, int] = {}

    def gather(self, value: Any, place: int) -> None:
        """Add those of a JSON value; this is done for each chunk that is recorded."""
        if value.__class__ is list:
            for position, item in enumerate(value):
                if item.__class__ is str:
                    self.found.setdefault((place, ""), []).append((value, position))
                else:
                    self.gather(item, place)
        elif value.__class__ is dict:
            get: Callable[[str], Any] = value.get
            indices = NONE if _INDICES.isdisjoint(value) else tuple(map(get, INDICES))
            here = place if indices == NONE else self._place(place, indices)
            for key, item in value.items():
                kind = item.__class__
                if kind is str:
                    self.found.setdefault((here, key), []).append((value, key))
                elif kind is dict or kind is list:
                    self.gather(item, self._place(here, key))

    def _place(self, around: int, step: Any) -> int:
        try:
            return self._places.setdefault((around, step), len(self._places) + 1)
        except TypeError:  # an index that is an object or a list
            return self._places.setdefault((around, repr(step)), len(self._places) + 1)
