"""What a picture is asked to be: its size, format, quality and background, and what it costs.

Knows: the fields of a request (OpenAI's guide, "Image generation"). Must not know: how an answer says them.
"""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import text
from llm_intercept.base.pictures import FORMS, LARGEST, picture

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
USUAL = (1024, 1024)
QUALITIES = ("low", "medium", "high")
AUTOMATIC = "high"
"""What is made where the model chooses."""
COSTS = {
    "low": {(1024, 1024): 272, (1024, 1536): 408, (1536, 1024): 400},
    "medium": {(1024, 1024): 1056, (1024, 1536): 1584, (1536, 1024): 1568},
    "high": {(1024, 1024): 4160, (1024, 1536): 6240, (1536, 1024): 6208},
}
"""Tokens of a picture, by the guide's table; others cost as much for each pixel as a square does."""
PARTIAL = 100
"""Tokens that each partial image costs beside the picture (the guide, "Partial images cost")."""
MOST_PARTIAL = 3


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a picture is to be.

    Attributes:
        size: Width and height, in pixels.
        form: Its format, as the API calls it.
        quality: How much work is in it.
        background: `opaque` or `transparent`.
        partial: How many pictures come before it in a stream.

    """

    size: tuple[int, int]
    form: str
    quality: str
    background: str
    partial: int

    @property
    def told(self) -> dict[str, Any]:
        """What an answer says of it, by name."""
        width, height = self.size
        return {
            "background": self.background,
            "output_format": self.form,
            "quality": self.quality,
            "size": f"{width}x{height}",
        }

    @property
    def tokens(self) -> int:
        """What it costs, without partial images."""
        table = COSTS.get(self.quality, COSTS[AUTOMATIC])
        pixels, square = math.prod(self.size), math.prod(USUAL)
        return table.get(self.size) or math.ceil(table[USUAL] * pixels / square)

    def drawn(self, identity: str, number: int = 0) -> str:
        """Draw it in one colour, which follows from an identity and a number; in base64."""
        start = number * 6 % (len(identity) - 6)
        red, green, blue = bytes.fromhex(identity[start : start + 6])
        made = picture(self.form, self.size, (red, green, blue), is_clear=self.background == "transparent")
        return base64.b64encode(made).decode()


def wishes(asked: Mapping[str, Any]) -> Wishes:
    """Read them; what is not said, or cannot be made here, is as the API has it by default."""
    quality, partial = text(asked.get("quality")), asked.get("partial_images")
    form = text(asked.get("output_format"))
    is_clear = asked.get("background") == "transparent"
    return Wishes(
        _size(text(asked.get("size"))),
        form if form in FORMS else "png",
        AUTOMATIC if quality in {"", "auto", "hd", "standard"} else quality,
        "transparent" if is_clear else "opaque",
        min(partial, MOST_PARTIAL) if is_int(partial, 0) else 0,
    )


def _size(asked: str) -> tuple[int, int]:
    found = SIZE.fullmatch(asked)
    size = USUAL if found is None else (int(found[1]), int(found[2]))
    return size if max(size) <= LARGEST else USUAL
