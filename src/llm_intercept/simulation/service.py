"""What an interceptor simulates beside the model: the API's clock, its pace, its limits, and its bad days.

Knows: clocks, paces, limits, chaos. Must not know: rules, how an answer is written, any HTTP library.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llm_intercept.replies.kinds import AutoReply, ErrorReply
from llm_intercept.timing.batch import Batch
from llm_intercept.timing.clock import Clock, Timeline

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import LimitState
    from llm_intercept.simulation.chaos import Chaos, Kind
    from llm_intercept.simulation.limits import RateLimit
    from llm_intercept.timing.pace import Pace

    Shared = tuple[float, int | None, str]

MODELS = 100
"""From so many models on, those of which nothing is under way are forgotten."""
REMEMBERED = 10_000  # requests that were told to wait and never came again


@dataclass(frozen=True, slots=True)
class Told:
    """A client was told to wait: for how long, since when in simulated time, and its call."""

    asked: float
    since: float
    call: Call


@dataclass(slots=True)
class Service:
    """The state of one simulated API; `pace` is the one that is in force, `own_pace` the one that it was made with."""

    clock: Clock = field(default_factory=Clock)
    pace: Pace | None = None
    limits: list[RateLimit] = field(default_factory=list["RateLimit"])
    chaos: list[Chaos] = field(default_factory=list["Chaos"])
    own_pace: Pace | None = None
    _batches: dict[Shared, Batch] = field(default_factory=dict["Shared", "Batch"])
    _told: dict[str, Told] = field(default_factory=dict[str, Told])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.own_pace = self.own_pace or self.pace

    def batch(self, pace: Pace, model: str) -> Batch:
        """Return the answers of a model that are under way, among those whose paces share alike."""
        key = (pace.load, pace.max_batch, model)
        with self._lock:
            found = self._batches.get(key)
            if found is None:
                now = self.clock.now()
                if len(self._batches) >= MODELS:
                    self._batches = {one: batch for one, batch in self._batches.items() if not batch.is_idle(now)}
                found = self._batches[key] = Batch.of(pace)
        return found

    def admit(self, call: Call) -> ErrorReply | AutoReply | None:
        """Answer a request before any rule is asked: with a 429, or with what chaos puts in an answer's place."""
        if self._told:
            self._welcome(call)
            call.started = self.clock.now()
        if not self.limits and not self.chaos:
            return None
        request = call.request
        for limit in self.limits:
            refusal = limit.take(request, self.clock.now()) if limit.concerns(request) else None
            if refusal is not None:
                return refusal
        kind = self._struck(call)
        if kind is None:
            return None
        if isinstance(kind, ErrorReply):
            return kind
        if kind.replaces_answer:
            return AutoReply(faults=(kind,))
        call.faults = (*call.faults, kind)
        return None

    def _welcome(self, call: Call) -> None:
        """Let the time pass that a client has waited because it was told to."""
        told = self._told.pop(call.digest, None)
        if told is not None and self.clock.kept(told.asked, call.waited_since(told.call)):
            self.clock.advance_to(told.since + told.asked)

    def note_wait(self, call: Call, asked: float, since: float) -> None:
        """Remember that a call's client was told to wait."""
        call.retry_after = asked
        with self._lock:
            if len(self._told) >= REMEMBERED:
                self._told.pop(next(iter(self._told)))
            self._told[call.digest] = Told(asked, since, call)

    def limit_states(self, request: LLMRequest) -> tuple[LimitState, ...]:
        """Return what is left of the limits that concern a request."""
        found = [limit.states(self.clock.now()) for limit in self.limits if limit.concerns(request)]
        return tuple(state for states in found for state in states)

    def timeline(self) -> Timeline:
        """Begin the time of an exchange."""
        return Timeline(self.clock)

    def _struck(self, call: Call) -> Kind | None:
        for chaos in self.chaos:
            kind = chaos.decide(call.request, f"{call.digest} {call.request.stream}")
            if kind is not None:
                return kind
        return None
