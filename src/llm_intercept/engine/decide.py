"""Decides what answers a request: the engines from the innermost out, each its rules and then its recordings.

Knows: rules, recordings, limits, who is let out. Must not know: how an answer is written or delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.dialects import OPAQUE
from llm_intercept.engine.exits import port_of
from llm_intercept.errors import LLMInterceptError
from llm_intercept.model.wire import Pause
from llm_intercept.recording.capture import Capture
from llm_intercept.replies.kinds import Passthrough
from llm_intercept.stored.shelves import Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from llm_intercept.dialects.base import Brought, Dialect
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.engine.replay import Replay
    from llm_intercept.journal.journal import Call
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer, Prepared
    from llm_intercept.rules.book import Decision
    from llm_intercept.rules.rule import Takes, Unknown
    from llm_intercept.rules.script import Exhausted
    from llm_intercept.simulation.service import Service
    from llm_intercept.timing.clock import Clock, Timeline

    Decided = Prepared | Exhausted | Replay | Capture


class FailedExchange(Exception):  # noqa: N818 - it carries the error, it is none
    """A user's function, reply or setting is broken: `error` says how."""

    def __init__(self, error: LLMInterceptError) -> None:
        self.error = error


@dataclass(slots=True)
class Case:
    """One request under way.

    Attributes:
        head: The request as it came.
        request: The request as it was read.
        dialect: The API it is one of.
        call: Its call.
        service: What the interceptor that answers simulates beside the model.
        chain: The interceptors around it, the innermost first.
        engine: The one that answers.
        origin: What answers it, for messages.
        where: Where that was written.
        unknown: What is known of it where no API is; `elsewhere`, where it is nobody's business but a rule's.
        is_ruled: Whether rules are asked: not where the API itself is to refuse it.
        brought: What answers the requests that it brings.
        leave: Is called when its answer has ended, also before its end.
        timed: The time of this exchange, where it was asked for.
        is_replay: Whether a take of the API that is asked answers; another's is said anew, as a reply is.

    """

    head: WireRequest
    request: LLMRequest
    dialect: Dialect
    call: Call
    service: Service
    chain: tuple[Engine, ...]
    engine: Engine
    origin: object = ""
    where: str = ""
    unknown: Unknown = "a model"
    is_ruled: bool = True
    brought: tuple[Brought, ...] = ()
    is_replay: bool = False
    leave: Callable[[], None] | None = None
    timed: Timeline | None = None

    @property
    def timeline(self) -> Timeline:
        """The time of this exchange; it begins when it is first asked for."""
        if self.timed is None:
            self.timed = self.service.timeline()
        return self.timed

    def pause(self, seconds: float) -> Generator[Pause]:
        """Wait before there are headers."""
        try:
            yield Pause(seconds, self.timeline)
        finally:
            self.note_time()
            self.call.before_headers = self.call.elapsed or 0.0

    def note_time(self) -> None:
        """Note on the call how long it has taken until now."""
        self.call.elapsed = self.timeline.elapsed()

    @property
    def takes(self) -> Takes:
        """Which rules may answer."""
        return self.unknown if self.dialect is OPAQUE else self.dialect.takes

    @property
    def shelves(self) -> Shelves:
        """What is kept of answers, by the interceptor that answers and those around it."""
        return Shelves([engine.stored for engine in self.chain], self.engine.stored)

    @property
    def asked_at(self) -> str:
        """The URL where the client asked: a server's own, where it stands for another."""
        return self.head.at or self.head.url

    @property
    def clock(self) -> Clock:
        """The simulated time of the interceptor that answers."""
        return self.service.clock


def decide(case: Case, chain: tuple[Engine, ...]) -> Decided | None:
    """Return what answers a request, and note on the case where it comes from; None if nothing does.

    Each engine asked notes the call, and keeps its budget, its limits and its chaos. What none of them answers gets the
    API's default, where it has one; what goes to no model goes its way.

    Raises:
        FailedExchange: A condition, a budget or a recording says that something is wrong.

    """
    try:
        for engine in chain:
            answer = _asked(case, engine)
            if answer is not None:
                return answer
    except LLMInterceptError as error:
        raise FailedExchange(error) from error
    return Passthrough() if case.unknown == "elsewhere" else _default(case, chain)


def _default(case: Case, chain: tuple[Engine, ...]) -> Answer | None:
    """Return what the API answers where nobody says anything, but to what is refused, let out or a recordings' miss.

    A side request is no question whose answer could be missing.
    """
    answer, is_side = case.dialect.default, case.dialect.is_side
    if answer is None:
        return None
    if not case.dialect.knows(case.request, case.shelves):
        if chain[0].lets_unmatched_out or (chain[0].refusal is not None and not is_side):
            return None
        if not is_side and any(engine.recorder is not None for engine in chain):
            return None
    case.call.source, case.service = "side" if is_side else "default", chain[0].service
    case.engine = chain[0]
    case.origin = answer
    return answer


def _asked(case: Case, engine: Engine) -> Decided | None:
    engine.journal.note(case.call)
    if engine.budget is not None and not case.call.is_side:
        engine.check_budget()
    case.service, case.engine = engine.service, engine
    case.call.started = engine.service.clock.now()
    if engine.passthrough and engine.lets_out(case.head.host, case.request.model, case.head.path, port_of(case.head)):
        return Passthrough()
    if case.is_ruled:
        unasked = case.dialect.unasked(case.request) if engine.refusal is None else None
        if unasked is not None:
            case.call.source, case.origin = "default", unasked
            return unasked
        is_asked = case.dialect is not OPAQUE and not case.call.is_side
        refused = engine.service.admit(case.call) if is_asked else None
        answer: Decided | None = refused or _ruled(case, engine)
        if answer is not None:
            case.call.source = "rule"
            case.origin = case.origin or answer
            return answer
    if engine.recorder is None or not case.dialect.is_kept or case.dialect.knows(case.request, case.shelves):
        return None
    return _recorded(case, engine.recorder)


def _recorded(case: Case, recorder: Recorder) -> Replay | Capture | None:
    found = recorder.answer(case)
    if found is not None and not isinstance(found, Capture):
        case.call.source, case.is_replay = "recording", not found.is_of_another_api(case)
    return found


def _ruled(case: Case, engine: Engine) -> Prepared | Exhausted | None:
    decision: Decision | None = engine.book.decide(case.request, case.takes)
    if decision is None:
        return None
    case.call.rule = case.origin = decision.rule
    case.where = decision.rule.where
    return decision.reply
