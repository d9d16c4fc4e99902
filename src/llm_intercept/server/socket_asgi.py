"""Serves an API's WebSocket by ASGI's messages: a task that reads, and one for each lane that is answered.

Knows: ASGI's messages, lanes. Must not know: what messages say, which server runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.socket_async import answer
from llm_intercept.clients.socket_lanes import Lanes
from llm_intercept.server.sending import drop, encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.clients.driver import Asking
    from llm_intercept.model.wire import Exchange, SocketForm, WireRequest
    from llm_intercept.server.door import Receive
    from llm_intercept.server.sending import Send

REFUSED = 1008
MOST = 256
"""Requests of one connection that wait or are answered at once; with so many it is not read on."""
NO_FORM = "llm-intercept: no API is asked over a WebSocket here; ask over HTTP"


class SocketServer:
    """One connection.

    Args:
        head: The head of the requests that its messages make.
        begin: Begins the exchange for one.
        receive: The server's.
        send: The server's.
        ask: Calls a user's function.

    """

    def __init__(
        self,
        head: WireRequest,
        begin: Callable[[WireRequest], Exchange | None],
        receive: Receive,
        send: Send,
        ask: Asking,
    ) -> None:
        self._head, self._begin, self._ask = head, begin, ask
        self._receive, self._send = receive, send
        self._lanes = Lanes()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, form: SocketForm | None) -> None:
        """Answer what comes until the client leaves; a connection that no API has is refused."""
        await self._receive()
        if form is None:
            await self._send({"type": "websocket.close", "code": REFUSED, "reason": NO_FORM})
            return
        await self._send({"type": "websocket.accept", "headers": encoded(form.headers)})
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._hear(form, message)
                while self._tasks and len(self._tasks) + len(self._lanes) >= MOST:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end()

    async def _hear(self, form: SocketForm, message: dict[str, Any]) -> None:
        text = message.get("text")
        turn = form.read(message.get("bytes") or b"" if text is None else text)
        if isinstance(turn, str):
            await self._say(turn)
        elif self._lanes.add(turn):
            task = asyncio.create_task(self._work(replace(self._head, over=form, beside=None), turn.lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, head: WireRequest, lane: str) -> None:
        while (turn := self._lanes.next(lane)) is not None:
            one = head.own()
            try:
                await answer(turn, head.host, lambda one=one: self._begin(one), self._say, self._ask)  # type: ignore[misc]
            except OSError:  # there is nobody to answer any more, or nobody is to be
                self._lanes.clear()
                if not drop(self._send, reset=False):
                    await self._send({"type": "websocket.close", "code": 1011})
                return

    async def _say(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _end(self) -> None:
        """Answer nothing more."""
        self._lanes.clear()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
