"""What faults need to know of Ollama's lines: which says what, and how errors and broken calls are written.

Knows: the lines of a stream, and bodies. Must not know: which fault is woven, where, or when.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, json_object, mapping
from llm_intercept.dialects.ollama.lines import CALLS, line_of_error
from llm_intercept.dialects.ollama.ollama_origin import WORDS, go_json
from llm_intercept.dialects.shared.error_words import said_in_stream

if TYPE_CHECKING:
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.wire import EventKind

GOES_ON = b'"done":false'


def kind(event: bytes) -> EventKind:
    """Return what a line is for."""
    line = json_object(event)
    if line is None or "error" in line:
        return "other"
    if line.get("done") is True:
        return "finish"
    return "arguments" if mapping(line.get("message")).get(CALLS) else "content"


def is_last(event: bytes) -> bool:
    """Whether a line says that the answer is complete."""
    return GOES_ON not in event and (json_object(event) or {}).get("done") is True


def error(error: ErrorEvent, first: bytes) -> bytes:
    """Write an error as a line."""
    del first
    return line_of_error(said_in_stream(error, WORDS))


def halve_arguments(body: bytes) -> bytes:
    """Leave half of the arguments of each call: they are no text, but an object."""
    whole = json_object(body)
    calls = items(mapping((whole or {}).get("message")).get(CALLS))
    if not calls:
        return body
    for call in calls:
        _halve(mapping(call).get("function"))
    return go_json(whole) + (b"\n" if body.endswith(b"\n") else b"")


def _halve(called: Any) -> None:
    arguments = mapping(mapping(called).get("arguments"))
    if arguments:
        called["arguments"] = dict(islice(arguments.items(), len(arguments) // 2))
