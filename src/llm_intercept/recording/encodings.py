"""Undoes content encodings, chunk by chunk, so that each part keeps the time it came.

Knows: gzip, deflate, and brotli and zstd where a library for them is installed. Must not know: what the content is.
"""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
IDENTITY = ("", "identity")


class Decoder(Protocol):
    """Decodes a stream of chunks."""

    def decompress(self, data: bytes, /) -> bytes:
        """Give what this chunk adds."""
        ...


class Inflate:
    """Deflate with or without zlib's header: servers send both (RFC 9110, 8.4.1.2)."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj()
        self._first = True

    def decompress(self, data: bytes, /) -> bytes:
        first, self._first = self._first, False
        try:
            return self._inner.decompress(data)
        except zlib.error:
            if not first:
                raise
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inner.decompress(data)


def decoders(header: str) -> list[Decoder] | None:
    """Make the decoders for a content-encoding header, the outermost first; None if one is not installed."""
    names = [name.strip().lower() for name in header.split(",")]
    made = [_decoder(name) for name in reversed(names) if name not in IDENTITY]
    return None if None in made else [one for one in made if one is not None]


def decode_chunks(header: str, chunks: list[bytes]) -> list[bytes] | None:
    """Decode each chunk; None if the encoding is not known here or the bytes are not in it."""
    found = decoders(header)
    if not found:
        return None if found is None else chunks
    decoded: list[bytes] = []
    try:
        for chunk in chunks:
            part = chunk
            for decoder in found:
                part = decoder.decompress(part)
            decoded.append(part)
    except Exception:  # noqa: BLE001 - each library has its own errors, and all mean that the bytes are in no such encoding
        return None
    return decoded


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
        return zlib.decompressobj(16 + zlib.MAX_WBITS)
    if name == "deflate":
        return Inflate()
    if name == "br":
        return _brotli()
    return _zstd() if name == "zstd" else None


def _brotli() -> Decoder | None:
    library: Any = next((import_module(one) for one in ("brotli", "brotlicffi") if find_spec(one)), None)
    if library is None:
        return None
    decoder: Any = library.Decompressor()
    if not hasattr(decoder, "decompress"):
        decoder.decompress = decoder.process
    return decoder  # type: ignore[no-any-return]


def _zstd() -> Decoder | None:
    if find_spec("zstandard"):
        decoder: Decoder = import_module("zstandard").ZstdDecompressor().decompressobj()
        return decoder
    if find_spec("compression"):
        return cast("Decoder", import_module("compression.zstd").ZstdDecompressor())
    return None
