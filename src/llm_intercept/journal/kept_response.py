"""What was answered to a call, kept as it was sent or written again, so that it can be read.

Knows: HTTP's own terms, how streams are cut into events. Must not know: what an event or a body means.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from llm_intercept.base.framings import framing_of
from llm_intercept.base.json import loads
from llm_intercept.model.wire import Wait, WireResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.base.framings import Framing
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, Step

LARGEST = 4 * 2**20
"""About so many bytes of one stream are kept; of a larger one the beginning."""


class Unwritten(Protocol):
    """An answer that is not kept, since it can be written again."""

    def written(self, request: LLMRequest, /) -> WireResponse:
        """Write it again, as far as it was given to this request."""
        ...


class StreamEvent(NamedTuple):
    """An event of a stream.

    Attributes:
        at: Simulated seconds from the request's arrival until it was there.
        text: The event as it was sent; what is no UTF-8 in it is replaced.

    """

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered to a call: of a stream, as much as the client has read, but of a ready body all.

    Attributes:
        status: The HTTP status.
        headers: Pairs of names and values.
        pieces: The body, as it was sent: one piece of JSON, of a stream what was sent together, the first 4 MB.
        times: Of each piece, the simulated seconds from the request's arrival until it was sent.

    """

    status: int
    headers: Headers
    pieces: tuple[bytes, ...]
    times: tuple[float, ...]

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return b"".join(self.pieces)

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Read the body as JSON; raises `ValueError` if it is something else, such as a stream."""
        return loads(self.content)

    @property
    def events(self) -> tuple[StreamEvent, ...]:
        """The events of a stream, the last of which may be a part of one; none of any other answer."""
        framing = self._framing
        return () if framing is None else tuple(self._events(framing))

    @property
    def first_byte(self) -> float | None:
        """Simulated seconds from the request's arrival to the first byte of the body; None if there is none."""
        return self.times[0] if self.times else None

    @property
    def _framing(self) -> Framing | None:
        said = {name.lower(): value for name, value in self.headers}
        return framing_of(said.get("content-type", ""))

    def _events(self, framing: Framing) -> Iterator[StreamEvent]:
        """Say of each event when the piece was sent that ends it."""
        whole, rest = framing.cut(self.content)
        coming = iter(zip(self.pieces, self.times, strict=True))
        needed, come, at = 0, 0, 0.0
        for event in (*whole, rest) if rest else whole:
            needed += len(event)
            while come < needed:
                piece, at = next(coming)
                come += len(piece)
            yield StreamEvent(at, event.decode(errors="replace"))


def response_of(answered: WireResponse, before: float) -> Response:
    """Make what users see of an answer.

    Args:
        answered: The answer; its chunks are the steps that were made.
        before: Simulated seconds from the request's arrival to the answer's headers.

    """
    timed = list(_timed(answered.chunks, before))
    return Response(answered.status, answered.headers, tuple(piece for piece, _ in timed), tuple(at for _, at in timed))


def lasting(answered: WireResponse) -> WireResponse:
    """Make a copy that another process can have: without the clock, and what was awaited."""
    steps = tuple(step for step in answered.chunks if isinstance(step, bytes | Wait))
    return type(answered)(answered.status, answered.headers, steps)


def weight(answered: WireResponse | Unwritten | None) -> int:
    """Say about how many bytes of memory the body takes."""
    return sum(map(getsizeof, answered.chunks)) if isinstance(answered, WireResponse) else 0


def _timed(steps: Iterable[Step], at: float) -> Iterator[tuple[bytes, float]]:
    for step in steps:
        if isinstance(step, Wait):
            at += step.seconds
        elif isinstance(step, bytes) and step:
            yield step, at
