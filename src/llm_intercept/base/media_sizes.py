"""How large what is in base64 is: the pixels of a picture, the seconds of a sound, the pages of a PDF, from its head.

Knows: the headers of PNG, GIF, WebP, JPEG, WAV and MP3, how a PDF says a page. Must not know: what they cost, any API.
"""

from __future__ import annotations

import binascii
import re
import struct

HEAD = 1 << 18  # characters: a JPEG tells its size behind its metadata
MOST_OF_PDF = 1 << 22  # characters
URL_SAFE = str.maketrans("-_", "+/")
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
FRAME = re.compile(rb"\xff[\xfa\xfb\xf2\xf3\xe2\xe3]")
MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # kbit/s of MPEG 1, layer III
MPEG_2_BITRATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}
MPEG_1 = 8  # in the second byte of a frame


def size_of(data: str) -> int:
    """Tell how many bytes `data` is, which is in base64."""
    return len(data.rstrip("=")) * 3 // 4


def content_of(data: str, most: int = HEAD) -> bytes:
    """Read the first `most` characters of `data`, which is in base64 of either kind; empty where it is none."""
    head = data[: most // 4 * 4].translate(URL_SAFE).rstrip("=")
    try:
        return binascii.a2b_base64(head[: len(head) - (len(head) % 4 == 1)] + "=" * (-len(head) % 4))
    except ValueError:
        return b""


def picture_size(data: str) -> tuple[int, int] | None:
    """Tell the width and the height of a picture in pixels; None where its head does not say."""
    head = content_of(data)
    try:
        return _png_gif_or_webp(head) or _jpeg(head)
    except struct.error:
        return None


def _png_gif_or_webp(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG"):
        return struct.unpack_from(">II", head, 16)
    if head.startswith(b"GIF8"):
        return struct.unpack_from("<HH", head, 6)
    kind = head[12:16] if head.startswith(b"RIFF") and head[8:12] == b"WEBP" else b""
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        struct.unpack_from("<6x", head, 24)  # all of it is there
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Go from segment to segment up to the one that begins a frame."""
    place = 2 if head.startswith(b"\xff\xd8") else len(head)
    while place < len(head):
        mark, length = struct.unpack_from(">HH", head, place)
        if mark in FRAMES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return width, height
        place += 2 + length
    return None


def sound_seconds(data: str) -> float | None:
    """Tell how many seconds a WAV or MP3 lasts; None where its head does not say."""
    head, size = content_of(data), size_of(data)
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE" and len(head) >= 32:  # noqa: PLR2004
        a_second = struct.unpack_from("<I", head, 28)[0]
        return max(0, size - 44) / a_second if a_second else None
    frame = FRAME.search(head) if head.startswith(b"ID3") or FRAME.match(head) else None
    if frame is None or frame.end() >= len(head):
        return None
    rates = MP3_BITRATES if frame.group()[1] & MPEG_1 else MPEG_2_BITRATES
    rate = rates[min(head[frame.end()] >> 4, len(rates) - 1)]
    return size * 8 / (rate * 1000) if rate else None


def pages(data: str) -> int:
    """Count the pages of a PDF; at least one, for they may be told where only a reader of PDFs sees them."""
    return max(1, len(PAGE.findall(content_of(data, MOST_OF_PDF))))
