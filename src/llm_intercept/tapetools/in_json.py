"""Says a take as JSON for programs, in the words of a report: a conversation, and what answered it.

Knows: takes, reports. Must not know: any API's JSON, where takes are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.report.neutral_parts import tool_of
from llm_intercept.report.read_exchange import ReadExchange
from llm_intercept.secrets.urls import shown_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.recording.take import Take
    from llm_intercept.report.document import Plain


def exchange_in_json(take: Take) -> dict[str, Any]:
    """Say a take; what cannot be read as an answer of a model is said as it came, in `body`."""
    read = ReadExchange(take.request, take.response)
    request, told = read.request, read.told
    return {
        "api": request.api,
        "method": take.request.method,
        "url": shown_url(take.request.url),
        "model": request.model,
        "stream": request.stream,
        "messages": _said(read.messages),
        "tools": _said(map(tool_of, request.tools)),
        "status": take.response.status,
        "partial": take.partial or "",
        "answer": None if told is None else told.model_dump(exclude_defaults=True),
        "body": _came(read) if told is None or not told.parts else None,
        "recorded_at": take.recorded_at,
    }


def _said(several: Iterable[Plain]) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_defaults=True) for one in several]


def _came(read: ReadExchange) -> Any:
    """Give the JSON of an answer, of a stream a list; of anything else what the report has of it."""
    if read.events is not None:
        return read.values or [event.text for event in read.events]
    return read.values[0] if read.values else read.came and read.came.body
