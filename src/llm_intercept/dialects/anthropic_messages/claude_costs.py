"""What prompts and answers of Claude cost in tokens, estimated: nobody outside Anthropic has its tokenizer.

Knows: what was counted (docs/wire.md 6.5), Anthropic's "Pricing" and "Vision". Must not know: how the numbers are
reported.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from llm_intercept.base.json import encode, mapping, text
from llm_intercept.base.media_sizes import content_of, pages, picture_size
from llm_intercept.base.tokens import CheckedTokenizer, count, total
from llm_intercept.model.parts import Media, Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.request import LLMRequest, Message

SCALE = 1.15
"""How many tokens Claude's tokenizer makes of what is one token for OpenAI's."""
FIRST_MESSAGE, MESSAGE = 7, 4
"""What messages cost beside their texts: the first, and each other one."""
TOOLS = (
    (re.compile(r"claude-3-5-sonnet"), 294, 261),
    (re.compile(r"claude-3-opus"), 530, 281),
    (re.compile(r"claude-3-sonnet"), 159, 235),
    (re.compile(r"claude-3-(?:5-)?haiku"), 264, 340),
    (re.compile(r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[01])?(?:-\d{8}|[@-]latest|@\d{8}|$))"), 346, 313),
    (re.compile(r""), 496, 588),
)
"""What the instructions for tools cost that the API adds, by the model: where it may call one, and where it must."""
TOLD_CALL, TOLD_TOGETHER = 46, 70
"""What a call costs with its answer in a prompt, beside what they say: alone, and each of several made together."""
SCHEMA, THINKING = 120, 28
"""What the instructions for a schema and for thinking cost that the API adds."""
HOSTED = {"computer": 1250, "bash": 245, "text_editor": 700, "web_search": 2000, "web_fetch": 2000}
"""What tools cost that the API declares itself, by how their types begin."""
UNKNOWN = (1024, 1024)
PIXELS, PICTURE, LONG_SIDE, MOST_OF_PICTURE = 750, 3, 1568, 1600
PAGE = 1600


def scaled(tokens: int, tokenizer: Tokenizer) -> int:
    """Make of tokens that our tokenizers count, which are OpenAI's, as many as Claude's has; a given one is right."""
    return tokens if isinstance(tokenizer, CheckedTokenizer) else round(tokens * SCALE)


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Estimate the tokens of a prompt: messages, calls and their answers, media, tools, a schema."""
    texts = [one for message in request.messages for one in _texts(message)]
    beside = FIRST_MESSAGE + MESSAGE * max(0, sum(message.role != "system" for message in request.messages) - 1)
    beside += sum(_told(len(message.tool_calls)) for message in request.messages)
    if request.tools:
        texts += [encode(tool.raw).decode() for tool in request.tools]
        beside += _instructions(request)
    wanted = request.output_format
    if wanted is not None and wanted.type == "json_schema":
        texts.append(encode(wanted.schema).decode())
        beside += SCHEMA
    if text(mapping(request.raw.get("thinking")).get("type")) in {"enabled", "adaptive"}:
        beside += THINKING
        texts += list(_thoughts(request))
    media = [part for message in request.messages for part in message.parts if isinstance(part, Media)]
    beside += sum(_media_tokens(part, tokenizer, request.model) for part in media)
    return beside + scaled(total(tokenizer, filter(None, texts), request.model), tokenizer)


def _texts(message: Message) -> Iterator[str]:
    yield message.text
    for call in message.tool_calls:
        yield from (call.name, call.arguments)


def _told(calls: int) -> int:
    return TOLD_TOGETHER * calls if calls > 1 else TOLD_CALL * calls


def _instructions(request: LLMRequest) -> int:
    """Count what the API adds where tools are offered."""
    choice, name = request.tool_choice, request.model.rpartition("/")[2]
    free, forced = next((free, forced) for pattern, free, forced in TOOLS if pattern.search(name))
    hosted = (cost for tool in request.tools for kind, cost in HOSTED.items() if tool.type.startswith(kind + "_"))
    return sum(hosted) + (forced if choice is not None and choice.mode == "required" else free)


def _thoughts(request: LLMRequest) -> Iterator[str]:
    """Give the thoughts that are read again: those since the user spoke last."""
    for message in reversed(request.messages):
        if message.is_user:
            return
        yield from (part.text for part in message.parts if isinstance(part, Reasoning))


def _media_tokens(part: Media, tokenizer: Tokenizer, model: str) -> int:
    if part.kind == "file":
        if part.transcript or part.mime.startswith("text/"):
            said = part.transcript or content_of(part.data, len(part.data)).decode("utf-8", "replace")
            return scaled(count(tokenizer, said, model), tokenizer)
        return PAGE * pages(part.data)
    width, height = picture_size(part.data) or UNKNOWN
    shrunk = min(1.0, LONG_SIDE / max(width, height, 1))
    return PICTURE + min(MOST_OF_PICTURE, math.ceil(width * shrunk * height * shrunk / PIXELS))
