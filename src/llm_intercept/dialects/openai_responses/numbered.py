"""Frames the events of a stream: numbered, their fields by name, their deltas padded (docs/wire.md 5.1).

Knows: the framing. Must not know: what is said.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.padding import MODULUS, padding, quoted
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.dialects.openai_responses.telling import Event, Run


class Numbered:
    """The events of one stream, each with its number.

    Args:
        first: Which of the paddings comes first.
        pads: Whether deltas are padded.

    """

    def __init__(self, first: int, *, pads: bool) -> None:
        self._first, self._pads = first, pads
        self.number = 0

    def event(self, event: Event) -> bytes:
        """Frame an event."""
        fields = event.fields
        if self._pads and "delta" in fields:
            fields = {**fields, "obfuscation": self._padding(fields["delta"], self.number)}
        framed = framed_event(event.type, {**fields, "sequence_number": self.number})
        self.number += 1
        return framed

    def run(self, run: Run) -> Iterator[bytes | Awaited]:
        """Frame events that differ in their delta: texts are put between what all have in common."""
        pieces = self._common(run)
        for texts in run.texts:
            if isinstance(texts, Awaited):
                yield texts
            else:
                yield from [self._spliced(pieces, text) for text in texts]

    def _common(self, run: Run) -> list[str]:
        """Write what the events of a run have in common: what comes before the delta, the padding and the number."""
        told = {**dict.fromkeys(("delta", "sequence_number", *(("obfuscation",) if self._pads else ()))), **run.fields}
        pieces = [f'event: {run.type}\ndata: {{"type":"{run.type}"']
        for name in sorted(told):
            pieces[-1] += f',"{name}":'
            if name in run.fields:
                pieces[-1] += encode(run.fields[name]).decode()
            else:
                pieces.append("")
        return pieces

    def _spliced(self, pieces: list[str], text: str) -> bytes:
        number = self.number
        self.number += 1
        said = [f'"{self._padding(text, number)}"', str(number)] if self._pads else [str(number)]
        return _joined(pieces, [quoted(text), *said], text)

    def _padding(self, delta: str, number: int) -> str:
        return padding(self._first + number, -len(delta) % MODULUS)


def _joined(pieces: list[str], said: list[str], text: str) -> bytes:
    """Put texts between pieces, the first of which is `text` as JSON."""
    try:
        return ("".join(chain.from_iterable(zip(pieces, said, strict=False))) + pieces[-1] + "}\n\n").encode()
    except UnicodeEncodeError:  # a lone surrogate
        return _joined(pieces, [encode(text).decode(), *said[1:]], "")


def framed_event(kind: str, fields: dict[str, Any]) -> bytes:
    """Frame an event: its type, then its fields by name."""
    data = {"type": kind, **{name: fields[name] for name in sorted(fields)}}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode(data))
