"""Several processes that serve at one socket: each is started again when it ends by itself.

Knows: processes, signals. Must not know: what is answered.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import LLMInterceptError
from llm_intercept.server.renewing import held_back, pass_on, renewed
from llm_intercept.server.running import server_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

    from llm_intercept.server.asgi import App
    from llm_intercept.server.worker_plan import Plan

PATIENCE = 10
"""Seconds that a worker has to stop; then it is killed."""
TOO_OFTEN = 5
"""Workers that may end before they have served anything; it will be the same with the next."""


def serve_here(
    served: App, plan: Plan, bound: socket.socket, began: Callable[[], object], *, is_worker: bool = False
) -> str:
    """Serve in this process until a signal says to stop; return what went wrong, for a person, empty if nothing did."""
    with renewed(plan, served.renew, is_quiet=is_worker):
        server_of(served, plan.chain, plan.connections, began).run(sockets=[bound])
    problem = served.settle()
    return "" if problem is None else "\n\n".join([str(problem), *getattr(problem, "__notes__", ())])


class Workers:
    """Serves in some processes.

    Args:
        plan: What each is told.
        bound: The socket at which all listen.
        count: How many there are.

    """

    def __init__(self, plan: Plan, bound: socket.socket, count: int) -> None:
        self._plan, self._bound, self._count = plan, bound, count
        self._processes: list[SpawnProcess] = []
        self._stopping = False
        self._failed = 0

    def run(self, began: Callable[[], object]) -> None:
        """Serve until a signal says to stop; raises `LLMInterceptError` if no worker can serve."""
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, self._stop)
        with renewed(self._plan, self._tell):
            self._processes = [self._started() for _ in range(self._count)]
            began()
            while self._processes:
                wait([one.sentinel for one in self._processes], timeout=1.0)
                self._processes = [self._again(one) if one.exitcode is not None else one for one in self._processes]
                if self._stopping:
                    break
            self._end()
        if self._failed >= TOO_OFTEN:
            raise LLMInterceptError(f"{self._failed} workers ended by an error, which each of them told: see above.")

    def _started(self) -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(target=_work, args=(self._plan, self._bound))
        with held_back():
            process.start()
        return process

    def _tell(self, _: object) -> None:
        """Let each worker read the rules, which can be used, as it was told."""
        for one in self._processes:
            if one.pid is not None and one.exitcode is None:
                pass_on(one.pid)

    def _again(self, ended: SpawnProcess) -> SpawnProcess:
        """Start another one in the place of one that has ended, if the server goes on."""
        if self._stopping:
            return ended
        self._failed += ended.exitcode == 1
        if self._failed >= TOO_OFTEN:
            self._stopping = True
            return ended
        sys.stderr.write(f"llm-intercept: worker {ended.pid} ended ({ended.exitcode}); another one takes its place\n")
        return self._started()

    def _stop(self, *_: Any) -> None:
        self._stopping = True
        for one in self._processes:
            one.terminate()

    def _end(self) -> None:
        for one in self._processes:
            one.terminate()
        for one in self._processes:
            one.join(PATIENCE)
            if one.exitcode is None:
                one.kill()
                one.join()


def _work(plan: Plan, bound: socket.socket) -> None:
    """Serve as one of several, no longer than who started them."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    problem = serve_here(plan.app(plan.interceptor()), plan, bound, lambda: None, is_worker=True)
    if problem:
        sys.stderr.write(f"{problem}\n")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
