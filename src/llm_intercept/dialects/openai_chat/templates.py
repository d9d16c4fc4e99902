"""JSON text with holes, written once and filled for each answer or chunk.

Knows: JSON text. Must not know: what is filled in.
"""

from __future__ import annotations

from json import encoder

HOLE = "\ufdd0"
"""Stands for a value that is filled in: a noncharacter (Unicode, 23.7), which no text that is sent has."""

quoted = encoder.encode_basestring
"""Writes a str as JSON, as `jsontext.encode` does, but for a lone surrogate, which it leaves as it is."""


def pieces(written: bytes) -> list[str]:
    """Cut JSON with holes into the texts before, between and after them."""
    return written.decode().split(f'"{HOLE}"')


class Template:
    """JSON with holes.

    Args:
        pieces: The texts before, between and after the holes.

    """

    __slots__ = ("_format", "_pieces")

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._format = "%s".join(piece.replace("%", "%%") for piece in pieces)

    def with_texts(self, first: int, texts: list[str]) -> Template:
        """Fill some holes for good, from the one numbered `first` (from 0) on."""
        last = first + len(texts)
        merged = self._pieces[first]
        for text, piece in zip(texts, self._pieces[first + 1 : last + 1], strict=True):
            merged += text + piece
        return Template([*self._pieces[:first], merged, *self._pieces[last + 1 :]])

    def filled(self, values: tuple[object, ...]) -> str:
        """Fill the holes, in the order in which they stand in the text, with JSON texts or numbers."""
        return self._format % values
