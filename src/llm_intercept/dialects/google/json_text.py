"""JSON as Google writes it: two spaces deep and with a newline at its end, or on one line in an event.

Knows: docs/wire.md 10.1. Must not know: any message.
"""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPED = re.compile("[<>\ud800-\udfff]")
_DOUBLE = re.compile(r'(?<="avgLogprobs": )-?\d[\d.e+-]*')
"""The one number of double precision; a quote within a text is escaped, so it is found nowhere else."""
_SURROGATE = "\ufffd"


def pretty(value: Any) -> bytes:
    """Write a value on many lines, without the newline at the end."""
    return _bytes(_DOUBLE.sub(_in_full, json.dumps(value, ensure_ascii=False, indent=2)))


def one_line(value: Any) -> bytes:
    """Write a value as events have it: a space after a colon, none after a comma."""
    return _bytes(json.dumps(value, ensure_ascii=False, separators=(",", ": ")))


def _bytes(text: str) -> bytes:
    """Escape what Google escapes, which stands in texts alone; a lone surrogate becomes U+FFFD."""
    return _ESCAPED.sub(_escaped, text).encode()


def _in_full(found: re.Match[str]) -> str:
    """Write a number with all 17 digits that tell a double, as protobuf does (35 of 36 recorded ones)."""
    return format(float(found[0]), ".17g")


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}" if found[0] in "<>" else _SURROGATE
