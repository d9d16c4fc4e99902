"""uvicorn's server as we want it: it says when it has begun, and leaves what a signal ends to who runs it.

Knows: uvicorn. Must not know: what is served. It is imported when something is served.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

    from llm_intercept.server.asgi import App

GRACE = 5
"""Seconds that answers on their way have when a server stops."""
SOON = 0.3
"""Seconds after which it is told what a server that stops waits for."""
IDLE = 75
"""Seconds that a connection is kept on which nothing is asked; SDKs keep theirs for less."""
LARGEST_HEAD = 65536
COLLECTED = (20_000, 20, 20)
"""When Python looks for cycles in a process that only serves: with 1,000 streams its own habit took a quarter more."""


class Server(uvicorn.Server):
    """Serves an application.

    Args:
        served: The application.
        chain: The file of a certificate with its key, for TLS.
        most: How many connections there may be; of more, each gets a 503.
        began: Is called when the server answers.

    """

    def __init__(self, served: App, chain: str | None, most: int | None, began: Callable[[], object]) -> None:
        config = uvicorn.Config(
            served,
            lifespan="on",
            access_log=False,
            log_config=None,
            log_level="critical",  # a connection that is broken off on purpose is no error
            server_header=False,
            proxy_headers=False,
            limit_concurrency=most,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            ssl_certfile=chain,
        )
        super().__init__(config)
        self._served, self._began = served, began

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so; what is there by then is never looked through for cycles in a server's own process."""
        if threading.current_thread() is threading.main_thread():
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECTED)
        await super().startup(sockets=sockets)
        if self.started:
            self._began()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: what would go on for ever ends first."""
        self._served.stop()
        looking = asyncio.create_task(self._look_at_what_is_left())
        try:
            await super().shutdown(sockets=sockets)
        finally:
            looking.cancel()
            self._hang_up()

    async def _look_at_what_is_left(self) -> None:
        """Tell a person what a server that does not stop waits for; wait for no client that does not hang up."""
        await asyncio.sleep(SOON)
        count = len(self.server_state.tasks)
        if count and threading.current_thread() is threading.main_thread():
            under_way = "1 answer is under way and has" if count == 1 else f"{count:,} answers are under way and have"
            sys.stderr.write(f"llm-intercept: stopping: {under_way} {GRACE} s; a second Ctrl-C stops at once\n")
        while self._has_to_say():  # noqa: ASYNC110 - what is written to a socket is told to nobody
            await asyncio.sleep(SOON)
        self._hang_up()

    def _has_to_say(self) -> bool:
        """Whether a client is still to get something; by TLS each is waited for, to say that it has heard the end."""
        state = self.server_state
        return bool(state.tasks) or any(one.transport.get_write_buffer_size() for one in state.connections)

    def _hang_up(self) -> None:
        for one in [*self.server_state.connections]:
            one.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at a signal, which is then done with: uvicorn itself would raise it again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
