"""Packs a report for its page: the head as JSON, the details compressed, some of them together.

Knows: JSON, deflate, base64. Must not know: HTML, what the details say.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.report.document import PER_CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.report.document import Detail, Report

RAW = -15
"""Deflate without a header, which browsers call `deflate-raw`."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A report as the page holds it.

    Attributes:
        head: The head, as JSON text; it may hold any characters.
        details: Each the base64 of `deflate-raw` of a JSON list of details, of rows 0 to 49, 50 to 99, ….

    """

    head: str
    details: tuple[str, ...]


def packed(report: Report) -> Packed:
    """Pack a report."""
    details = report.details
    chunks = (details[at : at + PER_CHUNK] for at in range(0, len(details), PER_CHUNK))
    return Packed(report.head.as_json(), tuple(map(_packed, chunks)))


def _packed(details: Sequence[Detail]) -> str:
    squeezer = zlib.compressobj(wbits=RAW)
    text = f"[{','.join(one.as_json() for one in details)}]".encode()
    return base64.b64encode(squeezer.compress(text) + squeezer.flush()).decode()
