"""Ready messages, sent as they are or told in the shape that is asked for.

Knows: a message's JSON and its stream's events. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_array, mapping, text
from llm_intercept.dialects.anthropic.lines_of_head import JSON, STREAM
from llm_intercept.dialects.anthropic_messages.accumulate import accumulated
from llm_intercept.dialects.anthropic_messages.blocks import OWN_WORDS
from llm_intercept.dialects.anthropic_messages.content import parts_of
from llm_intercept.dialects.anthropic_messages.spaces import framed
from llm_intercept.dialects.shared.ready import Ready, is_event_text, stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Refusal
from llm_intercept.replies.reply import PARTS, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.model.parts import Part, ReplyPart
    from llm_intercept.replies.kinds import RawReply

EVENTS = frozenset(
    {"message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"}
    | {"message_stop", "ping"}
)
IMPLIED = {"end_turn": None, "tool_use": None, "stop_sequence": None, "max_tokens": "length", "refusal": None}
"""What a reply says of why a message ended; nothing where what it says implies it."""


def ready(answer: RawReply, *, stream: bool) -> Ready | Mapping[str, Any]:
    """Make the body of a raw reply; or return the message that is to be told as a stream."""
    body = answer.body
    if isinstance(body, bytes):
        return _from_bytes(body, stream=stream)
    if isinstance(body, Mapping):
        return _from_object(body, stream=stream)
    return _from_events(body, stream=stream)


def _from_bytes(body: bytes, *, stream: bool) -> Ready | Mapping[str, Any]:
    is_events = is_event_text(body)
    try:
        if is_events and not stream:
            return _whole(accumulated(stream_data(body)))
        if not is_events and stream:
            return _from_object(mapping(decode(body)), stream=True)
    except (ValueError, KeyError, TypeError):
        pass
    return Ready(STREAM if is_events else JSON, (body,))


def _from_object(body: Mapping[str, Any], *, stream: bool) -> Ready | Mapping[str, Any]:
    if text(body.get("type")) in EVENTS:
        return _from_events((body,), stream=stream)
    return body if stream and is_array(body.get("content")) else _whole(body)


def _from_events(events: Sequence[Mapping[str, Any]], *, stream: bool) -> Ready:
    if not stream:
        return _whole(accumulated(events))
    return Ready(STREAM, tuple(map(framed, events)))


def _whole(body: Mapping[str, Any]) -> Ready:
    return Ready(JSON, (encode(body),))


def body_of(values: Sequence[Any]) -> Mapping[str, Any]:
    """Find the message in an answer's JSON, or add up its events."""
    first = mapping(values[0] if values else None)
    return first if "content" in first else accumulated(map(mapping, values))


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its events, back into the reply it is; none where it is no message."""
    body = body_of(values)
    parts = [*parts_of(body.get("content")), *_refusal(body)]
    if not is_array(body.get("content")) or (not parts and body.get("stop_reason") is None):
        return ()
    why = text(body.get("stop_reason"))
    given = IMPLIED.get(why, why) if why in OWN_WORDS else None
    try:
        return (Reply(*map(_reply_part, parts), finish_reason=given),)
    except ReplyError:
        return ()


def _refusal(body: Mapping[str, Any]) -> Iterator[Refusal]:
    """Read why the model refuses; where it says something and refuses then, it is no refusal alone."""
    if body.get("stop_reason") == "refusal" and not body.get("content"):
        yield Refusal(text(mapping(body.get("stop_details")).get("explanation")))


def _reply_part(part: Part) -> ReplyPart:
    if not isinstance(part, PARTS):
        raise ReplyError(f"{part!r} is nothing a reply has", "A model says texts, calls and thoughts.")
    return part
