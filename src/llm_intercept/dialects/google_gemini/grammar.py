"""What faults need to know of Gemini: which chunk is which, and how errors and broken calls are written.

Knows: chunks and bodies (docs/wire.md 10.1). Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, is_object, items, mapping, plain, text
from llm_intercept.base.tokens import EstimatingTokenizer, total
from llm_intercept.dialects.google.json_text import one_line, pretty
from llm_intercept.dialects.google.rpc_status import WORDS, word_for
from llm_intercept.dialects.shared.error_words import said_in_stream
from llm_intercept.dialects.shared.ready import stream_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

ENDS = b'"finishReason": "'
"""What the last chunk of a candidate has; no text can hold it, since its quotes are escaped."""
OTHERS_ENDS = b'"finishReason":"'
CALLED = b'"functionCall"'
ESTIMATE = EstimatingTokenizer()
STATUSES = {"server_error": 500, "rate_limit_exceeded": 429, "overloaded_error": 503}
"""The HTTP statuses of errors that a user names as other APIs do."""


def event(value: Any) -> bytes:
    """Frame a value as an event."""
    return b"data: %b\r\n\r\n" % one_line(value)


def kind(event: bytes) -> EventKind:
    """Return what an event of a stream is for; calls come whole, so that none is a fragment of arguments."""
    if ENDS in event or OTHERS_ENDS in event:
        return "finish"
    return "content" if b'"parts"' in event else "other"


def tokens(event: bytes) -> int:
    """Count the tokens of a chunk, which says some words at once: as they are estimated, at least one of a call."""
    try:
        chunks = stream_data(event)
    except ValueError:
        return 0
    listed = [part for chunk in chunks for one in items(chunk.get("candidates")) for part in _parts(one)]
    said = [text(part.get("text")) for part in listed]
    return total(ESTIMATE, filter(None, said), "") + sum(len(part) > 0 and "text" not in part for part in listed)


def _parts(candidate: Any) -> list[Mapping[str, Any]]:
    return [mapping(part) for part in items(mapping(mapping(candidate).get("content")).get("parts"))]


def is_last(event: bytes) -> bool:
    """Whether the stream ends here, which nothing says: of several candidates each ends."""
    del event
    return False


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as an event of a stream."""
    del first
    said = error.code or ""
    code = int(said) if said.isdecimal() else STATUSES.get(error.type, 500)
    status = error.type if error.type.isupper() else word_for(code)
    facts = {"code": code, "message": said_in_stream(error, WORDS), "status": status}
    return event({"error": facts}) if error.form == "data" else b"event: error\r\n" + event(facts)


def halve_arguments(body: bytes) -> bytes:
    """Leave half of the arguments of each call: an object stays one, with fewer of its fields."""
    if CALLED not in body:
        return body
    try:
        if body.startswith(b"data:"):
            return b"".join(event(_halved(one)) for one in stream_data(body))
        return pretty(_halved(decode(body))) + b"\n"
    except ValueError:
        return body


def _halved(value: Any) -> Any:
    whole = plain(value)
    for candidate in items(mapping(whole).get("candidates")):
        for part in items(mapping(mapping(candidate).get("content")).get("parts")):
            _halve(mapping(part).get("functionCall"))
    return whole


def _halve(called: Any) -> None:
    if is_object(called) and is_object(called.get("args")):
        kept = list(called["args"].items())
        called["args"] = dict(kept[: len(kept) // 2])
