"""Counts for Prometheus, by prometheus-client where it is installed.

Knows: prometheus-client, calls. Must not know: ASGI. A label has few values, whatever clients send.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from importlib import util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call

SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which the counts of several workers are; prometheus-client reads it."""
WAITING = 1000
"""Calls that wait to be counted together at the most: one by one took 7 of a request's microseconds."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """What counts calls with the same labels; looking it up takes longer than counting."""

    requests: Any
    seconds: Any
    input: Any
    output: Any


class Metrics:
    """What is counted of all calls of one server."""

    def __init__(self) -> None:
        import prometheus_client as client  # noqa: PLC0415 - it is an extra

        self._client: Any = client
        self._found: dict[tuple[str, str, int], _Labelled] = {}
        self._waiting: deque[tuple[str, str, int, float, int, int]] = deque()
        self._opened, self._is_shared = 0, bool(os.environ.get(SHARED))
        self._registry = client.CollectorRegistry()
        kinds = ("api", "source", "status")
        here: dict[str, Any] = {"registry": self._registry}
        self._requests = client.Counter("llm_intercept_requests", "Requests that were answered.", kinds, **here)
        self._seconds = client.Histogram(
            "llm_intercept_seconds", "Seconds from a request to the last byte.", ("api",), buckets=SECONDS, **here
        )
        self._tokens = client.Counter("llm_intercept_tokens", "Tokens that answers report.", ("api", "kind"), **here)
        self._open = client.Gauge(
            "llm_intercept_open", "Requests that are being answered.", multiprocess_mode="livesum", **here
        )

    def count(self, call: Call) -> None:
        """Count a call that has ended; other workers are to see it at once."""
        usage = call.usage
        asked, said = (0, 0) if usage is None else (usage.input_tokens, usage.output_tokens)
        self._waiting.append((call.request.api or "other", call.source, call.status, call.duration, asked, said))
        if self._is_shared or len(self._waiting) >= WAITING:
            self._add_up()

    def _add_up(self) -> None:
        """Count what waits, in whichever thread."""
        requests: Counter[_Labelled] = Counter()
        tokens: Counter[Any] = Counter()
        waiting = self._waiting
        with suppress(IndexError):  # nothing waits any more
            while True:
                api, source, status, seconds, asked, said = waiting.popleft()
                found = self._labelled(api, source, status)
                requests[found] += 1
                tokens[found.input] += asked
                tokens[found.output] += said
                found.seconds.observe(seconds)
        for labelled, number in requests.items():
            labelled.requests.inc(number)
        for kind, number in tokens.items():
            kind.inc(number)

    def _labelled(self, api: str, source: str, status: int) -> _Labelled:
        key = (api, source, status)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _Labelled(
                self._requests.labels(api, source, str(status)),
                self._seconds.labels(api),
                self._tokens.labels(api, "input"),
                self._tokens.labels(api, "output"),
            )
        return found

    def opened(self, change: int) -> None:
        """Count requests that are being answered, up or down."""
        self._opened += change
        if self._is_shared:
            self._open.set(self._opened)

    def text(self) -> bytes:
        """Write all counts as Prometheus reads them; those of several workers are added up."""
        self._add_up()
        self._open.set(self._opened)
        registry = self._registry
        if self._is_shared:
            from prometheus_client import multiprocess  # noqa: PLC0415 - it looks for its folder when it is imported

            registry = self._client.CollectorRegistry()
            collector: Any = multiprocess.MultiProcessCollector
            collector(registry)
        text: bytes = self._client.generate_latest(registry)
        return text


class NoMetrics:
    """Counts nothing."""

    def count(self, call: Call) -> None:
        """Let a call be."""

    def opened(self, change: int) -> None:
        """Let a request be."""

    def text(self) -> None:
        """Say that there are none."""


def metrics() -> Metrics | NoMetrics:
    """Make what counts, if prometheus-client is installed."""
    return NoMetrics() if util.find_spec("prometheus_client") is None else Metrics()
