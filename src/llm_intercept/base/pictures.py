"""Pictures of one colour in the formats that image models write: small, and whole to every reader of the format.

Knows: PNG (RFC 2083), baseline JPEG (ITU T.81), lossless WebP (RFC 9649), SVG. Must not know: who asks for one.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Size = tuple[int, int]
Colour = tuple[int, int, int]

BLOCK = 8
"""How many pixels a block of JPEG's has on each side."""
LARGEST = 16_384
"""How many pixels a side may have: WebP counts no more."""


def picture(form: str, size: Size, colour: Colour, *, is_clear: bool = False) -> bytes:
    """Make a picture.

    Args:
        form: One of `FORMS`.
        size: Its width and height in pixels, each from 1 to `LARGEST`.
        colour: Red, green and blue, from 0 to 255.
        is_clear: Whether nothing of it is seen, where the format has that.

    """
    return FORMS[form](size, colour, is_clear)


def _png(size: Size, colour: Colour, is_clear: bool) -> bytes:
    """Write a picture with a palette of one colour, a bit for each pixel."""
    width, height = size
    head = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    row = bytes(1 + (width + 7) // 8)
    clear = [(b"tRNS", b"\0")] if is_clear else []
    body = zlib.compress(row * height, 9)
    chunks = [(b"IHDR", head), (b"PLTE", bytes(colour)), *clear, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, content) for kind, content in chunks)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _jpeg(size: Size, colour: Colour, _: bool) -> bytes:
    """Write a picture whose first block says the colour, and all others that nothing changes."""
    width, height = size
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    values = (luma - 128, (blue - luma) / 1.772, (red - luma) / 1.402)
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    bits = "".join(map(_jpeg_block, values)) + "00" * (3 * (blocks - 1))
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    parts = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            _segment(0xDB, b"\0" + bytes([BLOCK]) * 64),  # so that a block's first number is its value
            _segment(0xC0, struct.pack(">BHHB", 8, height, width, 3) + parts),
            _segment(0xC4, b"\x00" + bytes((1, 0, 0, 0, 8, *[0] * 11, *range(9)))),
            _segment(0xC4, b"\x10" + bytes((1, *[0] * 15, 0))),
            _segment(0xDA, b"\3" + b"".join(bytes((number, 0)) for number in (1, 2, 3)) + b"\0\x3f\0"),
            scan,
            b"\xff\xd9",
        )
    )


def _jpeg_block(value: float) -> str:
    """Write a block of one value: how many bits, these (of a negative one inverted), and that no more comes."""
    whole = round(value)
    length = abs(whole).bit_length()
    if not length:
        return "00"
    told = whole if whole > 0 else whole + (1 << length) - 1
    return f"{0b10000 + length - 1:05b}{told:0{length}b}0"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _webp(size: Size, colour: Colour, is_clear: bool) -> bytes:
    """Write a picture whose pixels take no bits, since each channel has one value."""
    width, height = size
    red, green, blue = colour
    channels = (green, red, blue, 0 if is_clear else 255, 0)
    fields = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (int(is_clear), 1), (0, 3), (0, 3)]
    fields += [(0b101 | value << 3, 11) for value in channels]  # a code of one symbol, which has 8 bits
    content = _from_the_lowest(fields)
    content += b"\0" * (len(content) % 2)
    chunk = b"WEBPVP8L" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunk)) + chunk


def _from_the_lowest(fields: Iterable[tuple[int, int]]) -> bytes:
    """Put numbers one behind the other, each with so many bits, the lowest first."""
    told = length = 0
    for value, bits in fields:
        told |= value << length
        length += bits
    return told.to_bytes(-(-length // 8), "little")


def _svg(size: Size, colour: Colour, is_clear: bool) -> bytes:
    width, height = size
    fill = "none" if is_clear else "#{:02x}{:02x}{:02x}".format(*colour)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    return f'{head}<rect width="{width}" height="{height}" fill="{fill}"/></svg>'.encode()


FORMS: dict[str, Callable[[Size, Colour, bool], bytes]] = {"png": _png, "jpeg": _jpeg, "webp": _webp, "svg": _svg}
