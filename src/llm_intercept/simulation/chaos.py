"""Faults by chance, the same ones in whatever order requests arrive: `llm.chaos(rate=0.1, seed=7)`.

Knows: which request gets which fault, and reports it. Must not know: how a fault is carried out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.base.recent import RecentCounts
from llm_intercept.errors import SettingsError
from llm_intercept.faults import Fault, connection_error, cut_off, disconnect, malformed, timeout
from llm_intercept.replies.api_error import api_error
from llm_intercept.replies.kinds import ErrorReply
from llm_intercept.shown import shorten, visible

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest

REMEMBERED = 20_000  # distinct requests of which it is known how often they came
Kind = ErrorReply | Fault
USUAL: tuple[Kind, ...] = (
    api_error(429),
    api_error(500),
    api_error(503),
    timeout("read"),
    connection_error(),
    disconnect(),
    disconnect(after=2),
    cut_off(after=2),
    malformed(after=2),
)
"""What chaos does when it is not told: what providers do on a bad day."""


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault that chaos brought about.

    Attributes:
        kind: The fault, or the API error.
        request: The request that got it.
        attempt: How often the same request had come, from 1.

    """

    kind: Kind
    request: LLMRequest = field(repr=False)
    attempt: int

    def __str__(self) -> str:
        from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - what a secret looks like takes 40 ms to load

        asked = shorten(self.request.last_user, 60) if self.request.last_user else shown_url(self.request.url)
        shape = "stream" if self.request.stream else "JSON"
        return visible(f"{self.kind!r} for {asked} to {self.request.model} ({shape}, attempt {self.attempt})")


class Chaos:
    """Faults for a share of the requests; made by `llm.chaos(…)`.

    Which request gets which fault is decided by the request itself, how often it came, and the seed: not by the order
    or the time of requests.

    Attributes:
        injected: What was injected where, in the order of arrival.
        seen: How many requests there were.

    """

    def __init__(self, rate: float, seed: int, kinds: Any = None) -> None:
        if not is_number(rate, 0, 1):
            raise SettingsError("chaos(rate=…)", rate, "a share of the requests, from 0 to 1")
        if not is_int(seed):
            raise SettingsError("chaos(seed=…)", seed, "an int")
        self.rate, self.seed, self.kinds = rate, seed, _kinds(kinds)
        self.injected: list[Injection] = []
        self.seen = 0
        self._came: RecentCounts[str] = RecentCounts(REMEMBERED)
        self._lock = threading.Lock()

    def decide(self, request: LLMRequest, key: str) -> Kind | None:
        """Decide what becomes of a request; `key` is the same for the same request."""
        with self._lock:
            self._came[key] = attempt = self._came[key] + 1
            self.seen += 1
        chance = Random(f"{self.seed} {key} {attempt}")  # noqa: S311 - it has to be deterministic
        if chance.random() >= self.rate:
            return None
        kind = chance.choice(self.kinds)
        self.injected.append(Injection(kind, request, attempt))
        return kind

    def report(self) -> str:
        """Say what was injected where."""
        head = f"chaos(rate={self.rate:g}, seed={self.seed}): {len(self.injected)} of {self.seen} requests"
        return "\n".join([head, *(f"  {one}" for one in self.injected)])


def _kinds(given: Any) -> tuple[Kind, ...]:
    if given is None:
        return USUAL
    is_one = isinstance(given, str | bytes) or not isinstance(given, Iterable)
    found: tuple[Any, ...] = (cast("Any", given),) if is_one else tuple(cast("Any", given))
    for one in found:
        if not isinstance(one, ErrorReply | Fault):
            raise SettingsError("chaos(kinds=…)", one, "a list of api_error(…), timeout(…), disconnect(…) and others")
    if not found:
        raise SettingsError("chaos(kinds=…)", found, "a list of at least one kind, or leave it out")
    return found
