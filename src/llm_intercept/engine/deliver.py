"""Plays an answer as the simulated network and API would: its pace, its faults, the headers that tell clients to wait.

Knows: what is woven into a response and what precedes it. Must not know: rules, how an answer is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any, TypeGuard

from llm_intercept.faults.base import Body
from llm_intercept.faults.weave import weave
from llm_intercept.model.wire import Break, NetworkFaultError, Pause
from llm_intercept.replies import api_error as api_errors
from llm_intercept.replies.reply import Answer, ErrorReply, Faulty, Reply
from llm_intercept.timing.clock import Timeline, whole

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.faults.base import ErrorEvent, Fault
    from llm_intercept.journal.journal import Call
    from llm_intercept.model.wire import EventKind, Step, WireResponse
    from llm_intercept.simulation.limits import Headers
    from llm_intercept.simulation.service import Service
    from llm_intercept.timing.pace import Pace


LONGEST = 120.0
"""Seconds: the openai SDKs (2.54, 3.54) obey no longer `retry-after`, so a longer one is shown as it is."""
AT_ONCE = 0.001
"""Seconds: what a mocked error says that nobody gave a `retry_after`."""


@dataclass(frozen=True, slots=True)
class DialectGrammar:
    """What faults ask of an API, from its dialect."""

    dialect: Dialect

    def kind(self, event: bytes, /) -> EventKind:
        """Tell what an event of a stream is for."""
        return self.dialect.kind_of(event)

    def is_last(self, event: bytes, /) -> bool:
        """Whether an event says that the stream is complete."""
        return self.dialect.kind_of(event) == "done"

    def error(self, error: ErrorEvent, /) -> bytes:
        """Write an error as an event of a stream."""
        return self.dialect.error_event(error)

    def halve_arguments(self, body: bytes, /) -> bytes:
        """Leave half of the arguments of each tool call in a JSON body."""
        return self.dialect.cut_arguments(body)


@dataclass(slots=True)
class Play:
    """How one answer is given."""

    answer: Answer
    faults: tuple[Fault, ...]
    pace: Pace | None
    call: Call
    service: Service

    @classmethod
    def of(cls, reply: Answer | Faulty, call: Call, service: Service) -> Play:
        """Find what goes wrong with a reply, and how fast it comes: as it says itself, its rule, or the interceptor."""
        answer = reply.answer if isinstance(reply, Faulty) else reply
        faults, pace = call.faults, None
        if isinstance(answer, Reply):
            faults, pace = (*faults, *faults_of(answer)), answer.pace
        if isinstance(reply, Faulty):
            faults, pace = (*faults, *reply.faults), reply.pace or pace
        paced = pace or getattr(call.rule, "given_pace", None) or service.pace
        stream = call.request.stream
        call.faults = tuple(fault for fault in faults if fault.applies(stream=stream))
        pages = (page for fault in call.faults if (page := fault.page()) is not None)
        return cls(next(map(_page, pages), answer), call.faults, paced, call, service)

    def fail_at_once(self) -> Generator[Any, Any, None]:
        """Let the request fail, if it is to fail before there are headers.

        Raises:
            NetworkFaultError: It is.

        """
        for fault in self.faults:
            for step in fault.before_headers():
                if isinstance(step, Break):
                    raise NetworkFaultError(step.kind, step.message)
                yield Pause(step.seconds, self.service.timeline())

    def perform(self, response: WireResponse, dialect: Dialect, identity: str) -> Generator[Any, Any, WireResponse]:
        """Wait as long as the first byte takes; weave the rest into the body."""
        if not self.faults and self.pace is None:
            return self._with_headers(response)
        timeline = self.service.timeline()
        chance = Random(f"{identity} pace")  # noqa: S311 - it is to be foreseen
        gap = None if self.pace is None else self.pace.gaps(chance)
        stream = self.call.request.stream and _is_stream(response)
        if self.pace is not None:
            first = self.pace.first(chance)
            tokens = self.call.usage.completion_tokens if self.call.usage is not None and not stream else 0
            yield Pause(first + (sum(gap() for _ in range(tokens)) if gap is not None else 0.0), timeline)
        return self._woven(self._with_headers(response), dialect, identity, timeline, gap if stream else None)

    def _woven(
        self, response: WireResponse, dialect: Dialect, identity: str, timeline: Timeline, gap: Any
    ) -> WireResponse:
        body = Body(DialectGrammar(dialect), _is_stream(response), identity)
        steps = weave(response.chunks, self.faults, body, gap)
        headers = response.headers
        for fault in self.faults:
            headers = replaced(headers, fault.headers())
        return replace(response, headers=headers, chunks=steps, timeline=timeline)

    def _with_headers(self, response: WireResponse) -> WireResponse:
        """Tell the limits, and clients to wait as long as it takes on their clock."""
        if response.status < 400 and not self.service.limits:  # noqa: PLR2004
            return response
        limits = self.service.headers(self.call.request)
        headers = replaced(response.headers, limits) if limits else response.headers
        if response.status < 400:  # noqa: PLR2004
            return replace(response, headers=headers)
        self.call.is_final = ("x-should-retry", "false") in headers
        asked = asked_wait(headers)
        if asked is not None and asked > AT_ONCE:
            clock = self.service.clock
            self.service.note_wait(self.call, asked, clock.now())
            if clock.scale != 1 and asked <= LONGEST:
                headers = _rescaled(headers, clock.shown(asked))
        return replace(response, headers=headers)


def is_plain(reply: Answer | Faulty, call: Call, service: Service) -> TypeGuard[Reply]:
    """Tell whether nothing happens to an answer on its way: no fault, no pace, no limit, no error to be told of."""
    return (
        isinstance(reply, Reply)
        and reply.fault is None
        and reply.pace is None
        and service.pace is None
        and not (call.faults or service.limits)
        and (call.rule is None or call.rule.given_pace is None)
    )


def faults_of(reply: Reply) -> tuple[Fault, ...]:
    """Return the faults of a reply, which keeps them as a tuple."""
    return reply.fault if isinstance(reply.fault, tuple) else ()


def is_end(call: Call, last: Step | None) -> bool:
    """Tell whether nothing came after the step that a client read last: SDKs stop at `[DONE]`."""
    whole_body = call.usage is not None if call.request.stream else last is not None
    return last == b"" or whole_body or (isinstance(last, bytes) and last.rstrip().endswith(b"[DONE]"))


def asked_wait(headers: Headers) -> float | None:
    """Read how many seconds a response tells its client to wait; None if it does not."""
    values = {name.lower(): value for name, value in headers}
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(values[name]) / unit
        except (KeyError, ValueError):
            continue
    return None


def replaced(headers: Headers, given: Headers) -> Headers:
    """Put `given` headers in the place of those of the same name, or after them."""
    new = dict(given)
    kept = tuple((name, new.pop(name.lower(), value)) for name, value in headers)
    return (*kept, *new.items())


def _rescaled(headers: Headers, told: float) -> Headers:
    names = {name.lower() for name, _ in headers}
    shorter = (("retry-after-ms", f"{told * 1000:g}"),)
    return replaced(headers, (*shorter, ("retry-after", str(whole(told)))) if "retry-after" in names else shorter)


def _is_stream(response: WireResponse) -> bool:
    return any(name == "content-type" and value.startswith("text/event-stream") for name, value in response.headers)


def _page(page: tuple[int, str]) -> ErrorReply:
    status, text = page
    return replace(api_errors.api_error(502, body=text), status=status)
