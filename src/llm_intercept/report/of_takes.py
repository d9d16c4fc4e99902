"""A report of tapes: each take as a row and a detail, and what could not be read.

Knows: tapes. Must not know: calls, HTML, where the report goes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from llm_intercept.base.prices import price
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import redacted_take
from llm_intercept.replies.api_error import LOWEST
from llm_intercept.report.continued import Continued
from llm_intercept.report.document import Detail, Row
from llm_intercept.report.neutral_parts import SHORT, params_of, tool_of
from llm_intercept.report.read_exchange import ReadExchange
from llm_intercept.secrets.credentials import credentials
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.recording.take import Take

REDACTION = Redaction()
Entry = tuple[Row, Detail]


def entries_of_takes(takes: Iterable[tuple[str, Take]], side: int = 0, first: int = 0) -> list[Entry]:
    """Make the rows and details of takes.

    Args:
        takes: The takes with their names, in the order in which they were recorded.
        side: The side of a difference that they are.
        first: The number of the first row.

    """
    clean = [(name, _redacted(take)) for name, take in takes]
    moments = [moment for _, take in clean if (moment := _moment(take)) is not None]
    begin, before = min(moments, default=0.0), Continued()
    return [_entry(n, side, name, take, begin, before) for n, (name, take) in enumerate(clean, first)]


def _redacted(take: Take) -> Take:
    """Redact a take again: it may have been made by hand, or by an older version; a clean one stays as it is."""
    headers = [*take.request.headers.items(), *take.response.headers.items()]
    return redacted_take(take, REDACTION, credentials(take.request.url, headers))


def _entry(n: int, side: int, name: str, take: Take, begin: float, before: Continued) -> Entry:
    read = ReadExchange(take.request, take.response)
    request, moment, status = read.request, _moment(take), take.response.status
    usage, is_failed = read.usage, status >= LOWEST or take.partial is not None
    continues, known = before.conversation(n, side, read.messages)
    row = Row(
        n=n,
        side=side,
        name=name,
        api=request.api or read.dialect.name,
        model=request.model,
        stream=request.stream,
        question=cut(" ".join(request.last_user.split()), SHORT),
        answer=read.answer,
        source="take",
        status=status,
        outcome=f"{status} and partial" if take.partial is not None else str(status),
        failed=is_failed,
        attempt=1,
        turn=request.turn,
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        cost=None if usage is None else price(request.model, usage.input_tokens, usage.output_tokens),
        started=0.0 if moment is None else round(moment - begin, 6),
        real_started=moment,
        first=read.first,
        duration=read.duration,
        chunks=None if read.events is None else len(read.events),
        url=take.request.url,
        method=take.request.method,
        recorded_at=take.recorded_at or None,
    )
    detail = Detail(
        n=n,
        messages=read.messages,
        known=known,
        continues=continues,
        tools=tuple(map(tool_of, request.tools)),
        params=params_of(request),
        answer=read.told,
        events=read.events,
        request=read.sent,
        response=read.came,
        partial=take.partial,
    )
    return row, detail


def _moment(take: Take) -> float | None:
    try:
        return datetime.fromisoformat(take.recorded_at).timestamp()
    except ValueError:
        return None
