"""What is around an event of another API's stream that Bedrock sends: a frame with the event's JSON in base64.

Knows: the frame (Amazon's reference, "InvokeModelWithResponseStream"), which says in the last event what was used.
Must not know: which API is in it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.amazon_frames import JSON_INSIDE, TEXT_INSIDE, parsed, written
from llm_intercept.base.framings import AMAZON
from llm_intercept.base.json import encode, json_object, mapping, text
from llm_intercept.base.sse import frame
from llm_intercept.dialects.bedrock import grammar
from llm_intercept.dialects.bedrock.aws_origin import latency
from llm_intercept.dialects.bedrock.converse_events import PAD, event_in, frame_of, unpadded
from llm_intercept.dialects.shared.ready import stream_data

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from llm_intercept.base.framings import Framing
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.usage import Usage
    from llm_intercept.model.wire import EventKind, Step

CHUNK, BYTES, METRICS = "chunk", "bytes", "amazon-bedrock-invocationMetrics"
ENDINGS = ("finish", "usage", "done")


class Inner(NamedTuple):
    """An event of the API in the envelope, and whether a stream may end with it."""

    said: Mapping[str, Any]
    ends: bool


class Envelope:
    """Puts another API's events into frames, and answers for that API's grammar what faults ask of them.

    Args:
        inner: The API.

    """

    def __init__(self, inner: Dialect) -> None:
        self._inner = inner

    def events(self, chunks: Iterable[Step], framing: Framing) -> Generator[Step | Inner]:
        """Give the events that an answer's bytes have, and what is none of its bytes as it is."""
        rest, steps = b"", iter(chunks)
        try:
            for step in steps:
                if not isinstance(step, bytes):
                    yield step
                    continue
                events, rest = framing.cut(rest + step)
                for event in events:
                    ends = self._inner.grammar.kind(event) in ENDINGS
                    yield from (Inner(said, ends) for said in _told(event, framing))
        finally:
            close = getattr(steps, "close", None)
            if close is not None:
                close()

    def framed(self, event: Mapping[str, Any], last: Usage | None = None) -> bytes:
        """Frame an event; the last one of all says what was used."""
        said = event if last is None or METRICS in event else {**event, METRICS: metrics(last)}
        content = encode(said)
        padding = PAD[: 1 + len(content) * 7 % len(PAD)]
        return written(CHUNK, encode({BYTES: base64.b64encode(content).decode(), "p": padding}))

    def kind(self, event: bytes, /) -> EventKind:
        """Return what a frame is for."""
        return self._inner.grammar.kind(self._plain(payload_in(event)))

    def is_last(self, event: bytes, /) -> bool:
        """Whether it is the frame that says what was used."""
        return METRICS in _whole_payload(event)

    def counted(self, event: bytes) -> int:
        """Count the tokens that a frame carries."""
        count = self._inner.counted
        return 0 if count is None else count(self._plain(payload_in(event)))

    def error(self, error: ErrorEvent, first: bytes, /) -> bytes:
        """Write an error as the exception of a stream."""
        return grammar.error(error, first)

    def halve_arguments(self, body: bytes, /) -> bytes:
        """Leave half of the arguments of each call in a JSON body."""
        return body if AMAZON.is_one(body) else self._inner.grammar.halve_arguments(body)

    def _plain(self, event: Mapping[str, Any]) -> bytes:
        """Write an event as the API does by itself: as a frame of its kind, or as a server-sent event."""
        return frame_of(event) if event and _is_of_converse(self._inner) else frame(encode(event).decode())


def _is_of_converse(inner: Dialect) -> bool:
    return inner.grammar is grammar


def _told(event: bytes, framing: Framing) -> Sequence[Mapping[str, Any]]:
    if framing is not AMAZON:
        return stream_data(event)
    return [{kind: unpadded(value) for kind, value in event_in(event).items()}]


def _whole_payload(event: bytes) -> Mapping[str, Any]:
    found = parsed(event)
    encoded = text(mapping(None if found is None else found.value).get(BYTES))
    try:
        return json_object(base64.b64decode(encoded, validate=True)) or {}
    except ValueError:
        return {}


def payload_in(event: bytes) -> Mapping[str, Any]:
    """Read the event in a frame, without what Amazon says of its own in it; empty where there is none."""
    return _without_metrics(_whole_payload(event))


def _without_metrics(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in event.items() if name != METRICS}


def opened_take(values: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Read the events in frames as recordings keep them; the JSON of an answer is no frame's, and stays as it is."""
    return [_opened(mapping(one)) for one in values]


def _opened(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if text(value.get(":event-type")) != CHUNK:
        return value
    shown = mapping(value.get(BYTES))
    inside = shown.get(JSON_INSIDE)
    return _without_metrics(mapping(inside or json_object(text(shown.get(TEXT_INSIDE)).encode())))


def metrics(used: Usage) -> dict[str, int]:
    """Write what an invocation used, as the last event says it."""
    kept = used.cache_read_tokens, used.cache_write_tokens
    told = {
        "inputTokenCount": max(0, used.input_tokens - sum(kept)),
        "outputTokenCount": used.output_tokens,
        "invocationLatency": latency(used),
        "firstByteLatency": latency(None),
    }
    cached = {"cacheReadInputTokenCount": kept[0], "cacheWriteInputTokenCount": kept[1]}
    return {**told, **cached} if any(kept) else told
