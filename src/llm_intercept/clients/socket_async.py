"""Serves one WebSocket in the client's own event loop: a task that reads, and one for each lane that is answered.

Knows: asyncio's streams. Must not know: how the client connects, what messages say.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, cast

from llm_intercept.base.tasks import serving
from llm_intercept.clients.activation import active
from llm_intercept.clients.driver import called, drive_async
from llm_intercept.clients.socket_turn import NOBODY, AsyncTurnDoor, Told, why_not
from llm_intercept.clients.stream import ByteChunks
from llm_intercept.errors import NotSentOnError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from llm_intercept.clients.driver import Asking
    from llm_intercept.clients.socket_lanes import Conversation
    from llm_intercept.model.wire import Exchange, SocketTurn, WireResponse

SIZE = 65536


def begin(ours: socket.socket, conversation: Conversation) -> asyncio.Task[None]:
    """Answer, in a task, what comes in at one end of a pair of sockets, until either side closes it."""
    task = asyncio.create_task(_serve(ours, conversation))
    task.add_done_callback(lambda _: ours.close())  # also of one that is cancelled before it begins
    return task


async def _serve(ours: socket.socket, conversation: Conversation) -> None:
    serving.set(True)
    if sys.platform != "win32" and ours.family == socket.AF_UNIX:
        streams = await asyncio.open_unix_connection(sock=ours)
    else:
        streams = await asyncio.open_connection(sock=ours)
    await _AsyncServer(conversation, *streams).run()


class _AsyncServer:
    def __init__(self, conversation: Conversation, reader: StreamReader, writer: StreamWriter) -> None:
        self._conversation, self._wire = conversation, conversation.wire
        self._reader, self._writer = reader, writer
        self._draining = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            with suppress(ConnectionError):
                while not self._wire.is_over and (data := await self._reader.read(SIZE)):
                    begun = self._conversation.heard(data)
                    self._write()
                    for turn in begun:
                        task = asyncio.create_task(self._work(turn.lane))
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
        finally:
            await self._end()

    async def _end(self) -> None:
        """Close the connection, and whatever is still answered."""
        self._conversation.lanes.clear()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._write()
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _work(self, lane: str) -> None:
        while (turn := self._conversation.lanes.next(lane)) is not None:
            try:
                await self._answer(turn)
            except ConnectionError:  # there is nobody to answer any more, or nobody is to be
                self._lose()
                return

    async def _answer(self, turn: SocketTurn) -> None:
        handlers = active()
        if not handlers:
            self._wire.leave(NOBODY)
            await self._flush()
            return
        conversation = self._conversation
        await answer(
            turn, conversation.host, lambda: handlers[0].exchange(conversation.head(), handlers[1:]), self._say
        )

    async def _say(self, text: str) -> None:
        self._wire.say(text)
        await self._flush()

    async def _flush(self) -> None:
        self._write()
        async with self._draining:
            await self._writer.drain()

    def _write(self) -> None:
        data = self._wire.to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)

    def _lose(self) -> None:
        """End the connection as one that fails: what was sent arrives, and then nothing, not even a close."""
        self._wire.is_lost = True
        self._writer.close()


async def answer(
    turn: SocketTurn,
    host: str,
    begin: Callable[[], Exchange | None],
    say: Callable[[str], Awaitable[None]],
    ask: Asking = called,
) -> None:
    """Answer one request of a connection in messages.

    Args:
        turn: The request.
        host: The connection's host, for messages.
        begin: Begins the exchange.
        say: Sends a message.
        ask: Calls a user's function.

    Raises:
        ConnectionError: The connection is to be lost.

    """
    door = AsyncTurnDoor(turn, host)
    try:
        exchange = begin()
        if exchange is None:
            raise NotSentOnError(host)
        await _tell(turn, await drive_async(exchange, door, ask), door, say)
    except Exception as error:
        said = why_not(turn, error)
        if said is None:
            raise ConnectionAbortedError(str(error)) from error
        await say(said)


async def _tell(
    turn: SocketTurn, response: WireResponse, door: AsyncTurnDoor, say: Callable[[str], Awaitable[None]]
) -> None:
    told, chunks = Told(turn, response), ByteChunks(response, door)
    failed: Exception | None = None
    try:
        async with aclosing(cast("AsyncGenerator[bytes]", aiter(chunks))) as read:
            async for chunk in read:
                for text in told.feed(chunk):
                    await say(text)
    except Exception as error:  # noqa: BLE001 - it is raised again when all is said that came before
        failed = error
    finally:
        await chunks.aclose()
    for text in told.end(failed):
        await say(text)
