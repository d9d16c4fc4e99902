"""The exchanges that took place, as `llm.calls` lists them, and their sums.

Knows: requests, replies, outcomes. Must not know: how a reply was chosen or written.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from llm_intercept.base.prices import price
from llm_intercept.base.recent import RecentCounts
from llm_intercept.errors import portable
from llm_intercept.journal.kept_response import lasting, response_of, weight
from llm_intercept.model.wire import WireResponse
from llm_intercept.shown import shorten, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.facts import Unmatched
    from llm_intercept.faults.base import Fault
    from llm_intercept.journal.kept_response import Response, Unwritten
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage

Source = Literal["rule", "recording", "default", "live", "unmatched", "refused", "side"]
SOURCES = tuple(source for source in get_args(Source) if source != "side")
"""Where the answers of `llm.calls` come from; `llm.side_calls` has the rest."""
NOT_PAID = frozenset({"rule", "recording", "default", "refused"})
FAILED = 400  # HTTP statuses from here on say that a request failed
REMEMBERED = 10_000
"""Requests of which it is known how often they failed in a row: the attempts of clients that do not say them."""
LARGEST = 32 * 2**20
"""Bytes of the requests that are kept at the most, where they are bounded; read, they take several times as much."""
MODELS, OTHERS = 1000, "other models"
"""So many models are counted by their names, which clients make up; the rest together."""
ANSWERS = 64 * 2**20
"""Bytes of the answers that an interceptor keeps; of older calls, what was answered is forgotten."""
EPOCH = time.time() - time.perf_counter()
"""The moment, in Unix seconds, from which `time.perf_counter` counts."""
TOLD = 100
"""What went wrong is kept of so many requests where calls are not kept: a report at the end, which tells the first."""


@dataclass(frozen=True, slots=True)
class RuleName:
    """What is left of a rule in another process: its text, and where it was written."""

    text: str
    where: str

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class Call:
    """One exchange.

    Attributes:
        request: What was asked.
        rule: The rule that answered, or None.
        reply: The `Reply` it gave, or None.
        status: The HTTP status of the answer; 0 while there is none.
        error: The exception the request or its stream ended with, or None.
        source: Where the answer came from: `rule`, `recording`, `live`, `unmatched`, or `default`: the API's own, to a
            request that is no conversation and that no rule answers; `refused`: the API's own error for a request
            that it would not take; `side`: the API's own to a side request.
        usage: The tokens reported; of a stream, known when it ends.
        duration: Seconds from the request's arrival to the answer's last byte.
        failed_before: How often the same request failed before in a row.
        started: The simulated second at which the request arrived, on the clock of the interceptor that answered.
        timeout: What the client waits for and how many seconds at the most: `connect`, `read`, `write` and `pool` of
            httpx, `connect`, `read` and `total` of aiohttp, `connect` and `read` of urllib3; None where it is not said.
        faults: What went wrong on purpose.
        retry_after: Simulated seconds the client was told to wait before it tries again; None if it was not.
        is_final: Whether the answer told the client not to try again.
        retries_told: Reads from a request's headers how many retries the client says there were before; None where it
            does not say.
        is_side: Whether it is listed apart and counts nowhere: a side request of a framework's, or about sessions.
        complete: Whether the client read the body to its end; None of a JSON answer without faults, which is one piece.
        elapsed: Simulated seconds from the request's arrival to the answer's end; None where no wait was simulated.

    """

    request: LLMRequest
    rule: Any = None
    reply: Any = None
    status: int = 0
    error: BaseException | None = None
    source: Source = "unmatched"
    usage: Usage | None = None
    duration: float = 0.0
    failed_before: int = field(default=0, repr=False)
    digest: str = field(default="", repr=False)
    retries_told: Callable[[Mapping[str, Any]], int | None] | None = field(default=None, repr=False)
    started: float = 0.0
    timeout: Mapping[str, float | None] | None = None
    faults: tuple[Fault, ...] = ()
    retry_after: float | None = None
    is_final: bool = False
    is_side: bool = False
    complete: bool | None = None
    elapsed: float | None = None
    answered: WireResponse | Unwritten | None = field(default=None, repr=False)
    before_headers: float = field(default=0.0, repr=False)
    ended: int = field(default=0, repr=False)
    _journals: list[Journal] = field(default_factory=list["Journal"], repr=False)
    is_finished: bool = field(default=False, repr=False)
    _started: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def attempt(self) -> int:
        """1 for a request's first sending, 2 for its first retry, and so on.

        As the client says it, or else how often the same request failed before.
        """
        told = None if self.retries_told is None else self.retries_told(self.request.headers)
        return 1 + (self.failed_before if told is None else told)

    @property
    def outcome(self) -> str:
        """The status, and what the answer ended with where it did not end well."""
        ended = getattr(self.error, "kind", None) or type(self.error).__name__ if self.error is not None else ""
        broken = f" and {ended}" if ended and self.status and self.status < FAILED else ""
        return f"{self.status}{broken}" if self.status else ended or "no answer yet"

    @property
    def failed(self) -> bool:
        """Whether the exchange ended with an exception or an error status."""
        return self.error is not None or self.status >= FAILED

    @property
    def arrived(self) -> float:
        """The real moment at which the request arrived, in Unix seconds."""
        return EPOCH + self._started

    @property
    def response(self) -> Response | None:
        """What was answered: status, headers, `text`, `json()`, the `events` of a stream and when each was sent.

        Of what a real API answered it is what came, decoded, and when. None while there is no answer, where nobody
        can decode it, and where it is no longer kept: an interceptor keeps about 64 MB of answers, those of the newest
        calls. Most are not kept, since they can be written again.
        """
        answered = self._written()
        return None if answered is None else response_of(answered, self.before_headers)

    def _written(self) -> WireResponse | None:
        """Return what was answered, written again where it is not kept."""
        answered = self.answered
        return answered if answered is None or isinstance(answered, WireResponse) else answered.written(self.request)

    @property
    def cost(self) -> float | None:
        """What the usage costs at the provider's list price, in US dollars; None where genai-prices cannot tell."""
        if self.usage is None:
            return None
        return price(self.request.model, self.usage.input_tokens, self.usage.output_tokens)

    def began_in(self, journal: Journal) -> bool:
        """Whether the interceptor of this journal was the first to be asked."""
        return bool(self._journals) and self._journals[0] is journal

    def waited_since(self, other: Call) -> float:
        """How many real seconds lie between the end of another call and the arrival of this one."""
        return self._started - (other._started + other.duration)

    def finish_with(self, response: WireResponse, unwritten: Unwritten | None = None) -> WireResponse:
        """Note that the answer is this one, of which all is there, and that it can be written again; return it."""
        self.answered = unwritten or response
        self.finish()
        return response

    def finish(self) -> None:
        """Note that the answer's last byte was taken, or that there will be none."""
        if self.is_finished:
            return
        self.is_finished = True
        self.duration = time.perf_counter() - self._started
        if not self.is_side:
            TALLY.add(self)
            for hear in HEARING:
                hear(self)
        for journal in self._journals:
            journal.finished(self)

    def __repr__(self) -> str:
        words = [self.request.model or _shown(self.request.url), "stream" if self.request.stream else "JSON"]
        words += [shorten(self.request.last_user, 40)] if self.request.last_user else []
        by = f" by {self.rule} ({self.rule.where})" if self.rule is not None else ""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return visible(f"<Call {' '.join(words)}: {self.outcome} from {self.source}{by}{again}>")

    def __getstate__(self) -> dict[str, Any]:
        """Say what another process can have of a call: of a rule its name, of what does not travel its `repr`."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        rule = None if self.rule is None else RuleName(str(self.rule), self.rule.where)
        here: dict[str, Any] = {"rule": rule, "retries_told": None, "failed_before": self.attempt - 1, "_journals": []}
        answered = self._written()
        here["answered"] = None if answered is None else lasting(answered)
        return {name: portable(value) for name, value in {**values, **here}.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


def _shown(url: str) -> str:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - what a secret looks like takes 40 ms to load

    return shown_url(url)


@dataclass(slots=True)
class Totals:
    """Sums over calls: how many came from each source, and the tokens of those that were not paid for, by model."""

    calls: Counter[str] = field(default_factory=Counter[str])
    input: Counter[str] = field(default_factory=Counter[str])
    output: Counter[str] = field(default_factory=Counter[str])

    def add(self, call: Call) -> None:
        """Count a call that has ended."""
        usage = call.usage
        if usage is None:
            self.count(call.source, call.request.model, 0, 0)
        else:
            self.count(call.source, call.request.model, usage.input_tokens, usage.output_tokens)

    def count(self, source: Source, model: str, input_tokens: int, output_tokens: int) -> None:
        """Count a call by what it was."""
        self.calls[source] += 1
        if source in NOT_PAID and (input_tokens or output_tokens):
            if model not in self.input and len(self.input) >= MODELS:
                model = OTHERS
            self.input[model] += input_tokens
            self.output[model] += output_tokens

    @property
    def tokens(self) -> int:
        """All tokens that were not paid for."""
        return self.input.total() + self.output.total()

    @property
    def cost(self) -> float:
        """What they would have cost, in US dollars; models whose price is not known count nothing."""
        prices = (price(model, self.input[model], self.output[model]) for model in self.input)
        return sum(one for one in prices if one is not None)


TALLY = Totals()
"""The sums over all calls of this process."""
HEARING: list[Callable[[Call], None]] = []
"""Who hears of every call of this process that has ended: the report of a whole run."""


@dataclass(slots=True)
class Journal:
    """All calls of one interceptor, and what nothing answered. List appends are atomic: any thread may note.

    `keep` says whether calls are kept at all (nobody reads those of a process switched on by its environment); `log`
    is told of each call that has ended. Where calls are not kept, `untold` counts the failures that are not either.
    `most` says how many calls are kept at least, and of twice as many the older ones are forgotten; None keeps all.
    Where it says so, the older ones are forgotten too when the bodies of all requests have more bytes than `largest`.
    """

    calls: list[Call] = field(default_factory=list["Call"])
    side_calls: list[Call] = field(default_factory=list["Call"])
    unmatched: list[Unmatched] = field(default_factory=list["Unmatched"])
    failures: list[BaseException] = field(default_factory=list[BaseException])
    keep: bool = True
    most: int | None = None
    largest: int = LARGEST
    untold: int = 0
    log: Callable[[Call], None] | None = None
    noted: int = 0
    _answers: int = 0
    _size: int = 0
    _totals: Totals | None = None
    _any_failed: bool = False
    _failed: RecentCounts[str] = field(default_factory=partial(RecentCounts[str], REMEMBERED))

    @property
    def totals(self) -> Totals:
        """The sums over the calls that have ended; kept from the first time on that somebody asks for them."""
        if self._totals is None:
            self._totals = Totals()
            for call in self.calls:
                if call.is_finished:
                    self._totals.add(call)
        return self._totals

    def note(self, call: Call) -> Call:
        """Note a call that has just begun."""
        self.noted += not call.is_side
        if self.keep:
            kept = self.side_calls if call.is_side else self.calls
            kept.append(call)
            if self.most is not None:
                self._size += len(call.request.content)
                if len(kept) >= 2 * self.most or self._size > self.largest:
                    self._forget(self.most)
        call._journals.append(self)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a call and its journals are one thing
        return call

    def _forget(self, most: int) -> None:
        """Forget the older calls, so that half of what may be kept is left."""
        self._size = 0
        for kept in (self.calls, self.side_calls):
            del kept[:-most]
            for number, call in enumerate(reversed(kept)):
                self._size += len(call.request.content)
                if number and self._size > self.largest // 2:
                    self._size -= len(call.request.content)
                    del kept[:-number]
                    break

    def _forget_answers(self) -> None:
        """Forget what was answered to older calls, so that half of what may be kept is left."""
        self._answers = 0
        for call in [*reversed(self.side_calls), *reversed(self.calls)]:
            size = weight(call.answered) if call.is_finished else 0
            self._answers += size
            if size and self._answers > ANSWERS // 2:
                call.answered = None

    def note_unmatched(self, facts: Unmatched) -> None:
        """Note a request that nothing answered."""
        if self._has_room(self.unmatched):
            self.unmatched.append(facts)

    def note_failure(self, error: BaseException) -> None:
        """Note what went wrong with a rule, a reply or a setting."""
        if self._has_room(self.failures):
            self.failures.append(error)

    def _has_room(self, kept: Sequence[object]) -> bool:
        has_room = (self.keep and self.most is None) or len(kept) < TOLD
        self.untold += not has_room
        return has_room

    def failed_before(self, digest: str) -> int:
        """How often a request failed the last times it came."""
        return self._failed[digest] if self._any_failed else 0

    def finished(self, call: Call) -> None:
        """Note that a call has ended."""
        if self.keep and call.answered.__class__ is WireResponse:
            self._answers += weight(call.answered)
            if self._answers > ANSWERS:
                self._forget_answers()
        if self._totals is not None and not call.is_side:
            self._totals.add(call)
        if call.failed:
            self._failed[call.digest], self._any_failed = call.attempt, True
        elif self._any_failed:
            self._failed.forget(call.digest)
        if self.log is not None:
            self.log(call)
