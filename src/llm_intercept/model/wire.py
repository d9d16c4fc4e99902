"""What passes between a client adapter and the engine: a request, what an exchange needs, and a response.

Knows: HTTP's own terms. Must not know: any HTTP library, any LLM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from llm_intercept.timing.clock import Timeline


def is_connection_error(error: BaseException) -> bool:
    """Tell whether the operating system's network failed."""
    return isinstance(error, ConnectionError | TimeoutError)


@dataclass(slots=True)
class WireRequest:
    """The head of an HTTP request; its body is asked for with `ReadBody` only when somebody wants it.

    `host` has no port, `path` no query. `headers` is looked up without regard to case. `is_network_error` tells
    of an exception whether it means "the network failed" to HTTP clients.
    """

    method: str
    url: str
    host: str
    path: str
    headers: Mapping[str, str]
    is_network_error: Callable[[BaseException], bool] = is_connection_error


class NetworkFaultError(Exception):
    """The network fails in the way the client's library calls `kind` (`ReadTimeout`, `ConnectError`, …)."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Wait:
    """A step of a body: nothing is sent for some simulated seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Break:
    """A step of a body, and its last: the network fails in the way the client's library calls `kind`."""

    kind: str
    message: str


Step = bytes | Wait | Break
EventKind = Literal["role", "content", "arguments", "finish", "usage", "done", "other"]
"""What an event of an answer's stream is for, in terms every API has."""


class SharedHeaders:
    """Headers that many responses have, all but the value of one: a driver may keep them ready.

    Args:
        before: The headers before that one.
        name: Its name.
        after: The headers after it.

    """

    __slots__ = ("__weakref__", "after", "before", "name")

    def __init__(self, before: tuple[tuple[str, str], ...], name: str, after: tuple[tuple[str, str], ...] = ()) -> None:
        self.before, self.name, self.after = before, name, after

    def but(self, value: str) -> OwnHeaders:
        """Make the headers of one response."""
        made = OwnHeaders((*self.before, (self.name, value), *self.after))
        made.shared, made.value = self, value
        return made


class OwnHeaders(tuple[tuple[str, str], ...]):  # noqa: SLOT001 - slots of a tuple hold nothing
    """The headers of one response, and what they share with others."""

    shared: SharedHeaders
    value: str


@dataclass(slots=True)
class WireResponse:
    """A response whose body is a lazy sequence of steps, most of them byte chunks, each sent on its own.

    Only a body with a `timeline` may have steps that are not bytes; without one nobody looks.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: Iterable[Step]
    timeline: Timeline | None = None


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
        """Hear of the response's head."""
        ...

    def passed(self, chunk: bytes, /) -> None:
        """Hear of some bytes of the body, as they are on the wire, when the client gets them."""
        ...

    def ended(self, error: BaseException | None, /, *, whole: bool) -> None:
        """Hear, once, that the body ended: `whole`, or closed early, or with an error."""
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
