"""Ids and numbers that look random and are the same for the same request.

Knows: hashes. Must not know: what they name.
"""

from __future__ import annotations

import hashlib

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def letters(identity: str, length: int) -> str:
    """Turn hex digits into `length` letters and digits."""
    number = int(identity, 16)
    characters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def derived(identity: str, *names: object) -> str:
    """Make an identity of its own for a part of a response, 80 hex digits long."""
    return hashlib.blake2b(repr((identity, *names)).encode(), digest_size=40).hexdigest()
