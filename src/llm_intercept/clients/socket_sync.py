"""Serves one WebSocket of a client that waits: a thread that reads, and one for each lane that is answered.

Knows: sockets and threads. Must not know: how the client connects, what messages say.
"""

from __future__ import annotations

import contextvars
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llm_intercept.base.tasks import serving
from llm_intercept.clients.activation import active
from llm_intercept.clients.driver import drive
from llm_intercept.clients.socket_turn import NOBODY, Told, TurnDoor, why_not
from llm_intercept.clients.stream import ByteChunks
from llm_intercept.errors import NotSentOnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.clients.socket_lanes import Conversation
    from llm_intercept.model.wire import SocketTurn, WireResponse

SIZE = 65536
NAME = "llm-intercept WebSocket"


def begin(ours: socket.socket, conversation: Conversation) -> None:
    """Answer, in a thread, what comes in at one end of a pair of sockets, until either side closes it."""
    _started(_Server(ours, conversation).run)


def _started(function: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a thread that has this one's context; nobody waits for it, since it may be waiting itself."""
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(function, *arguments), name=NAME, daemon=True).start()


class _Server:
    def __init__(self, ours: socket.socket, conversation: Conversation) -> None:
        self._socket, self._conversation, self._wire = ours, conversation, conversation.wire
        self._lock = threading.Lock()
        """Held while the protocol is used."""
        self._sending = threading.Lock()
        """Held while something is sent, for which the client may have to read; who reads here never waits for it."""

    def run(self) -> None:
        serving.set(True)
        try:
            with suppress(OSError):
                while not self._wire.is_over and (data := self._socket.recv(SIZE)):
                    self._hear(data)
        finally:
            self._conversation.lanes.clear()
            self._shut()
            self._socket.close()

    def _hear(self, data: bytes) -> None:
        with self._lock:
            begun = self._conversation.heard(data)
        self._send(waits=False)
        for turn in begun:
            _started(self._work, turn.lane)

    def _work(self, lane: str) -> None:
        while (turn := self._conversation.lanes.next(lane)) is not None:
            try:
                self._answer(turn)
            except OSError:  # there is nobody to answer any more, or nobody is to be
                self._wire.is_lost = True
                self._shut()
                return

    def _answer(self, turn: SocketTurn) -> None:
        handlers = active()
        if not handlers:
            with self._lock:
                self._wire.leave(NOBODY)
            self._send()
            return
        door = TurnDoor(turn, self._conversation.host)
        try:
            exchange = handlers[0].exchange(self._conversation.head(), handlers[1:])
            if exchange is None:
                raise NotSentOnError(self._conversation.host)
            self._tell(turn, drive(exchange, door), door)
        except Exception as error:
            said = why_not(turn, error)
            if said is None:
                raise ConnectionAbortedError(str(error)) from error
            self._say(said)

    def _tell(self, turn: SocketTurn, response: WireResponse, door: TurnDoor) -> None:
        told, chunks = Told(turn, response), ByteChunks(response, door)
        failed: Exception | None = None
        try:
            for chunk in chunks:
                for text in told.feed(chunk):
                    self._say(text)
        except Exception as error:  # noqa: BLE001 - it is raised again when all is said that came before
            failed = error
        finally:
            chunks.close()
        for text in told.end(failed):
            self._say(text)

    def _say(self, text: str) -> None:
        with self._lock:
            self._wire.say(text)
        self._send()

    def _send(self, *, waits: bool = True) -> None:
        """Send what is to be sent, or wait until another thread has sent it; who does not wait leaves it to that."""
        is_due = waits
        while (is_due or self._wire.has_more) and self._sending.acquire(blocking=waits):
            is_due = False
            try:
                with self._lock:
                    data = self._wire.to_send()
                self._socket.sendall(data)
            finally:
                self._sending.release()

    def _shut(self) -> None:
        """Say that nothing more comes; what was sent arrives."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
