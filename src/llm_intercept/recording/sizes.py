"""How large what is recorded may be.

Knows: bytes. Must not know: of what.
"""

from __future__ import annotations

LIMIT = 67_108_864
"""Bytes of a body, decoded: more is no answer of a model, and some kB may become as much as their sender likes."""
MOST_IN_A_FILE = 2 * LIMIT
"""Bytes of a take's file: a longer one is not read, since it would fill the memory."""
