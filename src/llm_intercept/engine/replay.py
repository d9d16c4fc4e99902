"""Makes the response that a take holds: the same bytes in the recorded shape, or what the dialect makes of the other.

Knows: takes, dialects' raw replies. Must not know: how a take is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from llm_intercept.base.json import is_object, mapping
from llm_intercept.model.request import Usage
from llm_intercept.model.wire import Wait, WireResponse
from llm_intercept.recording.bodies import event_bytes
from llm_intercept.replies.reply import RawReply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from llm_intercept.dialects.base import Dialect, Writing
    from llm_intercept.engine.played import Played
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.recording.take import Take, TakeResponse
    from llm_intercept.timing.clock import Timeline

AT_ONCE = ("retry-after-ms", "1")
RETRIED = frozenset({408, 409, 429})
SERVER_ERROR = 500
ENTITY = ("content-type", "content-length", "content-encoding", "transfer-encoding")


def replayed(
    played: Played,
    request: LLMRequest,
    dialect: Dialect | None,
    writing: Writing,
    timeline: Callable[[], Timeline],
) -> WireResponse:
    """Make the response of a take for a request that may ask for the other shape.

    Args:
        played: The take.
        request: The request as it is asked now.
        dialect: The request's dialect; without one the answer has the recorded shape.
        writing: What the dialect needs to write.
        timeline: Makes what the recorded gaps are measured with.

    Raises:
        LLMInterceptError: The take's body is no answer that the dialect can read.

    """
    take = played.take
    if dialect is not None and take.response.status == 200 and _is_other_shape(take, request):  # noqa: PLR2004 - errors have one shape
        return _reshaped(played, request, dialect, writing)
    headers = tuple(take.response.headers.items())
    if played.factor == 0 and _is_retried(take.response.status):
        headers = (*(one for one in headers if one[0] != AT_ONCE[0]), AT_ONCE)
    times = timeline() if played.factor else None
    return WireResponse(take.response.status, headers, _steps(played), times)


def usage_of(take: Take) -> Usage | None:
    """Read the tokens a take's answer reports; None if it reports none."""
    counted: Any = _reported(take.response)
    if counted is None:
        return None
    try:
        return Usage(
            prompt_tokens=counted.get("prompt_tokens", counted.get("input_tokens", 0)),
            completion_tokens=counted.get("completion_tokens", counted.get("output_tokens", 0)),
            cached_tokens=mapping(counted.get("prompt_tokens_details")).get("cached_tokens") or 0,
            reasoning_tokens=mapping(counted.get("completion_tokens_details")).get("reasoning_tokens") or 0,
        )
    except ValidationError:
        return None


def _reported(response: TakeResponse) -> Mapping[str, Any] | None:
    """Find the last usage an answer reports."""
    for event in reversed(response.events or ()):
        found = mapping(event.data).get("usage")
        if is_object(found):
            return mapping(found)
    found = mapping(response.body).get("usage")
    return mapping(found) if is_object(found) else None


def _is_other_shape(take: Take, request: LLMRequest) -> bool:
    """Tell whether the take answers a stream with JSON, the reverse, or with usage that is not asked for."""
    if request.stream != (take.response.events is not None):
        return True
    return request.stream and _wants_usage(request.raw) != _wants_usage(mapping(take.request.body))


def _wants_usage(body: Any) -> bool:
    return mapping(mapping(body).get("stream_options")).get("include_usage") is True


def _reshaped(played: Played, request: LLMRequest, dialect: Dialect, writing: Writing) -> WireResponse:
    """Let the dialect say the answer in the shape asked for; from stream to stream it goes by way of JSON."""
    take = played.take
    headers = tuple(one for one in take.response.headers.items() if one[0] not in ENTITY)
    content = played.content
    if request.stream and take.response.events is not None:
        whole = request.replaced(stream=False)
        content = b"".join(_bytes(dialect.write(whole, RawReply(content), writing)))
    return dialect.write(request, RawReply(content, take.response.status, headers), writing)


def _bytes(response: WireResponse) -> list[bytes]:
    return [chunk for chunk in response.chunks if isinstance(chunk, bytes)]


def _steps(played: Played) -> Iterable[bytes | Wait]:
    """Give the body event by event, with its gaps if they are to be kept."""
    response, factor = played.take.response, played.factor
    if not factor:
        return (played.content,) if response.events is None else map(event_bytes, response.events)
    return _spaced(played)


def _spaced(played: Played) -> Iterator[bytes | Wait]:
    response, factor = played.take.response, played.factor
    if response.after_ms:
        yield Wait(response.after_ms * factor / 1000)
    if response.events is None:
        yield played.content
        return
    for event in response.events:
        if event.gap_ms:
            yield Wait(event.gap_ms * factor / 1000)
        yield event_bytes(event)


def _is_retried(status: int) -> bool:
    return status in RETRIED or status >= SERVER_ERROR
