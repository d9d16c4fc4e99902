"""Delivers an answer as the simulated network and API would: its pace, its faults, headers that tell clients to wait.

Knows: what is woven into a response and what precedes it. Must not know: rules, how an answer is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from llm_intercept.base.tokens import count
from llm_intercept.faults.base import Body
from llm_intercept.faults.weave import weave
from llm_intercept.model.wire import Break, NetworkFaultError, WireResponse, stream_framing
from llm_intercept.replies.filler import words
from llm_intercept.replies.kinds import AutoReply, ErrorReply
from llm_intercept.replies.reply import Reply
from llm_intercept.settings import DEFAULT_REPLY

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from llm_intercept.engine.decide import Case
    from llm_intercept.faults.base import Fault
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.wire import Headers, Step
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.timing.batch import Place
    from llm_intercept.timing.clock import Timeline
    from llm_intercept.timing.pace import Pace

    Told = Callable[[int], float]

FAILED = 400  # HTTP statuses from here on say that a request failed
AT_ONCE = 0.001
"""Seconds: what a mocked error says that nobody gave a `retry_after`."""


@dataclass(slots=True)
class Delivery:
    """How one answer is given."""

    case: Case
    answer: Answer
    faults: tuple[Fault, ...]
    pace: Pace | None

    @classmethod
    def of(cls, answer: Answer, case: Case) -> Delivery:
        """Find what goes wrong with an answer, and how fast it comes: as it says, as its rule, as the interceptor."""
        call = case.call
        given = (*call.faults, *answer.faults)
        call.faults = tuple(fault for fault in given if fault.applies(stream=case.dialect.tells_events(case.request)))
        paced = answer.pace or (call.rule.given_pace if call.rule is not None else None) or case.service.pace
        pages = (page for fault in call.faults if (page := fault.page()) is not None)
        return cls(case, next((ErrorReply(status, body=text) for status, text in pages), answer), call.faults, paced)

    def fail_at_once(self) -> Generator[Any, Any, None]:
        """Let the request fail, if it is to fail before there are headers.

        Raises:
            NetworkFaultError: It is.

        """
        for fault in self.faults:
            for step in fault.before_headers():
                if isinstance(step, Break):
                    raise NetworkFaultError(step.kind, step.message)
                yield from self.case.pause(step.seconds)

    def perform(self, response: WireResponse, identity: Identity) -> Generator[Any, Any, WireResponse]:
        """Wait as long as the first byte takes; weave the rest into the body."""
        pace = None if self.pace is not None and self.case.dialect.is_later(self.case.request) else self.pace
        if not self.faults and pace is None:
            return self._with_headers(response, identity)
        timeline = self.case.timeline
        dialect, framing = self.case.dialect, stream_framing(response)
        body = Body(dialect.grammar, framing, identity, dialect.counted, dialect.alive(self.case.request))
        self.faults = self.case.call.faults = tuple(fault for fault in self.faults if fault.fits(framing))
        told = None if pace is None else (yield from self._first_byte(pace, body, timeline))
        response = self._with_headers(response, identity)
        steps = weave(response.chunks, self.faults, body, told if self._is_told_bit_by_bit(body) else None)
        headers = response.headers
        for fault in self.faults:
            headers = replaced(headers, fault.headers())
        return WireResponse(response.status, headers, steps, timeline)

    def as_long(self, identity: str) -> Answer:
        """Return the answer, of the length that the pace draws, where it is a text that nobody wrote."""
        answer = self.answer
        if self.pace is None or not isinstance(answer, AutoReply) or answer.text != DEFAULT_REPLY:
            return answer
        tokens = self.pace.tokens(identity)
        self.answer = answer if tokens is None else replace(answer, text=words(tokens, identity))
        return self.answer

    def _is_told_bit_by_bit(self, body: Body) -> bool:
        return self.case.request.stream and body.is_stream

    def _first_byte(self, pace: Pace, body: Body, timeline: Timeline) -> Generator[Any, Any, Told | None]:
        """Wait for the first byte, which of a JSON answer comes when all tokens are made; return what times tokens."""
        times, waits = pace.times(body.identity), 0.0
        told: Told | None = None if times.gap is None else times.told
        if pace.is_shared:
            now = timeline.now()
            place = self.case.service.batch(pace, self.case.request.model).join(now, times, self._tokens())
            self.case.leave = lambda: place.leave(timeline.now())
            yield from self.case.pause(0.0)  # so that those who ask at the same moment are under way too
            waits, told = place.begins - now, None if told is None else _in(place, timeline)
        seconds, usage = waits + times.first, self.case.call.usage
        if told is not None and usage is not None and not self._is_told_bit_by_bit(body):
            seconds += told(usage.output_tokens)
        yield from self.case.pause(seconds)
        return told

    def _tokens(self) -> int:
        """Count the tokens of the answer before it is written, as far as that can be."""
        case, answer = self.case, self.answer
        if case.call.usage is not None:
            return case.call.usage.output_tokens
        said = answer.text if isinstance(answer, AutoReply | Reply) else ""
        return count(case.engine.tokenizer, said, case.request.model)

    def _with_headers(self, response: WireResponse, identity: Identity) -> WireResponse:
        """Tell the limits, and clients to wait as long as it takes on their clock."""
        case, retry = self.case, self.case.dialect.retry
        if response.status < FAILED and not case.service.limits:
            return response
        limits = case.service.limit_states(case.request)
        headers = (
            replaced(response.headers, case.dialect.limits(limits, identity.second)) if limits else response.headers
        )
        if response.status < FAILED:
            return replace(response, headers=headers)
        case.call.is_final = any(one in headers for one in retry.never)
        asked = retry.asked(headers)
        if asked is not None and asked > AT_ONCE:
            clock = case.service.clock
            case.service.note_wait(case.call, asked, clock.now())
            if clock.scale != 1 and asked <= retry.longest:
                headers = replaced(headers, retry.wait(clock.shown(asked)))
        return replace(response, headers=headers)


def _in(place: Place, timeline: Timeline) -> Told:
    """Return what times tokens that are made beside those of others."""

    def told(tokens: int) -> float:
        return place.told(tokens, max(timeline.now(), place.begins))

    return told


def is_plain(answer: Answer, case: Case) -> TypeGuard[Reply]:
    """Whether nothing happens to an answer on its way: no fault, no pace, no limit, no error to be told of."""
    call, service = case.call, case.service
    return (
        isinstance(answer, Reply)
        and not (answer.faults or answer.pace or call.faults or service.pace or service.limits)
        and (call.rule is None or call.rule.given_pace is None)
    )


def is_end(case: Case, last: Step | None) -> bool:
    """Whether nothing came after the step that a client read last: SDKs stop where the API says that it is the end."""
    whole_body = case.call.usage is not None if case.request.stream else last is not None
    return last == b"" or whole_body or (isinstance(last, bytes) and case.dialect.grammar.is_last(last))


def replaced(headers: Headers, given: Headers) -> Headers:
    """Put `given` headers in the place of those of the same name, or after them."""
    new = dict(given)
    kept = tuple((name, new.pop(name.lower(), value)) for name, value in headers)
    return (*kept, *new.items())
