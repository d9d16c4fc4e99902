"""JSON text with holes, written once and filled for each answer or chunk.

Knows: JSON text. Must not know: what is filled in.
"""

from __future__ import annotations

from json import encoder

from llm_intercept.jsontext import encode

HOLE = "\ufdd0"
"""Stands for a value that is filled in: a noncharacter (Unicode, 23.7), which no text that is sent has."""

quoted = encoder.encode_basestring
"""Writes a str as JSON, as `jsontext.encode` does, but for a lone surrogate, which it leaves as it is."""


class Template:
    """A JSON value with holes.

    Args:
        value: The value, with `HOLE` in the place of each value that is filled in.
        indent: As for `jsontext.encode`.

    """

    __slots__ = ("_format",)

    def __init__(self, value: object, indent: int | None = None) -> None:
        self._format = "%s".join(part.replace("%", "%%") for part in pieces(value, indent))

    def filled(self, *texts: object) -> str:
        """Fill the holes, in the order in which they stand in the text, with JSON texts or numbers."""
        return self._format % texts


def pieces(value: object, indent: int | None = None) -> list[str]:
    """Write a value with holes: the texts before, between and after them."""
    return encode(value, indent).decode().split(f'"{HOLE}"')
