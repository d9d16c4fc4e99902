"""The faults of the network and of what stands in it: no connection, no answer, a connection that ends, a proxy's page.

Knows: how a network fails. Must not know: what a body holds, any API, any HTTP library.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from llm_intercept.base.checks import is_int
from llm_intercept.errors import SettingsError
from llm_intercept.faults.base import Body, Fault, Where, ended, spelt_fault
from llm_intercept.model.wire import Break, Wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.model.wire import Step

Stage = Literal["connect", "read", "write", "pool"]
Unit = Literal["chunks", "bytes"]

UNANSWERED = "Server disconnected without sending a response."
CLOSED = "peer closed connection without sending complete message body (incomplete chunked read)"
RESET = "[Errno 104] Connection reset by peer"
STALLED = 3600.0
"""Seconds that a stall lasts for a client without a read timeout."""
NEVER_CAME = (
    f"llm-intercept: a stall ended after {STALLED:g} s; the client has no read timeout, and would wait for ever"
)
PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
PHRASES = {one.value: one.phrase for one in HTTPStatus}


@spelt_fault
@dataclass(frozen=True, repr=False)
class Timeout(Fault):
    """The request times out at once, with the client's own ConnectTimeout, ReadTimeout, … .

    Args:
        stage: `connect`, `read` (no answer), `write` or `pool` (no free connection). To let the client's real read
            timeout run, use `stall()`.

    Raises:
        SettingsError: It is none of these.

    """

    stage: Stage = "read"

    where = Where.BEFORE_HEADERS
    unnamed = "stage"

    def __post_init__(self) -> None:
        self._choice("stage", Stage)

    def before_headers(self) -> tuple[Break, ...]:
        return (Break(f"{self.stage.title()}Timeout", f"brought about by llm-intercept: {self!r}"),)


timeout = Timeout


@spelt_fault
@dataclass(frozen=True, repr=False)
class ConnectionError(Fault):  # noqa: A001 - what the HTTP libraries call it; Python's own is not raised here
    """The connection is refused, with the client's own ConnectError."""

    where = Where.BEFORE_HEADERS

    def before_headers(self) -> tuple[Break, ...]:
        return (Break("ConnectError", "[Errno 111] Connection refused"),)


connection_error = ConnectionError


@spelt_fault
@dataclass(frozen=True, repr=False)
class Disconnect(Fault):
    """The connection ends: before the headers, or within the body.

    Args:
        after: How much of the body comes; by default not even the headers do.
        unit: Whether that is `chunks` or `bytes`.
        reset: Whether the peer resets the connection (the client's ReadError) instead of closing it
            (RemoteProtocolError).

    Raises:
        SettingsError: A value cannot be used.

    """

    after: int | None = None
    _: KW_ONLY
    unit: Unit = "chunks"
    reset: bool = False

    where = Where.END

    def __post_init__(self) -> None:
        if self.after is not None:
            self._count("after")
        self._choice("unit", Unit)

    @property
    def lets_through(self) -> int:
        return self.after or 0 if self.unit == "chunks" else 0

    def before_headers(self) -> tuple[Break, ...]:
        return (self._end(UNANSWERED),) if self.after is None else ()

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        end = self._end(CLOSED)
        return ended(steps, self.after or 0, end) if self.unit == "chunks" else _ended_at(steps, self.after or 0, end)

    def _end(self, closed: str) -> Break:
        return Break("ReadError", RESET) if self.reset else Break("RemoteProtocolError", closed)


disconnect = Disconnect


def _ended_at(steps: Iterator[Step], after: int, end: Break) -> Iterator[Step]:
    """Give `after` bytes, then `end`, at the latest where the body ends."""
    left = after
    for step in steps:
        if not isinstance(step, bytes):
            yield step
            continue
        if left < len(step):
            yield from (step[:left],) if left else ()
            break
        left -= len(step)
        yield step
    yield end


@spelt_fault
@dataclass(frozen=True, repr=False)
class Stall(Fault):
    """The answer stops coming and the connection stays: the client's own read timeout fires.

    Args:
        after: How many chunks come; by default not even the headers do.

    Raises:
        SettingsError: It is not a count.

    """

    after: int | None = None

    where = Where.END

    def __post_init__(self) -> None:
        if self.after is not None:
            self._count("after")

    @property
    def lets_through(self) -> int:
        return self.after or 0

    def before_headers(self) -> tuple[Wait | Break, ...]:
        return (Wait(STALLED), Break("ReadError", NEVER_CAME)) if self.after is None else ()

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        return ended(steps, self.after or 0, Wait(STALLED), Break("ReadError", NEVER_CAME))


stall = Stall


@spelt_fault
@dataclass(frozen=True, repr=False)
class HtmlError(Fault):
    """A proxy answers with an HTML page.

    Args:
        status: The HTTP status, 200 to 599.

    Raises:
        SettingsError: It is none.

    """

    status: int = 502

    where = Where.HEAD
    unnamed = "status"

    def __post_init__(self) -> None:
        if not is_int(self.status, 200, 599):
            raise SettingsError("html_error(…)", self.status, "an HTTP status from 200 to 599")

    def page(self) -> tuple[int, str]:
        return self.status, PAGE.format(f"{self.status} {PHRASES.get(self.status, 'Error')}")


html_error = HtmlError
