"""The server's side of one WebSocket, without I/O: the handshake, messages, the close.

Knows: websockets' own protocol, which is used as a server would. Must not know: sockets, what messages say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.model.wire import Headers

OF_THE_HANDSHAKE = ("connection", "host", "upgrade")
GONE, BAD_TEXT = 1001, 1007
OPEN = "OPEN"
MESSAGES = frozenset({"TEXT", "BINARY", "CONT"})
"""The frames that messages are made of."""


class SocketWire:
    """What is received and what is to be sent, as bytes.

    Args:
        headers: What the answer to the handshake has beside what the protocol asks for.

    """

    def __init__(self, headers: Headers) -> None:
        # The client's library is loaded by now, but for this half of it.
        from websockets.server import ServerProtocol  # noqa: PLC0415

        self._protocol: Any = ServerProtocol(max_size=None)
        self._headers = headers
        self._parts: list[bytes] = []
        self._is_text = True
        self._made: list[bytes] = []
        self.asked: Mapping[str, str] = {}
        """The headers of the handshake's request, without those of the connection."""
        self.is_lost = False
        """Whether the connection is to end as one that fails does, without a word."""

    @property
    def has_more(self) -> bool:
        """Whether there is something to be sent."""
        return bool(self._made)

    @property
    def is_over(self) -> bool:
        """Whether nothing is sent or received any more, so that the connection is to be closed."""
        return self.is_lost or bool(self._protocol.eof_sent)

    def receive(self, data: bytes) -> Iterator[str | bytes]:
        """Take what the client sent; yield its messages that are whole."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if not self.asked:
                self._shake_hands(event)
            elif event.opcode.name in MESSAGES:
                yield from self._message(event)
        self._made += self._protocol.data_to_send()

    def say(self, text: str) -> None:
        """Send a message.

        Raises:
            ConnectionError: The connection is over, or about to be.

        """
        if self.is_lost or self._protocol.state.name != OPEN:
            raise ConnectionAbortedError("the client has closed the connection")
        self._protocol.send_text(text.encode("utf-8", "replace"))
        self._made += self._protocol.data_to_send()

    def leave(self, reason: str) -> None:
        """Begin to close the connection, as a server does that goes away."""
        if self._protocol.state.name == OPEN:
            self._protocol.send_close(GONE, reason)
            self._made += self._protocol.data_to_send()

    def to_send(self) -> bytes:
        """Return what is to be sent now."""
        made, self._made = self._made, []
        return b"".join(made)

    def _shake_hands(self, request: Any) -> None:
        response = self._protocol.accept(request)
        for name, value in self._headers:
            response.headers.setdefault(name, value)
        self._protocol.send_response(response)
        given: dict[str, str] = {}
        for name, value in request.headers.raw_items():
            if name.lower() not in OF_THE_HANDSHAKE and not name.lower().startswith("sec-websocket-"):
                given[name] = f"{given[name]}, {value}" if name in given else value
        given.setdefault("Content-Type", "application/json")  # which the same request has over HTTP
        self.asked = request.headers.__class__(given)

    def _message(self, frame: Any) -> Iterator[str | bytes]:
        if frame.opcode.name != "CONT":
            self._parts, self._is_text = [], frame.opcode.name == "TEXT"
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        whole = b"".join(self._parts)
        self._parts = []
        try:
            yield whole.decode() if self._is_text else whole
        except UnicodeDecodeError as error:
            self._protocol.fail(BAD_TEXT, f"{error.reason} at position {error.start}")
