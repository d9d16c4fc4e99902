"""Plays an answer as the simulated network and API would: its pace, its faults, the headers that tell clients to wait.

Knows: what is woven into a response and what precedes it. Must not know: rules, how an answer is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any, TypeGuard

from llm_intercept.faults import values as trouble
from llm_intercept.faults import weave as weaving
from llm_intercept.model.wire import NetworkFaultError, Pause
from llm_intercept.replies import api_error as api_errors
from llm_intercept.replies.reply import Answer, ErrorReply, Faulty, Reply
from llm_intercept.timing.clock import Timeline, whole

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.faults.values import Fault
    from llm_intercept.journal.journal import Call
    from llm_intercept.model.wire import Step, WireResponse
    from llm_intercept.simulation.limits import Headers
    from llm_intercept.simulation.service import Service
    from llm_intercept.timing.pace import Pace


UNANSWERED = "Server disconnected without sending a response."
TIMEOUTS = {"connect": "ConnectTimeout", "read": "ReadTimeout", "write": "WriteTimeout", "pool": "PoolTimeout"}
LONGEST = 120.0
"""Seconds: the openai SDKs (2.54, 3.54) obey no longer `retry-after`, so a longer one is shown as it is."""
AT_ONCE = 0.001
"""Seconds: what a mocked error says that nobody gave a `retry_after`."""
PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


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
        call.faults = tuple(fault for fault in faults if trouble.applies(fault, stream=stream))
        page = next((fault for fault in call.faults if isinstance(fault, trouble.HtmlError)), None)
        return cls(answer if page is None else _page(page), call.faults, paced, call, service)

    def fail_at_once(self) -> Generator[Any, Any, None]:
        """Let the request fail, if it is to fail before there are headers.

        Raises:
            NetworkFaultError: It is.

        """
        for fault in self.faults:
            match fault:
                case trouble.Timeout(stage):
                    raise NetworkFaultError(TIMEOUTS[stage], f"brought about by llm-intercept: {fault!r}")
                case trouble.ConnectionFailure():
                    raise NetworkFaultError("ConnectError", "[Errno 111] Connection refused")
                case trouble.Disconnect(None, _, reset):
                    kind, message = ("ReadError", weaving.RESET) if reset else ("RemoteProtocolError", UNANSWERED)
                    raise NetworkFaultError(kind, message)
                case trouble.Stall(None):
                    yield Pause(weaving.STALLED, self.service.timeline())
                    raise NetworkFaultError("ReadError", weaving.NEVER_CAME)
                case _:
                    pass

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
        def chance(name: str) -> Random:
            return Random(name if name[-1].isdigit() else f"{identity} {name}")  # noqa: S311 - it is to be foreseen

        reading = weaving.Reading(dialect.kind_of, dialect.error_event, dialect.cut_arguments)
        chunks: Any = response.chunks
        if any(isinstance(fault, trouble.EmptyBody) for fault in self.faults):
            chunks = ()
        stream = _is_stream(response)
        steps = weaving.weave(chunks, self.faults, reading, chance, stream=stream, gap=gap) if chunks != () else chunks
        headers = response.headers
        for fault in self.faults:
            if isinstance(fault, trouble.WrongContentType):
                headers = replaced(headers, (("content-type", fault.value),))
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


def _page(fault: trouble.HtmlError) -> ErrorReply:
    text = PAGE.format(f"{fault.status} {HTTPStatus(fault.status).phrase}")
    return replace(api_errors.api_error(502, body=text), status=fault.status)
