"""Parts of signs: what a quick look finds in a text, or in the JSON that says it, where a secret may be.

Knows: JSON's escapes, and what Rust's regular expressions know. Must not know: shapes of secrets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

END = r"(?:\z|[\x22\\])"
"""The end of a text, or of a string in a JSON document."""
SPACE = r"[\s\x1c-\x1f\\]"
"""Whitespace as `re` has it, or how JSON begins to write it."""
BROKEN_OFF = r"[0-9A-Za-z_.~+=/\x{80}-\x{10ffff}-]*"
"""What may follow the beginning of a secret where a text breaks off."""
_TOLD_BY_NAME = r"[ \t0-9A-Za-z_.-]{0,20}[\s\"'`\\nrt]{0,10}[=>:|,?]{1,4}[\s\"'`=\\nrt]{0,10}[0-9A-Za-z_.=+/%:-]{8}"


def told_by_name(words: Iterable[str]) -> str:
    """Write the sign of what is told by a vendor's name: one of these words, and what may be a value after it."""
    return f"(?i:{'|'.join(map(re.escape, sorted(set(words))))})(?:{_TOLD_BY_NAME}|[0-9A-Za-z_=-]{{16}})"
