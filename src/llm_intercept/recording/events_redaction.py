"""Redacts what comes in events or lines: each by itself, and what they say together.

Knows: how an event or a line carries JSON or text. Must not know: any API's chunks, what a secret is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from llm_intercept.base.framings import JSON_LINES, SSE
from llm_intercept.base.json import is_array, is_object, loads
from llm_intercept.recording.joined import redacted_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llm_intercept.base.framings import Framing
    from llm_intercept.recording.take import Event
    from llm_intercept.secrets.redactor import Redactor

BEGINNINGS = frozenset({"{", "["})
PLAIN = ""
"""The name of what an event says that is no JSON."""


@dataclass(slots=True)
class _Carrier:
    """A text that carries a value: JSON in one or more of its lines, or else what is in them, as an object."""

    text: str
    value: Any
    spans: list[tuple[int, int]]
    is_json: bool

    def saying(self, value: Any, redactor: Redactor) -> str:
        """Write the text with another value; the rest of it is redacted by itself."""
        said: list[str | None] = [self.text[begin:end] for begin, end in self.spans]
        if value is not self.value:
            written = [_written(value, self.text)] if self.is_json else value[PLAIN].split("\n")
            said = [*written, *[None] * (len(said) - len(written))]
        pieces, at = list[str](), 0
        for (begin, end), new in zip(self.spans, said, strict=True):
            before = self.text[at:begin]
            pieces += [redactor.text(before), new] if new is not None else [_without_field(before)]
            at = end
        return "".join([*pieces, redactor.text(self.text[at:])])


def redacted_events(events: Sequence[Event], redactor: Redactor, framing: Framing) -> tuple[Event, ...]:
    """Redact events; what several of them say together is redacted together, and each keeps its part of the rest."""
    carriers = [None if event.text is None else _carrier(event.text, framing) for event in events]
    values = [event.data if one is None else one.value for event, one in zip(events, carriers, strict=True)]
    clean = redacted_together(values, redactor)
    return tuple(_said_anew(*each, redactor) for each in zip(events, carriers, clean, strict=True))


def _said_anew(event: Event, carrier: _Carrier | None, value: Any, redactor: Redactor) -> Event:
    """Make an event with another value, or give it as it is, to the letter, if it says nothing secret."""
    if carrier is None:
        return event if value is event.data else event.model_copy(update={"data": value})
    text = carrier.saying(value, redactor)
    return event if text == event.text else event.model_copy(update={"text": text})


def redacted_text(text: str, redactor: Redactor) -> str:
    """Redact a body that is no JSON: lines that are, events, a JSON document that broke off, or any text."""
    framing = SSE if SSE.said.search(text) else JSON_LINES
    cut = [one for one in re.split(r"(?<=\n\n)|(?<=\r\n\r\n)" if framing is SSE else r"(?<=\n)", text) if one]
    carriers = [_carrier(one, framing) for one in cut]
    if len(cut) > 1 and any(one.is_json for one in carriers):
        clean = redacted_together([one.value for one in carriers], redactor)
        return "".join([one.saying(value, redactor) for one, value in zip(carriers, clean, strict=True)])
    broken = _partial(text) if text[:1] in {"[", "{"} else None
    if broken is None:
        return redactor.text(text)
    (clean_one,) = redacted_together([broken], redactor)
    return redactor.text(text) if clean_one is broken else json.dumps(clean_one, ensure_ascii=False)


def _carrier(text: str, framing: Framing) -> _Carrier:
    """Find what a text carries; JSON that broke off in its last text is read as far as it goes."""
    spans = [found.span(1) for found in framing.said.finditer(text)]
    said = "\n".join([text[begin:end] for begin, end in spans])
    value = _read(said, loads)
    if value is None and spans and spans[-1][1] == len(text):
        value = _partial(said)
    return _Carrier(text, {PLAIN: said} if value is None else value, spans, is_json=value is not None)


def _partial(said: str) -> Any:
    return _read(said, lambda text: from_json(text, allow_partial="trailing-strings"))


def _read(said: str, read: Callable[[str], Any]) -> Any:
    if said.lstrip()[:1] not in BEGINNINGS:
        return None
    try:
        value = read(said)
    except ValueError:
        return None
    return value if is_object(value) or is_array(value) else None


def _written(value: Any, text: str) -> str:
    """Write JSON on one line, with spaces if it had some."""
    spaced = re.search(r"\"\s*:\s", text) is not None
    return json.dumps(value, ensure_ascii=False, separators=None if spaced else (",", ":"))


def _without_field(before: str) -> str:
    """Drop the field of a line whose data has gone into an earlier one."""
    return re.sub(r"\r?\n?data:[ ]?\Z|\r?\n\Z", "", before)
