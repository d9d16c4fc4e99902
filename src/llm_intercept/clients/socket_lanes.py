"""What waits to be answered on one connection, by lane: each lane in order, several at once.

Knows: requests that came over one connection, and their order. Must not know: sockets, who works on a lane.
"""

from __future__ import annotations

import threading
from collections import deque
from copy import copy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.clients.socket_wire import SocketWire
    from llm_intercept.model.wire import SocketForm, SocketTurn


class Lanes:
    """The requests of one connection that are not answered yet; threads may use it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[SocketTurn]] = {}

    def add(self, turn: SocketTurn) -> bool:
        """Add a request; whether its lane was empty, so that somebody has to begin to work on it."""
        with self._lock:
            is_new = turn.lane not in self._waiting
            self._waiting.setdefault(turn.lane, deque()).append(turn)
            return is_new

    def next(self, lane: str) -> SocketTurn | None:
        """Take a lane's next request; None ends the work on it."""
        with self._lock:
            if self._waiting.get(lane):
                return self._waiting[lane].popleft()
            self._waiting.pop(lane, None)
            return None

    def __len__(self) -> int:
        """How many requests wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def clear(self) -> None:
        """Answer nothing more."""
        with self._lock:
            for turns in self._waiting.values():
                turns.clear()


class Conversation:
    """What both kinds of servers keep of one connection.

    Args:
        head: The head of the requests that its messages make, but for the headers, which the handshake has.
        form: How the API is spoken.
        wire: The protocol.

    """

    def __init__(self, head: WireRequest, form: SocketForm, wire: SocketWire) -> None:
        self._head, self.form, self.wire = head, form, wire
        self.lanes = Lanes()
        self.closing: Callable[[], None] = _nothing
        """Called when the client has begun to close the connection."""

    @property
    def host(self) -> str:
        """The host, and the port where the URL has one, as `passthrough` takes it."""
        return urlsplit(self._head.url).netloc.rpartition("@")[2]

    def head(self) -> WireRequest:
        """Make the head of one request."""
        head = self._head
        return WireRequest(head.method, head.url, head.host, head.path, copy(self.wire.asked), self.form)

    def heard(self, data: bytes) -> list[SocketTurn]:
        """Take what the client sent; return the requests in it whose lanes were empty. What is none is answered."""
        begun: list[SocketTurn] = []
        for message in self.wire.receive(data):
            turn = self.form.read(message)
            if isinstance(turn, str):
                self.wire.say(turn)
            elif self.lanes.add(turn):
                begun.append(turn)
        if self.wire.is_over:
            self.closing()
        return begun


def _nothing() -> None:
    """Do nothing."""
