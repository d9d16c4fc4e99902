"""What a door is: how one of its requests is read, waited for, sent on and answered.

Knows: what an exchange may need. Must not know: any HTTP library, any LLM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from llm_intercept.model.wire import NetworkFaultError, Observer, WireResponse
    from llm_intercept.timing.clock import Timeline

R = TypeVar("R")
"""A door's own response."""
R_co = TypeVar("R_co", covariant=True)


class Errors(Protocol):
    """How exceptions read to a door's clients, how long they wait for bytes, and whom they ask."""

    @property
    def host(self) -> str:
        """The host that the request would go to, without a port."""
        ...

    def read_limit(self, timeline: Timeline, /) -> float | None:
        """How many seconds of an exchange's time the client waits for bytes from now on; None if it waits for ever."""
        ...

    def network_fault(self, error: BaseException, /) -> NetworkFaultError | None:
        """What failure of the network an exception means to the clients; None if it means none."""
        ...

    def own_error(self, error: BaseException, /) -> BaseException:
        """Return what a client gets for an exception: one of its own library's, or the same."""
        ...


class Adapter(Errors, Protocol[R_co]):
    """One request at a door whose clients wait in their thread."""

    def read(self) -> bytes:
        """Read the request's whole body."""
        ...

    def forward(self, observer: Observer | None, /) -> tuple[int, R_co]:
        """Send the request where it was going; return the response, which `observer` is shown as it passes."""
        ...

    def respond(self, response: WireResponse, /) -> R_co:
        """Make the door's response; its body is `stream.ByteChunks`, or is carried out as that does it."""
        ...


class AsyncAdapter(Errors, Protocol[R_co]):
    """One request at a door whose clients await."""

    def read(self) -> Awaitable[bytes]: ...

    async def forward(self, observer: Observer | None, /) -> tuple[int, R_co]: ...

    def respond(self, response: WireResponse, /) -> R_co: ...


def raise_own(errors: Errors, error: BaseException) -> NoReturn:
    """Raise what a client gets for an exception; one that is replaced stays its cause."""
    own = errors.own_error(error)
    if own is error:
        raise error
    raise own from error
