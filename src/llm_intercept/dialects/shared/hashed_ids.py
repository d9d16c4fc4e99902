"""Ids and numbers that look random and are the same for the same request.

Knows: hashes. Must not know: what they name.
"""

from __future__ import annotations

import hashlib

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS = bytes(ord(ALPHABET[value % len(ALPHABET)]) for value in range(256))
_UNEVEN = bytes(range(256 - 256 % len(ALPHABET), 256))


def letters(identity: str, length: int) -> str:
    """Turn hex digits into `length` letters and digits, 32 at the most."""
    return bytes.fromhex(identity).translate(_LETTERS, _UNEVEN)[:length].decode()


def as_letters(drawn: bytes) -> str:
    """Turn bytes into letters and digits, each as often: bytes that would make some more frequent are left out."""
    return drawn.translate(_LETTERS, _UNEVEN).decode()


def derived(identity: str, *names: object) -> str:
    """Make an identity of its own for a part of a response, 80 hex digits long."""
    return hashlib.blake2b(repr((identity, *names)).encode(), digest_size=40).hexdigest()
