"""Ids and numbers that look random and are the same for the same request.

Knows: hashes. Must not know: what they name.
"""

from __future__ import annotations

import hashlib

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS = bytes(ord(ALPHABET[value % len(ALPHABET)]) for value in range(256))


def letters(identity: str, length: int) -> str:
    """Turn hex digits, two for each, into `length` letters and digits."""
    return bytes.fromhex(identity[: 2 * length]).translate(_LETTERS).decode()


def derived(identity: str, *names: object) -> str:
    """Make an identity of its own for a part of a response, 80 hex digits long."""
    return hashlib.blake2b(repr((identity, *names)).encode(), digest_size=40).hexdigest()
