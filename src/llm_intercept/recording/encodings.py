"""Undoes content encodings, chunk by chunk, so that each part keeps the time it came, and never beyond a limit.

Knows: gzip, deflate, and brotli and zstd where a library for them is installed. Must not know: what the content is.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
MAGIC = {GZIP: "gzip", ZSTD: "zstd"}
IDENTITY = ("", "identity")
MOST = 100_000_000
"""How many bytes a body may have when it is decoded; a file of nothing packs a thousand times as much, or more."""
BROTLI = ("brotli", "brotlicffi")
ZSTANDARD = ("zstandard", "backports.zstd", "compression.zstd")
"""The libraries that httpx and httpx2 decode with, each its own; one that is there will do."""
PIECES = {"br": 64}
"""How many packed bytes are decoded before the size is looked at: brotli makes a megabyte of a byte, others 32 kB."""
PIECE = 1024

Decode = Callable[[bytes], bytes]


class EncodedError(ValueError):
    """A body cannot be decoded; `str()` says why."""


class Inflate:
    """gzip, of one or more members, or deflate with or without zlib's header: servers send both (RFC 9110, 8.4.1.2)."""

    def __init__(self, *, gzip: bool) -> None:
        self._bits = 16 + zlib.MAX_WBITS if gzip else zlib.MAX_WBITS
        self._inner = zlib.decompressobj(self._bits)
        self._is_first = not gzip

    @property
    def is_whole(self) -> bool:
        """Whether what came ended as it should."""
        return self._inner.eof

    def __call__(self, data: bytes) -> bytes:
        """Decode what comes next."""
        first, self._is_first = self._is_first, False
        try:
            found = self._inner.decompress(data)
        except zlib.error:
            if not first:
                raise
            self._bits = -zlib.MAX_WBITS
            self._inner = zlib.decompressobj(self._bits)
            return self._inner.decompress(data)
        while self._inner.eof and self._inner.unused_data.startswith(GZIP) and self._bits > zlib.MAX_WBITS:
            rest, self._inner = self._inner.unused_data, zlib.decompressobj(self._bits)
            found += self._inner.decompress(rest)
        return found


class Ending:
    """Decodes by a library's `decode`, whose `decoder` may say whether what came ended as it should."""

    def __init__(self, decode: Decode, decoder: Any) -> None:
        self._decode, self._decoder = decode, decoder

    @property
    def is_whole(self) -> bool:
        """Whether what came ended as it should; yes, where nothing says so."""
        is_finished: Callable[[], bool] | None = getattr(self._decoder, "is_finished", None)
        return bool(getattr(self._decoder, "eof", True) if is_finished is None else is_finished())

    def __call__(self, data: bytes) -> bytes:
        """Decode what comes next."""
        return self._decode(data)


class Limited:
    """Decodes one encoding, and stops where the content becomes larger than it may be."""

    def __init__(self, name: str, decode: Decode, most: int) -> None:
        self.name = name
        self._decode, self._left, self._most = decode, most, most
        self._piece = PIECES.get(name, PIECE)

    def __call__(self, data: bytes) -> bytes:
        """Decode what comes next; raises `EncodedError` if it cannot be decoded, or is too much."""
        found: list[bytes] = []
        for start in range(0, len(data), self._piece):
            found.append(self._part(data[start : start + self._piece]))
            self._left -= len(found[-1])
            if self._left < 0:
                raise EncodedError(f"it has more than {self._most:,} bytes when its {self.name} is decoded")
        return b"".join(found)

    @property
    def is_whole(self) -> bool:
        """Whether what came ended as it should, as far as its decoder says."""
        return getattr(self._decode, "is_whole", True)

    def _part(self, data: bytes) -> bytes:
        try:
            return self._decode(data)
        except Exception as error:
            # Each library has its own errors, and all mean that the bytes are in no such encoding.
            raise EncodedError(f"it is said to be {self.name} and is not ({error})") from error


def decoders(header: str, most: int = MOST) -> list[Limited]:
    """Make the decoders for a content-encoding header, the outermost first; raises `EncodedError` if one is missing."""
    names = [name.strip().lower() for name in header.split(",")]
    return [Limited(name, _decoder(name), most) for name in reversed(names) if name not in IDENTITY]


def decode_chunks(header: str, chunks: list[bytes], most: int = MOST) -> list[bytes]:
    """Decode each chunk; raises `EncodedError` if that cannot be done, or makes more than `most` bytes."""
    found = decoders(header, most)
    if not found:
        return chunks
    decoded: list[bytes] = []
    for chunk in chunks:
        part = chunk
        for decoder in found:
            part = decoder(part)
        decoded.append(part)
    return decoded


def decode_stored(content: bytes, header: str = "", most: int = MOST) -> bytes:
    """Decode what another recorder stored; raises `EncodedError` where that cannot be done.

    Its magic bytes say more than the header, which stays when a recorder decodes (docs/wire.md 8.1). What has none,
    such as Brotli, is so where the header says it and it is no text.
    """
    said = [name.strip().lower() for name in header.split(",")]
    for name in (*(name for name in reversed(said) if name not in IDENTITY), ""):
        seen = next((known for magic, known in MAGIC.items() if content.startswith(magic)), "")
        encoding = seen or (name if name not in MAGIC.values() and not is_text(content) else "")
        if encoding:
            content = _decoded(content, encoding, most)
    return content


def _decoded(content: bytes, encoding: str, most: int) -> bytes:
    (decoder,) = decoders(encoding, most)
    decoded = decoder(content)
    if not decoder.is_whole:
        raise EncodedError(f"it ends before its {encoding} does")
    return decoded


def is_text(content: bytes) -> bool:
    """Whether bytes are a text: UTF-8, with no control characters but tabs and line ends."""
    try:
        return not any(letter < " " and letter not in "\t\n\r" for letter in set(content.decode()))
    except UnicodeDecodeError:
        return False


def _decoder(name: str) -> Decode:
    if name in {"gzip", "x-gzip", "deflate"}:
        return Inflate(gzip=name != "deflate")
    if name == "br":
        decoder = _library(name, BROTLI).Decompressor()
        return Ending(getattr(decoder, "decompress", None) or decoder.process, decoder)
    if name == "zstd":
        return _unzstd(_library(name, ZSTANDARD))
    raise EncodedError(f"its content-encoding {name!r} is not known")


def _unzstd(library: Any) -> Decode:
    decoder = library.ZstdDecompressor()
    inner = decoder.decompressobj() if hasattr(decoder, "decompressobj") else decoder
    return Ending(inner.decompress, inner)


def _library(encoding: str, names: tuple[str, ...]) -> Any:
    """Load the first library that is installed; raises `EncodedError` if none is."""
    found = next((name for name in names if _is_installed(name)), None)
    if found is None:
        raise EncodedError(f"its content-encoding is {encoding!r}, and none of {', '.join(names)} is installed")
    return import_module(found)


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of the package around it
        return False
