"""What faults need to know of Messages: which event is which, and how errors and broken calls are written.

Knows: events and bodies (docs/wire.md 6.2). Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, items
from llm_intercept.dialects.anthropic.wording import IN_STREAM, WORDS, error_json
from llm_intercept.dialects.anthropic_messages.content import CALL
from llm_intercept.dialects.anthropic_messages.spaces import framed
from llm_intercept.dialects.anthropic_messages.speaking import input_of
from llm_intercept.dialects.shared.error_words import said_in_stream

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

TYPE = re.compile(rb'^(?:event: ?|data: ?\{ ?"type": ?")(\w+)', re.MULTILINE)
PART = re.compile(rb'"type": ?"input_json_delta", ?"partial_json": ?"(.?)')
KINDS: dict[bytes, EventKind] = {
    b"message_start": "role",
    b"content_block_delta": "content",
    b"message_delta": "finish",
    b"message_stop": "done",
    b"error": "done",
}


def kind(event: bytes) -> EventKind:
    """Return what an event of a stream is for; the empty piece that begins what a call is given is for nothing."""
    found = TYPE.search(event)
    name = KINDS.get(found[1], "other") if found is not None else "other"
    part = PART.search(event) if name == "content" else None
    if part is None:
        return name
    return "other" if part[1] == b'"' else "arguments"


def is_last(event: bytes) -> bool:
    """Whether it is the event that ends a stream."""
    return kind(event) == "done"


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as the event of that name, the only form that there is."""
    del first
    return framed(error_json(IN_STREAM.get(error.type, error.type), said_in_stream(error, WORDS), code=error.code))


def halve_arguments(body: bytes) -> bytes:
    """Leave what half of the JSON says that each call of a tool is given; a stream tells it in events of its own."""
    if body.startswith((b"event:", b"data:")):
        return body
    try:
        whole: Any = decode(body)
    except ValueError:
        return body
    for block in items(whole.get("content")) if is_object(whole) else ():
        if is_object(block) and block.get("type") == CALL and is_object(block.get("input")):
            written = json.dumps(block["input"], ensure_ascii=False)
            block["input"] = input_of(written[: len(written) // 2])
    return encode(whole)
