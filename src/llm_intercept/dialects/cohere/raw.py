"""Ready bodies of Cohere's, sent as they are or turned into the shape that is asked for, and answers read back.

Knows: bodies and events. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import decode, encode, items, mapping, text
from llm_intercept.dialects.cohere.chat_events import PLAN, accumulated, framed
from llm_intercept.dialects.cohere.cohere_origin import JSON, LINES, STREAM
from llm_intercept.dialects.cohere.read import parts_of
from llm_intercept.dialects.shared.ready import is_event_text, stream_data
from llm_intercept.model.parts import Citation, Media, Other, ToolResult
from llm_intercept.model.usage import Usage
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_intercept.model.parts import FinishReason, Part, ReplyPart
    from llm_intercept.replies.kinds import RawReply

SAID = frozenset({"role", "content", PLAN, "tool_calls", "citations"})
FINISHES: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


class Ready(NamedTuple):
    """A body to send."""

    content_type: str
    content: bytes


def ready(answer: RawReply, *, stream: str) -> Ready | Mapping[str, Any]:
    """Make the body of a raw reply, or return the one that is to be told as a stream; `stream` is its kind, if any."""
    body = answer.body
    if isinstance(body, tuple):
        return _framed(body, stream) if stream else _added(body)
    if isinstance(body, Mapping):
        return body if stream and "message" in body and "id" in body else Ready(JSON, encode(body))
    try:
        if is_event_text(body):
            return Ready(STREAM, body) if stream else _added(stream_data(body))
        if body.startswith(b'{"type"') or b"\n{" in body:
            found = [mapping(decode(line)) for line in body.splitlines() if line.strip()]
            return Ready(LINES, body) if stream else _added(found)
        if stream:
            value = mapping(decode(body))
            return value if isinstance(value.get("message"), dict) else Ready(JSON, body)
    except ValueError:
        pass
    return Ready(JSON, body)


def _framed(values: Iterable[Mapping[str, Any]], content_type: str) -> Ready:
    chunks = framed(map(dict, values), content_type)
    return Ready(content_type, b"".join(one for one in chunks if isinstance(one, bytes)))


def _added(values: Iterable[Mapping[str, Any]]) -> Ready:
    return Ready(JSON, encode(accumulated(values)))


def said_in(body: Mapping[str, Any]) -> tuple[ReplyPart, ...]:
    """Read what an answer says, with what only Cohere has in it."""
    message = mapping(body.get("message"))
    cited = (Citation(raw=mapping(one)) for one in items(message.get("citations")))
    return (*map(_reply_part, parts_of(message)), *cited)


def _reply_part(part: Part) -> ReplyPart:
    if isinstance(part, ToolResult):
        raise TypeError(f"{part!r} is nothing that an assistant says")
    return Other("image_url", part.raw) if isinstance(part, Media) else part


def plan_in(body: Mapping[str, Any]) -> frozenset[int]:
    """Return the number of the text that is an answer's plan: it comes after the content."""
    message = mapping(body.get("message"))
    content = parts_of({"content": message.get("content")})
    return frozenset({len(content)} if message.get(PLAN) else ())


def beside(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what a stream of a body says in its first event, of the message in it, and in its last event."""
    last = {name: body[name] for name in ("finish_reason", "usage") if name in body}
    first = {name: value for name, value in body.items() if name not in last and name != "message"}
    return first, {name: value for name, value in mapping(body.get("message")).items() if name not in SAID}, last


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its events, back into a reply; none where it is no answer."""
    body = whole(values)
    if "message" not in body:
        return ()
    parts = tuple(part for part in said_in(body) if not isinstance(part, Other))
    return (Reply(*parts, finish_reason=FINISHES.get(text(body.get("finish_reason")))),)


def whole(values: Sequence[Any]) -> Mapping[str, Any]:
    """Return an answer's JSON, or what its events add up to."""
    first = mapping(values[0] if values else None)
    return first if isinstance(first.get("message"), dict) else accumulated(map(mapping, values))


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports; None if it does not."""
    usage = mapping(whole(values).get("usage"))
    tokens = mapping(usage.get("tokens")) or mapping(usage.get("billed_units"))
    if not tokens:
        return None
    cached = _count(usage.get("cached_tokens"))
    return Usage(_count(tokens.get("input_tokens")), _count(tokens.get("output_tokens")), cache_read_tokens=cached)


def _count(value: Any) -> int:
    return int(value) if is_int(value, 0) or (isinstance(value, float) and value > 0) else 0
