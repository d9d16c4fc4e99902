"""Ready answers, sent as they are or told in the shape that is asked for.

Knows: an answer's JSON and its stream's chunks. Must not know: rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, is_array, is_object, items, mapping, text
from llm_intercept.dialects.google.front_end import JSON, STREAM
from llm_intercept.dialects.google.json_text import pretty
from llm_intercept.dialects.google_gemini.accumulate import accumulated
from llm_intercept.dialects.google_gemini.contents import parts_of
from llm_intercept.dialects.google_gemini.generations import CALLED_WORDS
from llm_intercept.dialects.google_gemini.grammar import event
from llm_intercept.dialects.google_gemini.own_parts import OF_CANDIDATES
from llm_intercept.dialects.shared.ready import Ready, is_event_text, stream_data
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Other, Text
from llm_intercept.model.wire import Awaited
from llm_intercept.replies.reply import PARTS, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llm_intercept.model.parts import Part, ReplyPart
    from llm_intercept.replies.kinds import RawReply

WHY = {"MAX_TOKENS": "length", "SAFETY": "content_filter"}
Chunks = tuple[Mapping[str, Any], ...]


def chunks_in(answer: RawReply) -> Chunks:
    """Read the chunks that a raw reply is made of; a whole answer is one, and what nobody can read has none."""
    body = answer.body
    if isinstance(body, Mapping):
        return (_response(body),)
    if not isinstance(body, bytes):
        return body
    try:
        return tuple(stream_data(body)) if is_event_text(body) else chunks_of(decode(body))
    except (ValueError, RecursionError):
        return ()


def ready(answer: RawReply, chunks: Chunks, *, stream: bool, sse: bool) -> Ready:
    """Make the body of a raw reply in the shape that is asked for; bytes that have it, or none, stay as they are."""
    body = answer.body
    if isinstance(body, bytes):
        is_events, is_array_body = is_event_text(body), body.lstrip().startswith(b"[")
        asked = (True, False) if stream and sse else (False, stream)
        if not chunks or (is_events, is_array_body) == asked:
            return Ready(STREAM if is_events else JSON, (body,))
    if not stream:
        whole = chunks[0] if len(chunks) == 1 else accumulated(chunks)
        return Ready(JSON, (pretty(whole) + b"\n",))
    if sse:
        return Ready(STREAM, tuple(event(chunk) for chunk in chunks))
    return Ready(JSON, tuple(one for one in in_array(chunks) if isinstance(one, bytes)))


def chunks_of(value: Any) -> Chunks:
    """Give the chunks in a JSON array, or the one that a JSON object is."""
    return tuple(map(mapping, items(value))) if is_array(value) else (mapping(value),)


def in_array(chunks: Iterable[Mapping[str, Any] | Awaited]) -> Iterator[bytes | Awaited]:
    """Write chunks as a JSON array, each when it is there."""
    begin = b"["
    for chunk in chunks:
        if isinstance(chunk, Awaited):
            yield chunk
            continue
        yield begin + pretty(chunk) + b"\n"
        begin = b",\r\n"
    yield b"]" if begin != b"[" else b"[]"


def _response(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make an answer of a part of one, as SDKs have it: a candidate, a content, a part."""
    if is_object(body.get("content")) and "candidates" not in body:
        return {"candidates": [body]}
    if "parts" in body and "candidates" not in body:
        return {"candidates": [{"content": body, "finishReason": "STOP", "index": 0}]}
    return body


def body_of(values: Sequence[Any]) -> Mapping[str, Any]:
    """Find the whole answer in an answer's JSON, its array or its events."""
    chunks = [mapping(one) for value in values for one in (items(value) if is_array(value) else (value,))]
    return accumulated(chunks)


def replies(values: Sequence[Any]) -> tuple[Reply, ...]:
    """Read an answer's JSON, or its events, back into replies, one a candidate; none where it is no answer."""
    body = body_of(values)
    try:
        if is_object(body.get("promptFeedback")) and not body.get("candidates"):
            return (Reply(Other("promptFeedback", body["promptFeedback"])),)
        return tuple(_reply(mapping(one)) for one in items(body.get("candidates")))
    except ReplyError:
        return ()


def _reply(candidate: Mapping[str, Any]) -> Reply:
    parts = [_reply_part(part) for part in parts_of(candidate.get("content")) if part != Text("")]
    beside = [
        Other(name, value if is_object(value) else {name: value})
        for name, value in candidate.items()
        if name in OF_CANDIDATES and value and value != CALLED_WORDS
    ]
    word = text(candidate.get("finishReason"))
    return Reply(*parts, *beside, finish_reason=WHY.get(word, None if word in {"STOP", ""} else word))


def _reply_part(part: Part) -> ReplyPart:
    if not isinstance(part, PARTS):
        raise ReplyError(f"{part!r} is nothing a reply has", "A model says texts, calls and thoughts.")
    return part
