"""What can go wrong with an answer, as data: `timeout`, `disconnect`, `malformed` and the others.

Knows: names and places of faults. Must not know: how one is woven into an answer, which API gives it, any clock.

A fault is a reply by itself (of the smallest valid answer), or part of one: `Reply("text", fault=disconnect(after=3))`,
`faulty(any_reply, stall(after=2), crlf())`. Places are counted in chunks: the events of a stream; the body of a JSON
answer counts as one more chunk than stand before the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from llm_intercept.errors import SettingsError

Stage = Literal["connect", "read", "write", "pool"]
Unit = Literal["chunks", "bytes"]
Form = Literal["data", "event"]
Cut = Literal["mixed", "bytes", "split", "coalesce"]


@dataclass(frozen=True, slots=True)
class Timeout:
    """The request times out at a stage of it, before there is an answer."""

    stage: Stage

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"timeout({self.stage!r})"


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """No connection comes about."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "connection_error()"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection ends: before the headers, or within the body."""

    after: int | None
    unit: Unit
    reset: bool

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        place = [] if self.after is None else [f"after={self.after}"]
        place += [f"unit={self.unit!r}"] if self.unit != "chunks" else []
        return f"disconnect({', '.join([*place, *(['reset=True'] if self.reset else [])])})"


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more comes, and the connection stays."""

    after: int | None

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "stall()" if self.after is None else f"stall(after={self.after})"


@dataclass(frozen=True, slots=True)
class CutOff:
    """The body ends early, as if it were complete."""

    after: int

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"cut_off(after={self.after})"


@dataclass(frozen=True, slots=True)
class Malformed:
    """The JSON of a chunk is broken."""

    after: int

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"malformed(after={self.after})"


@dataclass(frozen=True, slots=True)
class MissingDone:
    """The stream has no `[DONE]`."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "missing_done()"


@dataclass(frozen=True, slots=True)
class MissingFinish:
    """The stream has no chunk with a finish reason."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "missing_finish()"


@dataclass(frozen=True, slots=True)
class DuplicateChunk:
    """A chunk comes twice."""

    after: int

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"duplicate_chunk(after={self.after})"


@dataclass(frozen=True, slots=True)
class TruncatedArguments:
    """The arguments of tool calls end early."""

    after: int

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"truncated_arguments(after={self.after})"


@dataclass(frozen=True, slots=True)
class StreamError:
    """The stream ends with an error that is an event of it."""

    after: int
    form: Form
    message: str
    type: str
    code: str | None

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"stream_error(after={self.after}, form={self.form!r})"


@dataclass(frozen=True, slots=True)
class HtmlError:
    """A proxy answers with a page."""

    status: int

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"html_error({self.status})"


@dataclass(frozen=True, slots=True)
class EmptyBody:
    """The headers are right, and there is no body."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "empty_body()"


@dataclass(frozen=True, slots=True)
class WrongContentType:
    """The body is right, and said to be something else."""

    value: str

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"wrong_content_type({self.value!r})"


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Comments stand between the events of the stream."""

    every: int
    text: str

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"keep_alive(every={self.every})"


@dataclass(frozen=True, slots=True)
class Crlf:
    """Lines end with CR and LF."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "crlf()"


@dataclass(frozen=True, slots=True)
class Rechunk:
    """The same bytes arrive in other pieces."""

    seed: int | None
    how: Cut

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"rechunk({self.seed}, how={self.how!r})" if self.seed is not None else f"rechunk(how={self.how!r})"


HeadFault = Timeout | ConnectionFailure | HtmlError | EmptyBody | WrongContentType
EndFault = Disconnect | Stall | CutOff
ContentFault = Malformed | MissingDone | MissingFinish | DuplicateChunk | TruncatedArguments | StreamError
FramingFault = KeepAlive | Crlf | Rechunk
Fault = HeadFault | EndFault | ContentFault | FramingFault
FAULTS: tuple[type[Fault], ...] = get_args(Fault)
IN_STREAMS_ONLY = (MissingDone, MissingFinish, DuplicateChunk, StreamError, KeepAlive)
TRUNCATING = (CutOff, MissingFinish, TruncatedArguments, EmptyBody)
"""Faults that leave something out, and that a client that does not check can take for a complete answer."""


def as_faults(name: str, given: object) -> tuple[Fault, ...]:
    """Return the faults in `given`: none, one, or a list of them.

    Raises:
        SettingsError: Something in it is no fault.

    """
    several = cast("tuple[object, ...]", given) if isinstance(given, list | tuple) else (given,)
    found = () if given is None else tuple(several)
    checked = tuple(one for one in found if isinstance(one, FAULTS))
    if len(checked) < len(found):
        wrong = next(one for one in found if not isinstance(one, FAULTS))
        raise SettingsError(name, wrong, "timeout(…), disconnect(…), malformed(…) or another fault, or a tuple of them")
    return checked


def applies(fault: Fault, *, stream: bool) -> bool:
    """Tell whether an answer of this shape can have the fault."""
    return stream or not isinstance(fault, IN_STREAMS_ONLY)
