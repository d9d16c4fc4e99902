"""What faults need to know of Converse's frames: which is for what, and how errors and broken calls are written.

Knows: frames and bodies. Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, json_object, mapping
from llm_intercept.dialects.bedrock.aws_origin import WORDS
from llm_intercept.dialects.bedrock.converse_events import BLOCK, DELTA, END, METADATA, START, event_in, frame_of
from llm_intercept.dialects.shared.error_words import said_in_stream

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

KINDS: dict[str, EventKind] = {START: "role", BLOCK: "role", END: "finish", METADATA: "usage"}
OF_STREAMS = ("modelStreamError", "validation", "throttling", "serviceUnavailable", "internalServer")


def kind(event: bytes) -> EventKind:
    """Return what an event is for."""
    for name, value in event_in(event).items():
        if name == DELTA:
            return "arguments" if "toolUse" in mapping(mapping(value).get("delta")) else "content"
        return KINDS.get(name, "other")
    return "other"


def is_last(event: bytes) -> bool:
    """Whether it is the event with the usage, after which nothing comes."""
    return METADATA in event_in(event)


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as the exception of a stream that its type names, or as one of the server's."""
    del first
    named = error.type.removesuffix("Exception")
    name = named[:1].lower() + named[1:]
    known = name if name in OF_STREAMS else "internalServer"
    return frame_of({f"{known}Exception": {"message": said_in_stream(error, WORDS)}}, "exception")


def halve_arguments(body: bytes) -> bytes:
    """Leave half of the arguments of each call in a JSON body: they are no text, but an object."""
    whole = json_object(body)
    message = mapping(mapping((whole or {}).get("output")).get("message"))
    calls = [mapping(one)["toolUse"] for one in items(message.get("content")) if "toolUse" in mapping(one)]
    for call in calls:
        _halve(call)
    return encode(whole) if calls else body


def _halve(call: Any) -> None:
    given = mapping(mapping(call).get("input"))
    if given:
        call["input"] = dict(islice(given.items(), len(given) // 2))
