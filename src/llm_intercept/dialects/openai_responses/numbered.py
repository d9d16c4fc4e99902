"""Frames the events of a stream: numbered, their fields by name, their deltas padded (docs/wire.md 5.1).

Knows: the framing. Must not know: what is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.padding import MODULUS, Padding, quoted
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.dialects.openai_responses.telling import Event, Run


class Numbered:
    """The events of one stream, each with its number.

    Args:
        identity: What the paddings follow from.
        pads: Whether deltas are padded.

    """

    def __init__(self, identity: str, *, pads: bool) -> None:
        self._padding, self._pads = Padding(identity), pads
        self.number = 0

    def event(self, event: Event) -> bytes:
        """Frame an event."""
        fields = event.fields
        if self._pads and "delta" in fields:
            fields = {**fields, "obfuscation": self._padding.letters()[: -len(fields["delta"]) % MODULUS]}
        framed = framed_event(event.type, {**fields, "sequence_number": self.number})
        self.number += 1
        return framed

    def run(self, run: Run) -> Iterator[bytes | Awaited]:
        """Frame events that differ in their delta: texts are put between what all have in common."""
        before, between, after, end = self._common(run)
        for texts in run.texts:
            if isinstance(texts, Awaited):
                yield texts
                continue
            first, self.number = self.number, self.number + len(texts)
            letters = self._padding.letters(len(texts)) if self._pads else ""
            for place, text in enumerate(texts):
                at = MODULUS * place
                padded = letters[at : at + -len(text) % MODULUS]
                rest = f"{between}{padded}{after}{first + place}{end}"
                try:
                    yield f"{before}{quoted(text)}{rest}".encode()
                except UnicodeEncodeError:  # a lone surrogate
                    yield f"{before}{encode(text).decode()}{rest}".encode()

    def _common(self, run: Run) -> tuple[str, str, str, str]:
        """Write what the events of a run have in common, cut where the delta, the padding and the number stand."""
        told = {"delta": None, "sequence_number": None, **run.fields} | ({"obfuscation": None} if self._pads else {})
        pieces = [f'event: {run.type}\ndata: {{"type":"{run.type}"']
        for name in sorted(told):
            pieces[-1] += f',"{name}":'
            if name in run.fields:
                pieces[-1] += encode(run.fields[name]).decode()
            else:
                pieces.append("")
        before, between, *after, end = pieces
        return before, between + '"' * self._pads, '"' * self._pads + "".join(after), end + "}\n\n"


def framed_event(kind: str, fields: dict[str, Any]) -> bytes:
    """Frame an event: its type, then its fields by name."""
    data = {"type": kind, **{name: fields[name] for name in sorted(fields)}}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode(data))
