"""What prompts and calls of Gemini cost in tokens beside their texts, by the generation of the model.

Knows: what was counted (docs/wire.md 10.2), the guide "Understand and count tokens". Must not know: how the numbers
are reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.base.json import encode, mapping, text
from llm_intercept.base.media_sizes import content_of, pages, picture_size, sound_seconds
from llm_intercept.base.tokens import total
from llm_intercept.dialects.google_gemini.generations import version_of
from llm_intercept.model.parts import Media, Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.request import LLMRequest, Message, Tool

MODALITIES = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO", "file": "DOCUMENT"}
MEDIA_TOKENS = {"image": 258, "audio": 32, "video": 263, "file": 258}
"""What one of them costs at the least."""
A_SECOND = 32
SMALL, TILE = 384, 768
"""The pixels of a picture that is one tile, and of a tile of a larger one (to Gemini 2.0)."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a generation counts, in tokens.

    Attributes:
        offered: The share of the declarations of tools that counts.
        offers: Beside all tools.
        tool: Beside each tool.
        told_call: Beside a call that the prompt tells, with its answer.
        signed: The characters of a thought's signature that make a token; 0 where none counts.
        call: Beside a call that is made.
        picture: Of a picture; 0 where tiles are counted.
        page: Of a page.

    """

    offered: float
    offers: int
    tool: int
    told_call: int
    signed: int
    call: int
    picture: int
    page: int


OLD = Costs(offered=0.65, offers=0, tool=0, told_call=0, signed=0, call=-2, picture=0, page=258)
USUAL = Costs(offered=1, offers=10, tool=0, told_call=15, signed=0, call=7, picture=258, page=258)
NEW = Costs(offered=1, offers=12, tool=12, told_call=8, signed=6, call=7, picture=1120, page=520)


def costs_of(model: str) -> Costs:
    """Look up what a model's generation counts."""
    version = version_of(model.rpartition("/")[2])
    return OLD if version < (2, 5) else USUAL if version < (3, 0) else NEW


def text_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Count what of a prompt counts as text: what is said, called, answered, offered, thoughts that are sent back."""
    costs, model = costs_of(request.model), request.model
    texts = [one for message in request.messages for one in _texts(message)]
    calls = sum(len(message.tool_calls) for message in request.messages)
    parts = [part for message in request.messages for part in message.parts]
    signed = sum(len(part.signature) for part in parts if isinstance(part, Reasoning)) if costs.signed else 0
    beside = costs.told_call * calls + (signed // costs.signed if signed else 0)
    return beside + total(tokenizer, filter(None, texts), model) + _offered(request, costs, tokenizer)


def _texts(message: Message) -> Iterator[str]:
    yield message.text
    for call in message.tool_calls:
        yield from (call.name, call.arguments)
    yield from (_read(part) for part in message.parts if isinstance(part, Media) and _is_text(part))


def _offered(request: LLMRequest, costs: Costs, tokenizer: Tokenizer) -> int:
    if not request.tools:
        return 0
    declared = [one for tool in request.tools for one in _declared(tool)]
    named = sum(bool(tool.name) for tool in request.tools)
    return round(costs.offered * total(tokenizer, filter(None, declared), request.model)) + (
        (costs.offers + costs.tool * named) if named else 0
    )


def _declared(tool: Tool) -> Iterator[str]:
    yield from (tool.name, text(mapping(tool.raw).get("description")))
    if tool.parameters:
        yield encode(tool.parameters).decode()


def media_tokens(request: LLMRequest) -> dict[str, int]:
    """Count what the media of a prompt cost, by their kinds; a file of text counts as text."""
    costs, found = costs_of(request.model), dict[str, int]()
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Media) and not _is_text(part):
                kind = MODALITIES[part.kind]
                found[kind] = found.get(kind, 0) + _medium(part, costs)
    return found


def _medium(part: Media, costs: Costs) -> int:
    if part.kind == "image":
        return costs.picture or MEDIA_TOKENS["image"] * _tiles(picture_size(part.data))
    if part.kind == "audio":
        seconds = sound_seconds(part.data)
        return MEDIA_TOKENS["audio"] if seconds is None else max(1, math.ceil(seconds * A_SECOND))
    return costs.page * pages(part.data) if part.kind == "file" else MEDIA_TOKENS[part.kind]


def _tiles(size: tuple[int, int] | None) -> int:
    """Count the tiles of a picture as the guide does."""
    if size is None or max(size) <= SMALL:
        return 1
    unit = min(TILE, max(256, math.floor(min(size) / 1.5)))
    return math.ceil(size[0] / unit) * math.ceil(size[1] / unit)


def _is_text(part: Media) -> bool:
    return part.kind == "file" and bool(part.data) and part.mime.startswith("text/")


def _read(part: Media) -> str:
    return content_of(part.data, len(part.data)).decode("utf-8", "replace")
