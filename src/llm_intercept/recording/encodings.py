"""Undoes content encodings, chunk by chunk, so that each part keeps the time it came.

Knows: gzip, deflate, and brotli and zstd where a library for them is installed. Must not know: what the content is.
"""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from llm_intercept.recording.limits import MOST

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
IDENTITY = ("", "identity")
PIECE = 64  # bytes that are decoded at once where a decoder has no limit


class TooLargeError(Exception):
    """A body is larger, decoded, than what is recorded."""


class Decoder(Protocol):
    """Decodes a stream of chunks."""

    def decompress(self, data: bytes, /) -> bytes:
        """Give what this chunk adds."""
        ...


class Inflate:
    """Gzip, or deflate with or without zlib's header: servers send both (RFC 9110, 8.4.1.2).

    Args:
        bits: What zlib calls `wbits`.

    """

    def __init__(self, bits: int = zlib.MAX_WBITS) -> None:
        self._inner = zlib.decompressobj(bits)
        self._first = bits == zlib.MAX_WBITS

    def decompress(self, data: bytes, /) -> bytes:
        first, self._first = self._first, False
        try:
            return self._inner.decompress(data, MOST + 1)
        except zlib.error:
            if not first:
                raise
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inner.decompress(data, MOST + 1)


def decoders(header: str) -> list[Decoder] | None:
    """Make the decoders for a content-encoding header, the outermost first; None if one is not installed."""
    names = [name.strip().lower() for name in header.split(",")]
    made = [_decoder(name) for name in reversed(names) if name not in IDENTITY]
    return None if None in made else [one for one in made if one is not None]


def decode_chunks(header: str, chunks: list[bytes]) -> list[bytes] | None:
    """Decode each chunk; None if the encoding is not known here or the bytes are not in it.

    Raises:
        TooLargeError: What comes out is larger than what is recorded.

    """
    found = decoders(header)
    if not found:
        return None if found is None else chunks
    decoded: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            decoded.append(_through(found, chunk, MOST - size))
            size += len(decoded[-1])
    except TooLargeError:
        raise
    except Exception:  # noqa: BLE001 - each library has its own errors, and all mean that the bytes are in no such encoding
        return None
    return decoded


def _through(decoders: list[Decoder], chunk: bytes, most: int) -> bytes:
    """Decode a chunk, in pieces so small that none of them can become too much at once."""
    if not decoders:
        return chunk
    first, rest = decoders[0], decoders[1:]
    step = len(chunk) if isinstance(first, Inflate) else PIECE
    found: list[bytes] = []
    size = 0
    for start in range(0, len(chunk), step or 1):
        part = _through(rest, first.decompress(chunk[start : start + step]), most - size)
        found.append(part)
        size += len(part)
        if size > most:
            raise TooLargeError
    return b"".join(found)


def decode_stored(content: bytes) -> bytes:
    """Decode what another recorder stored, by its magic bytes: the header may be wrong (docs/wire.md 8.1)."""
    try:
        if content.startswith(GZIP):
            return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content
    if content.startswith(ZSTD):
        found = decode_chunks("zstd", [content])
        return content if found is None else found[0]
    return content


def _decoder(name: str) -> Decoder | None:
    if name in {"gzip", "x-gzip"}:
        return Inflate(16 + zlib.MAX_WBITS)
    if name == "deflate":
        return Inflate()
    if name == "br":
        return _brotli()
    return _zstd() if name == "zstd" else None


class Brotli:
    """Brotli by either library: one calls it `process`, the other `decompress` too."""

    def __init__(self, decoder: Any) -> None:
        self._decode = decoder.process

    def decompress(self, data: bytes, /) -> bytes:
        found: bytes = self._decode(data)
        return found


def _brotli() -> Decoder | None:
    library: Any = next((import_module(one) for one in ("brotli", "brotlicffi") if find_spec(one)), None)
    return None if library is None else Brotli(library.Decompressor())


def _zstd() -> Decoder | None:
    if find_spec("zstandard"):
        decoder: Decoder = import_module("zstandard").ZstdDecompressor().decompressobj()
        return decoder
    for parent, name in (("compression", "compression.zstd"), ("backports", "backports.zstd")):
        if find_spec(parent) and find_spec(name):
            return cast("Decoder", import_module(name).ZstdDecompressor())
    return None
