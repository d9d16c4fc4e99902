"""Ready bodies of Converse's, sent as they are or turned into the shape that is asked for, and answers read back.

Knows: bodies and frames. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.checks import is_int
from llm_intercept.base.framings import AMAZON
from llm_intercept.base.json import encode, items, json_object, mapping, text
from llm_intercept.dialects.bedrock.aws_origin import JSON, STREAM
from llm_intercept.dialects.bedrock.converse_events import accumulated, event_in, event_of, frame_of, usage_in
from llm_intercept.dialects.bedrock.read import parts_of
from llm_intercept.model.parts import Media, Other, Reasoning, Text, ToolCall
from llm_intercept.model.usage import Usage
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.parts import FinishReason, Part, ReplyPart
    from llm_intercept.replies.kinds import RawReply

FINISHES: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
}


NOVAS = {f"cache{done}InputTokens": f"cache{done}InputTokenCount" for done in ("Read", "Write")}
"""What Nova's own answers call the tokens of the cache (Amazon Nova's user guide, "Invoke API")."""


class Ready(NamedTuple):
    """A body to send."""

    content_type: str
    content: bytes


def ready(answer: RawReply, *, stream: bool) -> Ready | Mapping[str, Any]:
    """Make the body of a raw reply, or return the one that is to be told as a stream."""
    body = answer.body
    if isinstance(body, tuple):
        told = list(map(event_of, body))
        return Ready(STREAM, b"".join(map(frame_of, told))) if stream else Ready(JSON, encode(accumulated(told)))
    if isinstance(body, Mapping):
        return body if stream and "output" in body else Ready(JSON, encode(body))
    value = json_object(body)
    if value is not None:
        return value if stream and "output" in value else Ready(JSON, body)
    frames, _ = AMAZON.cut(body)
    return Ready(STREAM, body) if stream or not frames else Ready(JSON, encode(accumulated(map(event_in, frames))))


def said_in(body: Mapping[str, Any]) -> tuple[ReplyPart, ...]:
    """Read what an answer says; a block that no reply has is kept as it is."""
    message = mapping(mapping(body.get("output")).get("message"))
    blocks = [mapping(one) for one in items(message.get("content"))]
    return tuple(_spoken(part, block) for block in blocks for part in parts_of([block]))


def _spoken(part: Part, block: Mapping[str, Any]) -> ReplyPart:
    return part if isinstance(part, Text | Reasoning | ToolCall) else Other(next(iter(block), ""), block)


def beside(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an answer has beside the message."""
    return {name: value for name, value in body.items() if name != "output"}


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its events, back into a reply; none where it is no answer."""
    body = whole(values)
    parts = tuple(part for part in said_in(body) if not isinstance(part, Other | Media))
    if not parts and "stopReason" not in body:
        return ()
    return (Reply(*parts, finish_reason=FINISHES.get(text(body.get("stopReason"))) if _fits(body, parts) else None),)


def _fits(body: Mapping[str, Any], parts: tuple[ReplyPart, ...]) -> bool:
    return body.get("stopReason") != "tool_use" or any(isinstance(part, ToolCall) for part in parts)


def whole(values: Sequence[Any]) -> Mapping[str, Any]:
    """Return an answer's JSON, or what its events add up to."""
    first = mapping(values[0] if values else None)
    return first if "output" in first else accumulated(map(mapping, values))


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports; those of the cache are counted apart in it."""
    told = usage_in(values)
    if not told:
        return None
    read, kept = (_count(told.get(name, told.get(novas))) for name, novas in NOVAS.items())
    asked = _count(told.get("inputTokens")) + read + kept
    return Usage(asked, _count(told.get("outputTokens")), cache_read_tokens=read, cache_write_tokens=kept)


def usage_json(used: Usage) -> dict[str, int]:
    """Write the tokens of an answer."""
    return {
        "inputTokens": max(0, used.input_tokens - used.cache_read_tokens - used.cache_write_tokens),
        "outputTokens": used.output_tokens,
        "totalTokens": used.total_tokens,
        "cacheReadInputTokens": used.cache_read_tokens,
        "cacheWriteInputTokens": used.cache_write_tokens,
    }


def _count(value: Any) -> int:
    return value if is_int(value, 0) else 0
