"""The exchanges that took place, as `llm.calls` lists them, and their sums.

Knows: requests, replies, outcomes. Must not know: how a reply was chosen or written.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from llm_intercept.base.prices import price
from llm_intercept.errors import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.errors import Unmatched
    from llm_intercept.faults.base import Fault
    from llm_intercept.model.request import LLMRequest, Usage

Source = Literal["rule", "recording", "live", "unmatched"]
NOT_PAID = frozenset({"rule", "recording"})
FAILED = 400  # HTTP statuses from here on say that a request failed
RETRY_COUNT = "x-stainless-retry-count"


@dataclass(slots=True, eq=False)
class Call:
    """One exchange.

    Attributes:
        request: What was asked.
        rule: The rule that answered, or None.
        reply: The `Reply` it gave, or None.
        status: The HTTP status of the answer; 0 while there is none.
        error: The exception the request or its stream ended with, or None.
        source: Where the answer came from: `rule`, `recording`, `live` or `unmatched`.
        usage: The tokens reported; of a stream, known when it ends.
        duration: Seconds from the request's arrival to the answer's last byte.
        failed_before: How often the same request failed before in a row.
        started: The simulated second at which the request arrived, on the clock of the interceptor that answered.
        faults: What went wrong on purpose.
        retry_after: Simulated seconds the client was told to wait before it tries again; None if it was not.
        is_final: Whether the answer told the client not to try again (`x-should-retry: false`).
        complete: Whether the client read the body to its end; None of a JSON answer without faults, which is one piece.

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
    started: float = 0.0
    faults: tuple[Fault, ...] = ()
    retry_after: float | None = None
    is_final: bool = False
    complete: bool | None = None
    _journals: list[Journal] = field(default_factory=list["Journal"], repr=False)
    is_finished: bool = field(default=False, repr=False)
    _started: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def attempt(self) -> int:
        """1 for a request's first sending, 2 for its first retry, and so on.

        As the client says it, or else how often the same request failed before.
        """
        said = str(self.request.headers.get(RETRY_COUNT, ""))
        return 1 + (int(said) if said.isdecimal() else self.failed_before)

    @property
    def failed(self) -> bool:
        """Whether the exchange ended with an exception or an error status."""
        return self.error is not None or self.status >= FAILED

    @property
    def cost(self) -> float | None:
        """What the usage costs at the provider's list price, in US dollars; None where genai-prices cannot tell."""
        if self.usage is None:
            return None
        return price(self.request.model, self.usage.prompt_tokens, self.usage.completion_tokens)

    def waited_since(self, other: Call) -> float:
        """Tell how many real seconds lie between the end of another call and the arrival of this one."""
        return self._started - (other._started + other.duration)

    def finish(self) -> None:
        """Note that the answer's last byte was taken, or that there will be none."""
        if self.is_finished:
            return
        self.is_finished = True
        self.duration = time.perf_counter() - self._started
        TALLY.add(self)
        for journal in self._journals:
            journal.finished(self)

    def __repr__(self) -> str:
        """Say the call in one line."""
        words = [self.request.model or self.request.url, "stream" if self.request.stream else "JSON"]
        words += [shorten(self.request.last_user, 40)] if self.request.last_user else []
        ended = getattr(self.error, "kind", None) or type(self.error).__name__ if self.error is not None else ""
        broken = f" and {ended}" if ended and self.status and self.status < FAILED else ""
        outcome = f"{self.status}{broken}" if self.status else ended or "no answer yet"
        by = f" by {self.rule} ({self.rule.where})" if self.rule is not None else ""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"<Call {' '.join(words)}: {outcome} from {self.source}{by}{again}>"


@dataclass(slots=True)
class Totals:
    """Sums over calls: how many came from each source, and the tokens of those that were not paid for, by model."""

    calls: Counter[str] = field(default_factory=Counter[str])
    prompt: Counter[str] = field(default_factory=Counter[str])
    completion: Counter[str] = field(default_factory=Counter[str])

    def add(self, call: Call) -> None:
        """Count a call that has ended."""
        self.calls[call.source] += 1
        if call.usage is not None and call.source in NOT_PAID:
            self.prompt[call.request.model] += call.usage.prompt_tokens
            self.completion[call.request.model] += call.usage.completion_tokens

    @property
    def tokens(self) -> int:
        """All tokens that were not paid for."""
        return self.prompt.total() + self.completion.total()

    @property
    def cost(self) -> float:
        """What they would have cost, in US dollars; models whose price is not known count nothing."""
        prices = (price(model, self.prompt[model], self.completion[model]) for model in self.prompt)
        return sum(one for one in prices if one is not None)


TALLY = Totals()
"""The sums over all calls of this process."""


@dataclass(slots=True)
class Journal:
    """All calls of one interceptor, and what nothing answered. List appends are atomic: any thread may note.

    `keep` says whether calls are kept at all (nobody reads those of a process switched on by its environment); `log`
    is told of each call that has ended.
    """

    calls: list[Call] = field(default_factory=list["Call"])
    unmatched: list[Unmatched] = field(default_factory=list["Unmatched"])
    failures: list[BaseException] = field(default_factory=list[BaseException])
    keep: bool = True
    log: Callable[[Call], None] | None = None
    noted: int = 0
    _totals: Totals | None = None
    _failed: dict[str, int] = field(default_factory=dict[str, int])

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
        """Take a call in, which has just begun."""
        self.noted += 1
        if self.keep:
            self.calls.append(call)
        call._journals.append(self)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a call and its journals are one thing
        return call

    def failed_before(self, digest: str) -> int:
        """Say how often a request failed the last times it came."""
        return self._failed.get(digest, 0)

    def finished(self, call: Call) -> None:
        """Hear that a call has ended."""
        if self._totals is not None:
            self._totals.add(call)
        if call.failed:
            self._failed[call.digest] = call.attempt
        elif self._failed:
            self._failed.pop(call.digest, None)
        if self.log is not None:
            self.log(call)
