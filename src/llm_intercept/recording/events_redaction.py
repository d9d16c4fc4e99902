"""Redacts a stream's events: each by itself, and then what their deltas say together.

Knows: that a delta's text is a part of a longer one, in every API that streams. Must not know: any API's chunks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from llm_intercept.declared import dataclass
from llm_intercept.jsontext import is_array, is_object, items, mapping
from llm_intercept.recording.take import Event, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.redaction import Redaction, Secrets

DELTAS = frozenset(
    {"content", "refusal", "reasoning", "reasoning_content", "arguments", "input", "text", "delta", "partial_json"}
)
INDICES = ("index", "output_index", "content_index", "item_id")
DATA = re.compile(r"(?m)^data: ?(.*)$")


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
        found = DATA.search(text)
        if found is None or json.loads(found[1]) == self.value:
            return text
        written = json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))
        return text[: found.start(1)] + written + text[found.end(1) :]


def redacted_events(events: tuple[Event, ...], redaction: Redaction, secrets: Secrets) -> tuple[Event, ...]:
    """Redact events; a secret that several deltas say together is said redacted by the first of them."""
    opened = [_open(event, redaction, secrets) for event in events]
    for parts in _joined(opened).values():
        whole = "".join(part[key] for part, key in parts)
        clean = redaction.text(whole, secrets)
        if clean != whole:
            for number, (part, key) in enumerate(parts):
                part[key] = "" if number else clean
    return tuple(one.closed() for one in opened)


def _open(event: Event, redaction: Redaction, secrets: Secrets) -> _Opened:
    value: Any = event.data
    if event.text is not None:
        value = _data(event.text)
        if value is None:
            return _Opened(event.model_copy(update={"text": redaction.text(event.text, secrets)}), None)
    return _Opened(event, plain(redaction.value(value, secrets)))


def _data(text: str) -> Any:
    """Read the one data line of an event, if it has one and that is a JSON object."""
    lines = DATA.findall(text)
    try:
        value = json.loads(lines[0]) if len(lines) == 1 else None
    except (ValueError, RecursionError):
        return None
    return value if is_object(value) else None


def _joined(opened: list[_Opened]) -> dict[tuple[Any, ...], list[tuple[dict[str, Any], str]]]:
    """Gather the deltas that belong together: under the same names, with the same indices."""
    found: dict[tuple[Any, ...], list[tuple[dict[str, Any], str]]] = {}
    for one in opened:
        for path, part, key in _deltas(one.value, ()):
            found.setdefault((*path, key), []).append((part, key))
    return {path: parts for path, parts in found.items() if len(parts) > 1}


def _deltas(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], str]]:
    if is_array(value):
        for item in items(value):
            yield from _deltas(item, path)
    if is_object(value):
        part: dict[str, Any] = value
        path = (*path, *(mapping(value).get(name) for name in INDICES))
        for key, item in part.items():
            if key in DELTAS and isinstance(item, str):
                yield path, part, key
            else:
                yield from _deltas(item, (*path, key))
