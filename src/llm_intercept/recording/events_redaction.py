"""Redacts a stream's events: each by itself, and then what their deltas say together.

Knows: that a delta's text is a part of a longer one, in every API that streams. Must not know: any API's chunks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import plain
from llm_intercept.dialects import EVERY
from llm_intercept.recording.bodies import LINE, event_value
from llm_intercept.recording.prefilter import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.recording.redaction import Redaction, Secrets
    from llm_intercept.recording.take import Event

DELTAS = frozenset[str]().union(*(each.recorded.delta_fields for each in EVERY))
"""The fields of all APIs together: a secret must not slip through because a stream was taken for another API's."""
INDICES = tuple(dict.fromkeys(index for each in EVERY for index in each.recorded.indices))
Parts = tuple[str, list[dict[str, Any]]]
NONE = (None,) * len(INDICES)


@dataclass(slots=True)
class _Opened:
    """An event whose data can be changed."""

    event: Event
    value: Any

    def closed(self) -> Event:
        """Make the event again, to the letter if nothing was changed."""
        if self.event.text is None:
            return self.event.model_copy(update={"data": self.value})
        return self.event if self.value is None else self.event.model_copy(update={"text": self._text()})

    def _text(self) -> str:
        text = self.event.text or ""
        found = LINE.search(text)
        if found is None or json.loads(found[1]) == self.value:
            return text
        written = json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))
        return text[: found.start(1)] + written + text[found.end(1) :]


def redacted_events(events: tuple[Event, ...], redaction: Redaction, secrets: Secrets) -> tuple[Event, ...]:
    """Redact events; a secret that several deltas say together is said redacted by the first of them."""
    if _is_clean(events, redaction, secrets):
        return events
    opened = [_open(event, redaction, secrets) for event in events]
    for key, parts in _joined([one.value for one in opened]):
        whole = _whole(key, parts)
        clean = redaction.text(whole, secrets)
        if clean != whole:
            for number, part in enumerate(parts):
                part[key] = "" if number else clean
    return tuple(one.closed() for one in opened)


def _is_clean(events: tuple[Event, ...], redaction: Redaction, secrets: Secrets) -> bool:
    """Tell at a glance whether nothing is secret in what the events say each and together."""
    said = list(map(event_value, events))
    text = document([said, [_whole(*parts) for parts in _joined(said)]])
    return text is not None and redaction.is_clean(text, secrets)


def _open(event: Event, redaction: Redaction, secrets: Secrets) -> _Opened:
    value = event_value(event)
    if event.text is not None and value is event.text:
        return _Opened(event.model_copy(update={"text": redaction.text(event.text, secrets)}), None)
    return _Opened(event, plain(redaction.value(value, secrets)))


def _joined(values: list[Any]) -> list[Parts]:
    """Gather the deltas that belong together: under the same names, with the same indices."""
    deltas = _Deltas()
    for value in values:
        deltas.gather(value, 0)
    return [(key, parts) for (_, key), parts in deltas.found.items() if len(parts) > 1]


def _whole(key: str, parts: list[dict[str, Any]]) -> str:
    return "".join([part[key] for part in parts])


class _Deltas:
    """The deltas of a stream, by their places: a place is a number for the names and indices that lead to it."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, str], list[dict[str, Any]]] = {}
        self._places: dict[Any, int] = {}

    def gather(self, value: Any, place: int) -> None:
        """Add those of a JSON value; this is done for each chunk that is recorded."""
        if value.__class__ is list:
            for item in value:
                self.gather(item, place)
        elif value.__class__ is dict:
            get: Callable[[str], Any] = value.get
            indices = tuple(map(get, INDICES))
            here = place if indices == NONE else self._place(place, indices)
            for key, item in value.items():
                kind = item.__class__
                if kind is str:
                    if key in DELTAS:
                        self.found.setdefault((here, key), []).append(value)
                elif kind is dict or kind is list:
                    self.gather(item, self._place(here, key))

    def _place(self, around: int, step: Any) -> int:
        try:
            return self._places.setdefault((around, step), len(self._places) + 1)
        except TypeError:  # an index that is an object or a list
            return self._places.setdefault((around, repr(step)), len(self._places) + 1)
