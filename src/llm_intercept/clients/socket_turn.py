"""One request over a WebSocket: the door it comes in by, and its answer as messages.

Knows: what an exchange may need, events' framing. Must not know: what messages say, how they are carried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.sse import Lines, data_of
from llm_intercept.clients.family import network_fault
from llm_intercept.errors import NotSentOnError
from llm_intercept.model.wire import is_event_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.model.wire import NetworkFaultError, Observer, SocketTurn, WireResponse
    from llm_intercept.timing.clock import Timeline

FAILED = 400  # HTTP statuses from here on say that a request failed
NO_STREAM = "llm-intercept: this answer is no stream of events, and nothing else can be told over a WebSocket"
NOBODY = "llm-intercept: the block that answered this connection has ended"


class _Door:
    """What sync and async clients have in common."""

    __slots__ = ("_body", "_host")

    def __init__(self, turn: SocketTurn, host: str) -> None:
        self._body, self._host = turn.body, host

    @property
    def host(self) -> str:
        return self._host.partition(":")[0]

    def read_limit(self, _: Timeline, /) -> None:
        """How long a client waits for a message nobody here can know."""

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        return network_fault(error)

    def own_error(self, error: BaseException, /) -> BaseException:
        return error

    def respond(self, response: WireResponse, /) -> WireResponse:
        return response


class TurnDoor(_Door):
    """One request of a sync client."""

    __slots__ = ()

    def read(self) -> bytes:
        return self._body

    def forward(self, _: Observer | None, /) -> tuple[int, WireResponse]:
        raise NotSentOnError(self._host)


class AsyncTurnDoor(_Door):
    """One request of an async client."""

    __slots__ = ()

    async def read(self) -> bytes:
        return self._body

    async def forward(self, _: Observer | None, /) -> tuple[int, WireResponse]:
        raise NotSentOnError(self._host)


class Told:
    """An answer's body as messages: those of its events, or the one that tells an error.

    The last one is held until the body has ended, so that the call has ended when the client reads that the answer has.
    """

    def __init__(self, turn: SocketTurn, response: WireResponse) -> None:
        self._turn, self._response = turn, response
        self._lines = Lines()
        self._content = bytearray()
        self._held: list[str] = []
        self._has_events = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the messages that a chunk completes, but for the last."""
        if self._response.status >= FAILED:
            self._content += chunk
            return
        for line in self._lines.feed(chunk):
            data = data_of(line)
            if data is None:
                continue
            self._has_events = True
            text = self._turn.event(data)
            if self._turn.is_told:
                self._held.append(text)
            else:
                yield text

    def end(self, error: Exception | None = None) -> Iterator[str]:
        """Yield the last messages, now that the body has ended.

        Args:
            error: What it ended with, if it is an error, which is raised again.

        Raises:
            ConnectionError: The body ended before the API's last event, which over HTTP a client sees.

        """
        yield from self._held
        if error is not None:
            raise error
        if self._response.status >= FAILED:
            yield self._turn.failed(self._response, bytes(self._content))
        elif not self._has_events and not is_event_stream(self._response):
            yield self._turn.broken(NO_STREAM)
        if not self._turn.is_told:
            raise ConnectionAbortedError("the answer ended before its last event")


def why_not(turn: SocketTurn, error: Exception) -> str | None:
    """Return the message that says why there is no answer; None where the connection is to be lost."""
    if network_fault(error) is not None:
        return None
    return turn.broken(str(error) or type(error).__name__)
