"""The takes of a tape, a line each: what was asked, what was answered, what it took.

Knows: takes, the neutral vocabulary. Must not know: any API's JSON, terminals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.shared.in_words import data_in_words, in_words
from llm_intercept.engine.reread import read_request
from llm_intercept.model.parts import told
from llm_intercept.recording.bodies import answer_values
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape

BEGINNING = 400
"""How many characters of a question and of an answer are told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A take as it is listed.

    Attributes:
        number: Its place in the order in which the tape was recorded, from 1.
        name: Its file.
        api: The API that was asked, as `LLMRequest.api` has it.
        model: The model that was asked.
        question: The beginning of what came last: of the user, or of tools; of what is no conversation, its path.
        answer: The beginning of what was answered.
        status: The HTTP status.
        partial: Why the answer is not whole; empty if it is.
        events: How many events it came in; None of what came in one piece.
        input_tokens: Of the prompt, as the API counted them; None if it did not.
        output_tokens: Of the answer.
        recorded_at: When it was asked, ISO 8601; empty if that is not known.

    """

    number: int
    name: str
    api: str
    model: str
    question: str
    answer: str
    status: int
    partial: str
    events: int | None
    input_tokens: int | None
    output_tokens: int | None
    recorded_at: str


def in_order(tape: Tape) -> list[tuple[str, Take]]:
    """Give the takes as they were recorded; those without a time first, the shorter conversation before the longer."""
    return sorted(tape.takes(), key=lambda one: (one[1].recorded_at, _turn(one[1]), one[0]))


def _turn(take: Take) -> int:
    return 0 if take.recorded_at else read_request(take.request)[1].turn


def entries(tape: Tape) -> list[Entry]:
    """List a tape in the order in which it was recorded."""
    return [_entry(number, name, take) for number, (name, take) in enumerate(in_order(tape), 1)]


def _entry(number: int, name: str, take: Take) -> Entry:
    dialect, request = read_request(take.request)
    usage, events = dialect.recorded.usage(answer_values(take.response)), take.response.events
    return Entry(
        number=number,
        name=name,
        api=request.api,
        model=request.model,
        question=question_of(request),
        answer=_answer(take, dialect),
        status=take.response.status,
        partial=take.partial or "",
        events=None if events is None else len(events),
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        recorded_at=take.recorded_at,
    )


def question_of(request: LLMRequest) -> str:
    """Say what came last before the answer; of a request without a conversation, what it asks for."""
    last = request.messages[-1] if request.messages else None
    if last is not None and last.tool_results and not last.is_user:
        return told(last.tool_results)
    return cut(request.last_user, BEGINNING) or f"{request.method} {urlsplit(shown_url(request.url)).path}"


def _answer(take: Take, dialect: Dialect) -> str:
    """Say what was answered, the first choice; of no conversation what it is; of all else its beginning."""
    response, values = take.response, answer_values(take.response)
    replies = dialect.recorded.replies(values)
    if replies:
        return told(replies[0].parts)
    if response.base64 is not None:
        return data_in_words(response.base64, response.headers.get("content-type", ""))
    in_few = in_words(values[0]) if values else ""
    said = response.text if response.text is not None else encode(values[0]).decode() if values else "nothing"
    return cut(in_few or said, BEGINNING)
