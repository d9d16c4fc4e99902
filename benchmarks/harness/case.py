"""What a contender is asked to answer, and how a client is brought to it.

Knows: the questions of the workloads. Must not know: any contender.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from harness.bodies import HOST, TOOL, body, frames, lazy_frames, numbered, payload, structured_body, tool_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

Kind = Literal[
    "text", "tool", "structured", "stream", "deltas", "raw", "lazy", "exact", "substring", "replay", "record"
]


@dataclass(frozen=True, slots=True)
class Case:
    """What has to be answered.

    Attributes:
        kind: The answer, or how it is chosen: `exact` and `substring` are rules, the last of `size` matches.
        size: Chunks of a stream, rules, or takes of a tape.

    """

    kind: Kind = "text"
    size: int = 0

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return self.kind in {"stream", "deltas", "raw", "lazy", "record"}

    def request(self) -> dict[str, Any]:
        """Make the request's body."""
        if self.kind in {"exact", "substring", "replay"}:
            return numbered(self.size - 1)
        if self.kind == "tool":
            return payload(tools=[TOOL])
        return payload(stream=True) if self.streams else payload()

    def content(self) -> bytes:
        """Make the ready JSON body."""
        return {"tool": tool_body, "structured": structured_body}.get(self.kind, body)()

    def frames(self) -> tuple[bytes, ...]:
        """Make the ready frames of the stream."""
        return frames(self.size)

    def content_type(self) -> str:
        """Say the type of the answer."""
        return "text/event-stream; charset=utf-8" if self.streams else "application/json"


@dataclass(frozen=True, slots=True)
class Wiring:
    """How clients reach the contender: where to, through which transport (None: a client's own)."""

    base_url: str = HOST
    transport: Any = None
    calls: Any = field(default=None)
    """For contenders that are called instead of a client: an object with `json`, `ajson`, `stream` and `astream`."""
    is_elsewhere: bool = False
    """Whether another process answers, so that only the wall's clock sees its work."""


class CannotError(Exception):
    """The contender cannot do a workload; the message says why."""


class Contender(Protocol):
    """A tool that answers instead of a model."""

    name: str
    distributions: tuple[str, ...]

    def answering(self, case: Case, family: Any) -> AbstractContextManager[Wiring]:
        """Answer while the block lasts; raises `CannotError`."""
        ...


class ReadyStream:
    """Frames given one by one, to sync and async clients; `of` makes it a family's own stream."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Any:
        return iter(self._chunks)

    async def __aiter__(self) -> Any:
        for chunk in self._chunks:
            yield chunk

    @classmethod
    def of(cls, family: Any) -> type[Any]:
        """Make the class for a family."""
        return type("FamilyStream", (cls, family.SyncByteStream, family.AsyncByteStream), {})


def responder(case: Case, family: Any, more_headers: Mapping[str, str] | None = None) -> Any:
    """Return a function of a request that returns the ready answer as the family's response."""
    headers = {"content-type": case.content_type(), **(more_headers or {})}
    if not case.streams:
        content = case.content()
        return lambda _: family.Response(200, headers=headers, content=content)
    stream = ReadyStream.of(family)
    if case.kind == "lazy":
        return lambda _: family.Response(200, headers=headers, stream=stream(lazy_frames(case.size)))
    chunks = case.frames()
    return lambda _: family.Response(200, headers=headers, stream=stream(chunks))
