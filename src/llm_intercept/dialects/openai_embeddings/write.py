"""Writes vectors as OpenAI does: as a list of numbers each, or as base64 of them, whichever is asked for.

Knows: the answer's JSON. Must not know: where the vectors come from.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, items, mapping
from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FLOAT_SIZE = 4  # bytes

Vector = list[float] | tuple[float, ...]


def body_of(vectors: Iterable[Vector], model: str, tokens: int, *, is_base64: bool) -> bytes:
    """Write an answer, with the keys of today's traffic in their order."""
    listed = [
        {"object": "embedding", "index": index, "embedding": packed(vector) if is_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode({"object": "list", "data": listed, "model": model, "usage": usage}, indent=2) + b"\n"


def packed(vector: Sequence[float]) -> str:
    """Write a vector as base64 of its numbers, 32 bits each; raises `ReplyError` at one too large for that."""
    try:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except OverflowError as error:
        problem = f"A vector has a number too large for 32 bits, as which it is asked for: {max(map(abs, vector)):g}"
        raise ReplyError(problem, "A vector of OpenAI's is of length 1.") from error


def unpacked(text: str) -> list[float]:
    """Read a vector back out of base64, or raise `ValueError`."""
    content = base64.b64decode(text, validate=True)
    if len(content) % FLOAT_SIZE:
        raise ValueError(f"{len(content)} bytes are no vector of {FLOAT_SIZE}-byte numbers")
    return list(struct.unpack(f"<{len(content) // FLOAT_SIZE}f", content))


def restated(body: Mapping[str, Any] | bytes, *, is_base64: bool) -> Mapping[str, Any] | bytes:
    """Give a ready body with its vectors as they are asked for; one that has none, or has them so, stays as it is."""
    try:
        whole = mapping(decode(body)) if isinstance(body, bytes) else body
        data = [mapping(one) for one in items(whole.get("data"))]
        if all(isinstance(one.get("embedding"), str) is is_base64 for one in data):
            return body
        return {**whole, "data": [{**one, "embedding": _in_form(one["embedding"], is_base64)} for one in data]}
    except (ValueError, TypeError, KeyError, struct.error):
        return body


def _in_form(vector: Any, is_base64: bool) -> Any:
    if isinstance(vector, str):
        return vector if is_base64 else unpacked(vector)
    return packed(vector) if is_base64 else vector
