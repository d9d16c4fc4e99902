"""What pictures, sounds and files cost in a prompt to OpenAI's models.

Knows: the rules of OpenAI's guide, "Images and vision", and what was counted (docs/wire.md 2.4). Must not know: how the
numbers are reported.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from llm_intercept.base.json import mapping, text
from llm_intercept.base.media_sizes import content_of, pages, picture_size, size_of, sound_seconds
from llm_intercept.base.tokens import count

if TYPE_CHECKING:
    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.parts import Media

Size = tuple[int, int]

TILES = (
    (re.compile(r"gpt-4o-mini"), 2833, 5667),
    (re.compile(r"gpt-5"), 70, 140),
    (re.compile(r"o[13]"), 75, 150),
    (re.compile(r"computer-use"), 65, 129),
    (re.compile(r""), 85, 170),
)
"""What a picture costs, and each of its tiles of 512 pixels, by the model."""
PATCHES = (
    (re.compile(r"gpt-4\.1-mini"), 1.62),
    (re.compile(r"gpt-4\.1-nano"), 2.46),
    (re.compile(r"o4-mini"), 1.72),
    (re.compile(r"gpt-5-nano"), 1.5),
    (re.compile(r"gpt-5-mini|gpt-5\.(?:[4-9]|\d\d)"), 1.2),
)
"""What each of its patches of 32 pixels costs with models that count these."""
UNKNOWN: Size = (1024, 1024)
"""The size of a picture that is elsewhere, or whose head does not say one."""
PAGE: Size = (768, 1024)
"""The picture of a page."""
PAGE_READ = 35
"""What a page costs where it is read and not looked at."""
ZIPPED_PAGE = 4096
"""The bytes that a page of an office's document has."""
TILE, SHORT_SIDE, LONG_SIDE = 512, 768, 2048
PATCH, MOST_PATCHES = 32, 1536
A_SECOND, SOUND, SOUND_UNKNOWN = 10, 4, 100
FILE = 12
"""What a file costs beside its name and its text."""


def media_tokens(part: Media, tokenizer: Tokenizer, model: str) -> int:
    """Count what a medium costs.

    Args:
        part: It, as the request's message has it.
        tokenizer: Counts what a file says.
        model: The model that is asked.

    """
    name = model.rpartition("/")[2]
    if part.kind == "audio":
        seconds = sound_seconds(part.data)
        return SOUND + (SOUND_UNKNOWN if seconds is None else round(seconds * A_SECOND))
    if part.kind == "file":
        return _file_tokens(part, tokenizer, name)
    raw = part.raw
    detail = text(raw.get("detail")) or text(mapping(raw.get("image_url")).get("detail"))
    return picture_tokens(picture_size(part.data) or UNKNOWN, name, is_low=detail == "low")


def picture_tokens(size: Size, model: str, *, is_low: bool = False) -> int:
    """Count what a picture costs.

    Args:
        size: Its width and height in pixels.
        model: The model's name, without its maker's.
        is_low: Whether it is to be seen in low detail; models that count patches do not ask.

    """
    width, height = max(1, size[0]), max(1, size[1])
    for pattern, factor in PATCHES:
        if pattern.match(model):
            return math.ceil(_patches(width, height) * factor)
    base, tile = next((base, tile) for pattern, base, tile in TILES if pattern.match(model))
    return base if is_low else base + tile * _tiles(width, height)


def _tiles(width: float, height: float) -> int:
    """Count the tiles: it is shrunk to fit in a square, then until its shorter side fits."""
    shrunk = min(1.0, LONG_SIDE / max(width, height))
    shrunk = min(shrunk, SHORT_SIDE / min(width, height))
    # A side that shrinks to just a tile's is no more than a tile: rounded, for the ratio is no whole number.
    return math.ceil(round(width * shrunk, 6) / TILE) * math.ceil(round(height * shrunk, 6) / TILE)


def _patches(width: float, height: float) -> int:
    """Count the patches: with too many it is shrunk, so that whole ones cover it."""
    across, down = width / PATCH, height / PATCH
    if math.ceil(across) * math.ceil(down) <= MOST_PATCHES:
        return math.ceil(across) * math.ceil(down)
    shrunk = math.sqrt(MOST_PATCHES / (across * down))
    shrunk *= min(max(1, int(one * shrunk)) / (one * shrunk) for one in (across, down))
    return min(MOST_PATCHES, math.ceil(round(across * shrunk, 6)) * math.ceil(round(down * shrunk, 6)))


def _file_tokens(part: Media, tokenizer: Tokenizer, model: str) -> int:
    raw, (mime, data) = part.raw, _data(part)
    name = text(raw.get("filename")) or text(mapping(raw.get("file")).get("filename"))
    beside = FILE + count(tokenizer, name, model)
    if mime.startswith("text/") or mime == "application/json":
        return beside + count(tokenizer, content_of(data, len(data)).decode("utf-8", "replace"), model)
    if mime not in {"", "application/pdf"}:
        return beside + math.ceil(size_of(data) / ZIPPED_PAGE) * PAGE_READ
    reads = any(pattern.match(model) for pattern, _ in PATCHES)
    return beside + pages(data) * (PAGE_READ if reads else picture_tokens(PAGE, model))


def _data(part: Media) -> tuple[str, str]:
    """Return the type and the content of a file, which may be a data URL."""
    if not part.data.startswith("data:"):
        return part.mime, part.data
    head, _, content = part.data.removeprefix("data:").partition(",")
    return head.partition(";")[0], content
