"""Ready responses, sent as they are or told in the shape that is asked for.

Knows: a response's JSON and its stream's events. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, items, mapping, plain, text
from llm_intercept.dialects.openai.headers import JSON, STREAM
from llm_intercept.dialects.openai_responses.accumulate import accumulated
from llm_intercept.dialects.openai_responses.item_kinds import KINDS, kind_of, tellable
from llm_intercept.dialects.openai_responses.items import parts_of
from llm_intercept.dialects.shared.ready import Ready, is_event_text, stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Other
from llm_intercept.replies.reply import PARTS, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.model.parts import FinishReason, Part, ReplyPart
    from llm_intercept.replies.kinds import RawReply

WHY: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


def ready(answer: RawReply, *, stream: bool) -> Ready | Reply | Mapping[str, Any]:
    """Make the body of a raw reply; or return the reply, or the response, that is to be told in the shape asked for."""
    body = answer.body
    if isinstance(body, bytes):
        return _from_bytes(body, stream=stream)
    if isinstance(body, Mapping):
        return _from_object(body, stream=stream)
    return _from_events(body, stream=stream)


def _from_bytes(body: bytes, *, stream: bool) -> Ready | Reply | Mapping[str, Any]:
    is_events = is_event_text(body)
    try:
        if is_events and not stream:
            return _whole(accumulated(stream_data(body)))
        if not is_events and stream:
            return _from_object(mapping(decode(body)), stream=True)
    except (ValueError, KeyError, TypeError):
        pass
    return Ready(STREAM if is_events else JSON, (body,))


def _from_object(body: Mapping[str, Any], *, stream: bool) -> Ready | Reply | Mapping[str, Any]:
    kind = text(body.get("type"))
    if kind in KINDS:
        return Reply(Other(kind, body))
    if kind.startswith("response."):
        return _from_events((body,), stream=stream)
    if not stream or body.get("object") == "error" or (body.get("error") and "output" not in body):
        return _whole(body)
    return body


def _from_events(events: Sequence[Mapping[str, Any]], *, stream: bool) -> Ready:
    if not stream:
        return _whole(accumulated(events))
    return Ready(STREAM, tuple(_framed(plain(event)) for event in events))


def _whole(body: Mapping[str, Any]) -> Ready:
    return Ready(JSON, (encode(body, indent=2),))


def _framed(event: dict[str, Any]) -> bytes:
    """Frame an event as it is, in the order of its own fields."""
    return b"event: %b\ndata: %b\n\n" % (text(event.get("type")).encode(), encode(event))


def body_of(values: Sequence[Any]) -> Mapping[str, Any]:
    """Find the response in an answer's JSON, or add up its events."""
    first = mapping(values[0] if values else None)
    return first if "output" in first else accumulated(map(mapping, values))


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its events, back into the reply it is; none where it is no response, or failed."""
    body = body_of(values)
    parts = tuple(part for item in items(body.get("output")) for part in parts_of(mapping(item)))
    if not parts or body.get("error") or any(mapping(one).get("type") == "error" for one in values):
        return ()
    try:
        return (Reply(*map(_reply_part, parts), finish_reason=_why(body)),)
    except ReplyError:
        return ()


def _why(body: Mapping[str, Any]) -> FinishReason | None:
    return WHY.get(text(mapping(body.get("incomplete_details")).get("reason")))


def _reply_part(part: Part) -> ReplyPart:
    if not isinstance(part, PARTS):
        raise ReplyError(f"{part!r} is nothing a reply has", "A model says texts, calls and thoughts.")
    return part


def identified(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give each item of a ready response an id, by which the events of a stream name it.

    openai 3.57 breaks a stream off whose last event has items without the ids that they had before.
    """
    output = [mapping(one) for one in items(body.get("output"))]
    if all(text(one.get("id")) for one in output):
        return body
    named = [{**one, "id": known["id"]} for one, known in zip(output, items_of(body), strict=True)]
    return {**body, "output": named}


def items_of(body: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Give the items of a ready response, each with an id."""
    for number, item in enumerate(items(body.get("output"))):
        known = tellable(mapping(item))
        yield {**known, "id": known["id"] or f"{kind_of(known).prefix}_{number}"}
