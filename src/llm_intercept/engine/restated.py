"""An answer of one API as the reply that another API gives: its parts, or its error, and how long they took.

Knows: takes, what dialects read of answers. Must not know: any API, how a take is found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping, text
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Other
from llm_intercept.model.wire import Wait
from llm_intercept.recording.bodies import answer_values
from llm_intercept.replies.api_error import LOWEST, api_error
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.wire import Step, WireResponse
    from llm_intercept.recording.take import Take, TakeResponse
    from llm_intercept.replies.kinds import ErrorReply
    from llm_intercept.timing.clock import Timeline


def restated(take: Take, dialect: Dialect, factor: float) -> Reply | ErrorReply:
    """Read a take's answer into the reply that says the same.

    Args:
        take: The take.
        dialect: The API that answered.
        factor: What its times are multiplied with; 0 lets clients try again at once.

    Raises:
        ReplyError: It has something that only this API can say, or cannot be read.

    """
    response, values = take.response, answer_values(take.response)
    if response.status >= LOWEST:
        return _failed(response, values, dialect, factor)
    return said_anew(values, dialect)


def said_anew(values: Sequence[Any], dialect: Dialect) -> Reply:
    """Read an answer's JSON, or its events, into the reply that says the same.

    Raises:
        ReplyError: It has something that only this API can say, or cannot be read.

    """
    replies = _read(values, dialect)
    for part in (part for reply in replies for part in reply.parts):
        if isinstance(part, Other):
            raise ReplyError(f"it has a part that no other API has, {part.type or 'of no type'}", "")
    usage = dialect.recorded.usage(values)
    return replies[0].replaced(usage=usage) if len(replies) == 1 else Reply(variants=replies, usage=usage)


def _read(values: Sequence[Any], dialect: Dialect) -> tuple[Reply, ...]:
    try:
        replies = dialect.recorded.replies(values)
    except Exception as error:
        raise ReplyError(f"its answer cannot be read ({type(error).__name__}: {error})", "") from error
    if not replies:
        raise ReplyError("its answer cannot be read back into a reply", "")
    return replies


def _failed(response: TakeResponse, values: Sequence[Any], dialect: Dialect, factor: float) -> ErrorReply:
    """Make the error of the same status, in the words that were recorded; what it is called, the API says."""
    error = mapping(mapping(values[0] if values else None).get("error"))
    message, code = text(error.get("message")) or None, text(error.get("code")) or None
    wait = dialect.retry.asked(tuple(response.headers.items())) if factor else None
    return api_error(response.status, message, code=code, retry_after=wait)


def timed(response: WireResponse, recorded: TakeResponse, factor: float, timeline: Timeline) -> WireResponse:
    """Let an answer take the time that the recorded one took: its pieces, however many, in the recorded course."""
    return replace(response, chunks=_spaced(tuple(response.chunks), recorded, factor), timeline=timeline)


def _spaced(steps: Sequence[Step], recorded: TakeResponse, factor: float) -> Iterator[Step]:
    course = _course(recorded)
    passed = 0
    for number, step in enumerate(steps, 1):
        due = course[-(-number * len(course) // len(steps)) - 1]
        if due > passed:
            yield Wait((due - passed) * factor / 1000)
        passed = max(passed, due)
        yield step


def _course(recorded: TakeResponse) -> list[int]:
    """Say when each event was there, in milliseconds since the request."""
    passed, course = recorded.after_ms or 0, list[int]()
    for event in recorded.events or ():
        passed += event.gap_ms
        course.append(passed)
    return course or [passed]
