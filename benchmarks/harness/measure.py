"""Measures one workload for one contender beside the floor, in this process.

Knows: workloads, contenders, timing. Must not know: which contenders there are, how results are shown.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.case import CannotError
from harness.contenders.floor import Floor
from harness.timing import Measured, paired, segment
from harness.workloads import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.case import Contender
    from harness.workloads import Workload

LOCAL = {"127.0.0.1", "localhost", "::1"}
LEAK = "leaks to the network"


class LeakError(OSError):
    """A request was on its way out."""


@contextmanager
def sealed() -> Iterator[list[str]]:
    """Let no connection leave this machine; yield the hosts that were tried."""
    found, tried = socket.getaddrinfo, []

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        if host not in LOCAL:
            tried.append(str(host))
            raise LeakError(f"{LEAK}: {host}")
        return found(host, *rest, **more)

    socket.getaddrinfo = getaddrinfo
    try:
        yield tried
    finally:
        socket.getaddrinfo = found


class Runner:
    """Runs segments of a workload; the clients of async workloads live on its loop.

    Args:
        workload: What is done.
        family: The client library's module.

    """

    def __init__(self, workload: Workload, family: Any) -> None:
        self._workload, self._family = workload, family
        self._clock = time.process_time
        self._loop = asyncio.Runner() if workload.kind == "async" else None

    def segments(self, contender: Contender, wrap: Callable[[Any], Any] | None = None) -> Callable[[float], float]:
        """Return what runs one segment in a fresh block of the contender's, with the same clients where that may be.

        Args:
            contender: Who answers.
            wrap: Makes another operation of the one that is timed.

        """
        made: dict[Any, Any] = {}

        def run(seconds: float) -> float:
            with contender.answering(self._workload.case, self._family) as wiring:
                if wiring not in made:
                    made.clear()
                    session = Session(self._family, self._workload.case, wiring)
                    made[wiring] = self._synced(self._workload.make(session))
                operation = made[wiring]
                if (self._workload.warm or not seconds) and not operation():
                    raise CannotError("another answer came")
                self._clock = time.perf_counter if wiring.is_elsewhere else self._clock
                return segment(wrap(operation) if wrap else operation, seconds, self._clock)

        return run

    def _synced(self, operation: Any) -> Any:
        loop = self._loop
        return operation if loop is None else lambda: loop.run(operation())

    def close(self) -> None:
        """Close the loop."""
        if self._loop is not None:
            self._loop.close()


def measure(contender: Contender, workload: Workload, family: Any, *, budget: float) -> Measured:
    """Measure a workload.

    Raises:
        CannotError: The contender cannot do it; the message says why.

    """
    runner = Runner(workload, family)
    seconds = 0.05 if workload.heavy else 0.02
    with sealed() as tried:
        try:
            subject = runner.segments(contender)
            return paired(runner.segments(Floor()), subject, seconds=seconds, budget=budget)
        except CannotError:
            raise
        except Exception as error:
            raise CannotError(LEAK if tried else why(error)) from error
        finally:
            runner.close()


def why(error: BaseException) -> str:
    """Say an error in a few words, for a cell of the table."""
    if LEAK in str(error):
        return LEAK
    return f"{type(error).__name__}: {str(error).partition(' (')[0].partition(',')[0][:60]}"
