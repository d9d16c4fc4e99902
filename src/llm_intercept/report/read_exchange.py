"""An exchange as a take keeps it, read for a report: its conversation, its answer, its events with their times.

What comes in is redacted already; so nothing secret is in what is made of it.

Knows: takes, dialects by their contract. Must not know: any API's JSON, where an exchange is from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from llm_intercept.base.json import encode, items, mapping
from llm_intercept.base.json import text as text_in
from llm_intercept.engine.reread import read_request
from llm_intercept.recording.bodies import answer_values, content_of, event_bytes, framing_in
from llm_intercept.recording.json_writer import compact
from llm_intercept.replies.api_error import LOWEST
from llm_intercept.report.document import Given, Moment, Sent
from llm_intercept.report.neutral_parts import SHORT, in_short, message_of, told_of
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llm_intercept.base.framings import Framing
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage
    from llm_intercept.recording.take import Event, TakeRequest, TakeResponse
    from llm_intercept.replies.reply import Reply
    from llm_intercept.report.document import Message, Told

T = TypeVar("T")
COMPLAINTS = ("message", "detail", "error", "title")
"""Where APIs say what is wrong, from the outside in."""


@dataclass(frozen=True)
class ReadExchange:
    """An exchange, read.

    Args:
        asked: The request.
        given: The answer; None where there was none, or it is not kept.
        unit: Seconds that a unit of the answer's times has: milliseconds in takes.

    """

    asked: TakeRequest
    given: TakeResponse | None
    unit: float = 0.001

    @cached_property
    def _read(self) -> tuple[Dialect, LLMRequest]:
        return read_request(self.asked)

    @property
    def dialect(self) -> Dialect:
        """The API that was asked."""
        return self._read[0]

    @property
    def request(self) -> LLMRequest:
        """The request as the API has it."""
        return self._read[1]

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return tuple(map(message_of, self.request.messages))

    @cached_property
    def values(self) -> list[Any]:
        """The JSON of the answer, or of each event."""
        return [] if self.given is None else answer_values(self.given)

    @cached_property
    def usage(self) -> Usage | None:
        """The tokens that the answer reports; None where it does not, or cannot be read."""
        return attempted(lambda: self.dialect.recorded.usage(self.values), None)

    @cached_property
    def told(self) -> Told | None:
        """What was answered; None where it is an error, or cannot be read."""
        if self.given is None or self.given.status >= LOWEST:
            return None
        nothing: tuple[Reply, ...] = ()
        return told_of(attempted(lambda: self.dialect.recorded.replies(self.values), nothing), self.usage)

    @property
    def answer(self) -> str:
        """The answer in a line: what was said, or what the API complained of."""
        if self.told is not None:
            return in_short(self.told.parts)
        return cut(" ".join(_complaint(self.values).split()), SHORT)

    @cached_property
    def events(self) -> tuple[Moment, ...] | None:
        """The events of a stream, each with the seconds from the request until it was there."""
        given = self.given
        if given is None or given.events is None:
            return None
        return tuple(
            Moment(at=at, text=text)
            for text, at in zip(_written(given.events, framing_in(given)), self._moments(given), strict=True)
        )

    @property
    def first(self) -> float | None:
        """Seconds from the request to the answer's first byte; None where nobody knows."""
        given = self.given
        return None if given is None or given.after_ms is None else round(given.after_ms * self.unit, 6)

    @property
    def duration(self) -> float:
        """Seconds from the request to the answer's last byte, as far as they are known."""
        return next((one.at for one in reversed(self.events or ()) if one.at is not None), self.first or 0.0)

    @property
    def sent(self) -> Sent:
        """The request as it was sent."""
        asked = self.asked
        body = asked.text if asked.text is not None else "" if asked.body is None else encode(asked.body, 2).decode()
        return Sent(method=asked.method, url=asked.url, headers=tuple(asked.headers.items()), body=body)

    @property
    def came(self) -> Given | None:
        """The answer as it came; a stream's body is its events."""
        given = self.given
        if given is None:
            return None
        body = f"base64:{given.base64}" if given.base64 is not None else None
        if body is None and given.events is None:
            body = content_of(given).decode(errors="replace")
        return Given(status=given.status, headers=tuple(given.headers.items()), body=body)

    def _moments(self, given: TakeResponse) -> Iterator[float]:
        at = given.after_ms or 0
        for event in given.events or ():
            at += event.gap_ms
            yield round(at * self.unit, 6)


def attempted(read: Callable[[], T], otherwise: T) -> T:
    """Read something that a server, or a user's code, may have made of anything."""
    try:
        return read()
    except Exception:  # noqa: BLE001 - it is shown as it came
        return otherwise


def _written(events: Sequence[Event], framing: Framing) -> list[str]:
    """Write events as they came, where they are text, else as the JSON that they say."""
    said = iter(compact([event.data for event in events if event.text is None]))
    told = [next(said) if event.text is None else None for event in events]
    return [_framed(event, json, framing) for event, json in zip(events, told, strict=True)]


def _framed(event: Event, json: str | None, framing: Framing) -> str:
    if json is None:
        return event_bytes(event, framing).decode(errors="replace")
    made = framing.framed(json) if framing.is_text else json
    return made if isinstance(made, str) else made.decode(errors="replace")


def _complaint(value: Any) -> str:
    """Find what an error says is wrong, whoever writes it."""
    for one in items(value):
        if said := _complaint(one):
            return said
    fields = mapping(value)
    inner = next((fields[name] for name in COMPLAINTS if name in fields), None)
    return text_in(inner) or ("" if inner is None else _complaint(inner))
