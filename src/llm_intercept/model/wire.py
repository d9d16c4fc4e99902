"""What passes between a client adapter and the engine: a request, what an exchange needs, and a response.

Knows: HTTP's own terms. Must not know: any HTTP library, any LLM.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from llm_intercept.base.framings import SSE, framing_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping

    from llm_intercept.base.framings import Framing
    from llm_intercept.timing.clock import Timeline


Headers = tuple[tuple[str, str], ...]
CONNECTION_HEADERS = frozenset({"connection", "date", "keep-alive", "server", "transfer-encoding"})
"""Headers that say how one server speaks over one connection: a door with a server of its own leaves them to it."""

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "set-cookie"}
)
"""Headers whose values are credentials: never shown, never kept."""


def without_connection_headers(headers: Headers) -> Headers:
    """Leave out what a server of the door's own says itself."""
    return tuple(one for one in headers if one[0].lower() not in CONNECTION_HEADERS)


@dataclass(slots=True)
class WireRequest:
    """The head of an HTTP request; its body is asked for with `ReadBody` only when somebody wants it.

    `host` has no port, `path` no query. `headers` is looked up without regard to case. `over` is the WebSocket by whose
    message it came, if any. `at` is where a client asked that asked a server which stands for the `url`. `beside` is
    what follows from a head that is kept, since it comes again; None of one that comes once. `timeout` has what the
    client waits for and how many seconds (`connect`, `read`, `write`, `pool`, `total`); None where its library says
    nothing.
    """

    method: str
    url: str
    host: str
    path: str
    headers: Mapping[str, str]
    over: SocketForm | None = None
    at: str = ""
    beside: dict[Any, Any] | None = None
    timeout: Mapping[str, float | None] | None = None

    def own(self) -> WireRequest:
        """Make one whose headers are its own, and which nobody keeps; `dataclasses.replace` takes 2 µs."""
        headers = copy(self.headers)
        return WireRequest(self.method, self.url, self.host, self.path, headers, self.over, self.at, None, self.timeout)


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of a program's reaching for the network by a way on which nobody can answer it.

    Attributes:
        library: What it reaches by, as users know it; empty where nobody knows.
        head: The request. Of a look-up or a connection only the host is known, and its `method` is empty.
        port: The port, where it is known.
        address: The address that is connected to, where `head.host` is the name that it was looked up for.
        content: The request's body, as far as it is there already; None where it is only made while it is sent.
        is_let_out: Whether it belongs to a request that an exchange sends on.

    """

    library: str
    head: WireRequest
    port: int | None = None
    address: str = ""
    content: bytes | None = b""
    is_let_out: bool = False


class NetworkFaultError(Exception):
    """The network fails in the way HTTP clients call `kind` (`ReadTimeout`, `ConnectError`, …).

    A door throws one into an exchange or its body for any exception that means so to its clients.

    Args:
        kind: httpx's name for it.
        message: What went wrong, as the client is told.
        original: The exception it stands for, if there was one.

    """

    def __init__(self, kind: str, message: str, original: BaseException | None = None) -> None:
        self.kind, self.message, self.original = kind, message, original
        super().__init__(message)

    @property
    def seen(self) -> BaseException:
        """The exception it stands for, or itself."""
        return self if self.original is None else self.original


@dataclass(frozen=True, slots=True)
class Wait:
    """A step of a body: nothing is sent for some simulated seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Break:
    """A step of a body, and its last: the network fails in the way the client's library calls `kind`."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """A step of a body: before the next step is asked for, what it needs is awaited.

    Attributes:
        fetch: Makes what is to be awaited.
        close: Makes what is to be awaited, once, when the client leaves.

    """

    fetch: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


Delta = str | Awaited
"""A delta of a stream, or what has to be awaited before one is there."""
RETRYABLE = frozenset({408, 409, 429, *range(500, 600)})
"""The HTTP statuses that the SDKs try again after (openai 3.54, anthropic 1.40: `_should_retry`)."""


Step = bytes | Wait | Break | Awaited
EventKind = Literal["role", "content", "arguments", "finish", "usage", "done", "other"]
"""What an event of an answer's stream is for, in terms every API has."""


