"""A server beside a command that runs, begun when somebody asks it, and the environment that tells the command of it.

Knows: settings said by an environment, what dialects' clients read there. Must not know: the command.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from importlib import util
from select import select
from typing import TYPE_CHECKING

from llm_intercept.base.dummy_keys import goes_out, missing, missing_of_amazon
from llm_intercept.dialects import all_dialects
from llm_intercept.settings import BY_NAME
from llm_intercept.settings.environment import SERVED, from_environment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from llm_intercept.server.asgi import App

CALLS = 1000
HOST = "127.0.0.1"
BACKLOG = 512
NEEDED = "uvicorn"


def can_serve() -> bool:
    """Whether what serves is installed."""
    return util.find_spec(NEEDED) is not None


class Beside:
    """A server of what an environment says; nothing is made or imported for it before somebody connects.

    Attributes:
        names: The variables that tell of it.
        count: How many requests there were.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._told = {name: form for dialect in all_dialects() for name, form in dialect.variables.items()}
        self.names = tuple(self._told)
        self.count = 0
        self._problem: Exception | None = None

    @contextmanager
    def serving(self) -> Generator[dict[str, str]]:
        """Serve while the block runs; gives the command's environment.

        Raises:
            LLMInterceptError: A request was not answered, or something else went wrong.

        """
        with socket.create_server((HOST, 0), backlog=BACKLOG) as bound:
            wake, stop = socket.socketpair()
            waiting = threading.Thread(target=self._serve, args=(bound, stop), name="llm-intercept-beside", daemon=True)
            waiting.start()
            try:
                yield self._environment_of(f"{HOST}:{bound.getsockname()[1]}")
            finally:
                with wake, stop:
                    wake.send(b".")
                    waiting.join()
        if self._problem is not None:
            raise self._problem

    def _serve(self, bound: socket.socket, stop: socket.socket) -> None:
        """Wait for somebody to connect, and serve from then on until the block ends."""
        asked, _, _ = select((bound, stop), (), ())
        if bound not in asked:
            return
        try:
            self._answer(bound, stop)
        except Exception as error:  # noqa: BLE001 - it is raised at the end of the block
            self._problem = error
            bound.close()  # else clients would wait for an answer

    def _answer(self, bound: socket.socket, stop: socket.socket) -> None:
        from llm_intercept.server.running import running  # noqa: PLC0415 - these import much
        from llm_intercept.server.worker_plan import Plan  # noqa: PLC0415

        settings = dict(from_environment(self._environment) or {})
        reply, _ = settings.pop("reply", None), settings.pop("quiet", None)
        plan = Plan(settings, reply, {"calls": CALLS})
        app: App = plan.app(plan.interceptor())
        try:
            with running(app, bound, None):
                select((stop,), (), ())
        finally:
            self.count = app.count
        problem = app.settle()
        if problem is not None:
            raise problem

    def _dummies(self) -> dict[str, str]:
        """Say what keys the command lacks, unless something of what it asks goes out, which needs its own."""
        if goes_out(from_environment(self._environment) or {"mode": "mock"}):
            return {}
        return {**missing(self._environment), **missing_of_amazon(self._environment)}

    def _environment_of(self, place: str) -> dict[str, str]:
        """Tell clients of the server, and Pythons that are answered to let out what they cannot answer themselves."""
        given = self._environment
        told = {name: form.format(f"http://{place}") for name, form in self._told.items()}
        let_out = BY_NAME["passthrough"].variable
        served = {"at": place, "before": {name: given[name] for name in told if name in given}}
        return {
            **given,
            **told,
            **self._dummies(),
            let_out: f"{given.get(let_out, '')} {place}".strip(),
            SERVED: json.dumps(served),
        }