@runtime_checkable
class HearsFailure(Protocol):
    """A body that wants to know how it ended; a door calls `failed` on it, once, when it could not be carried out."""

    def failed(self, error: Exception, /) -> None:
        """Hear that the body ended with an error: its own, or one that came up where it was carried out."""
        ...


@dataclass(slots=True)
class WireResponse:
    """A response whose body is a lazy sequence of steps, most of them byte chunks, each sent on its own.

    Only a body with a `timeline` may wait or break off. `headers` are all that the API sends, those of the
    connection included. `chunks` may have a `close`, and may be a `HearsFailure`.
    """

    status: int
    headers: Headers
    chunks: Iterable[Step]
    timeline: Timeline | None = None

    def with_chunks(self, chunks: Iterable[Step]) -> WireResponse:
        """Make one of another body; `dataclasses.replace` takes 3 µs."""
        return WireResponse(self.status, self.headers, chunks, self.timeline)


def stream_framing(response: WireResponse) -> Framing | None:
    """Find how a response is cut into events; None if it is no stream of them."""
    for name, value in response.headers:
        if name == "content-type":
            return framing_of(value)
    return None


def is_event_stream(response: WireResponse) -> bool:
    """Whether a response is a stream of server-sent events."""
    return stream_framing(response) is SSE


@dataclass(frozen=True, slots=True)
class ReadBody:
    """Asks the driver for the request's whole body; answered with `bytes`."""


READ_BODY = ReadBody()


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks the driver to call a user's function, awaiting it if need be; answered with what it returns."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Asks the driver to wait for some simulated seconds, or to fail as the client's own read timeout does."""

    seconds: float
    timeline: Timeline


class Observer(Protocol):
    """Is told of a response while it passes to the client, which sees it as if nobody looked."""

    def began(self, status: int, headers: list[tuple[str, str]], /) -> None:
        """The response's head is there."""
        ...

    def passed(self, chunk: bytes, /) -> None:
        """The client gets some bytes of the body, as they are on the wire."""
        ...

    def ended(self, error: BaseException | None, /, *, whole: bool) -> None:
        """The body ended, once: `whole`, or closed early, or with an error."""
        ...


@dataclass(frozen=True, slots=True)
class Forward:
    """Asks the driver to send the request where it was going; answered with the response's status."""

    observer: Observer | None = None


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The end of an exchange whose answer is the response that `Forward` brought."""

    status: int = field(default=0)


Need = ReadBody | Ask | Pause | Forward
Outcome = WireResponse | Forwarded

if TYPE_CHECKING:
    Exchange = Generator[Need, Any, Outcome]


class SocketTurn(Protocol):
    """One request that a client makes by a message over a WebSocket, and how its answer is told in messages."""

    @property
    def lane(self) -> str:
        """Its lane: requests of one are answered one after the other, those of several at once."""
        ...

    @property
    def body(self) -> bytes:
        """The body of the same request over HTTP, which asks for a stream."""
        ...

    @property
    def is_told(self) -> bool:
        """Whether the last message of its answer was made."""
        ...

    def event(self, data: str, /) -> str:
        """Make the message that tells an event of the answer's stream."""
        ...

    def failed(self, response: WireResponse, content: bytes, /) -> str:
        """Make the message that tells an answer which is an error."""
        ...

    def broken(self, why: str, /) -> str:
        """Make the message that says why there is no answer."""
        ...


class SocketForm(Protocol):
    """How an API is spoken over one WebSocket."""

    @property
    def headers(self) -> Headers:
        """What the API's answer to the handshake has beside what the protocol asks for."""
        ...

    def read(self, message: str | bytes, /) -> SocketTurn | str:
        """Read a client's message: a request, or the message that answers what is none."""
        ...
