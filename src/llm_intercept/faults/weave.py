"""Weaves faults and pace into the steps of a body: a pure function over a lazy sequence, one event in hand at a time.

Knows: the framing of event streams, and where each fault belongs. Must not know: any API (a dialect says what an event
is), any clock, who reads the steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

from llm_intercept.faults.values import (
    ConnectionFailure,
    ContentFault,
    Crlf,
    CutOff,
    Disconnect,
    DuplicateChunk,
    EmptyBody,
    EndFault,
    Fault,
    HtmlError,
    KeepAlive,
    Malformed,
    MissingDone,
    MissingFinish,
    Rechunk,
    Stall,
    StreamError,
    Timeout,
    TruncatedArguments,
    WrongContentType,
    applies,
)
from llm_intercept.model.wire import Break, EventKind, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from random import Random

    from llm_intercept.model.wire import Step

END_OF_EVENT = re.compile(rb"\n\r?\n")
STALLED = 3600.0
"""Seconds that a stall lasts for a client without a read timeout."""
CLOSED = "peer closed connection without sending complete message body (incomplete chunked read)"
RESET = "[Errno 104] Connection reset by peer"
NEVER_CAME = (
    f"llm-intercept: a stall ended after {STALLED:g} s; the client has no read timeout, and would wait for ever"
)
SMALL, USUAL, LARGE = (1, 3), (1, 40), (200, 2000)
TAKES_TIME = ("content", "arguments")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dialect says of its bodies.

    Attributes:
        kind_of: Tells what an event of a stream is.
        error_event: Writes an error as an event.
        cut_arguments: Breaks off the arguments of the tool calls in a JSON body.

    """

    kind_of: Callable[[bytes], EventKind]
    error_event: Callable[[StreamError], bytes]
    cut_arguments: Callable[[bytes], bytes]


def weave(
    chunks: Iterable[Step],
    faults: tuple[Fault, ...],
    reading: Reading,
    chance: Callable[[str], Random],
    *,
    stream: bool,
    gap: Callable[[], float] | None = None,
) -> Iterator[Step]:
    """Weave faults and pace into a body.

    Args:
        chunks: The body; of a stream, in any pieces.
        faults: What goes wrong. What changes the content comes first, then what ends the body, then what frames it.
        reading: What the dialect says of the body.
        chance: Makes the source of chance of a name, always the same.
        stream: Whether the body is an event stream, or one JSON text.
        gap: Draws the seconds before each token of a stream.

    """
    source = iter(chunks)
    steps = events(source) if stream else _whole(source, faults)
    for fault in sorted((one for one in faults if applies(one, stream=stream)), key=_place):
        if gap is not None and _place(fault) > 0:
            steps, gap = paced(steps, reading, gap), None
        steps = _woven(steps, fault, reading, chance, stream=stream)
    try:
        yield from steps if gap is None else paced(steps, reading, gap)
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()


def _place(fault: Fault) -> int:
    match fault:
        case Disconnect() | Stall() | CutOff():
            return 1
        case KeepAlive():
            return 2
        case Crlf():
            return 3
        case Rechunk():
            return 4
        case _:
            return 0


def _woven(
    steps: Iterator[Step], fault: Fault, reading: Reading, chance: Callable[[str], Random], *, stream: bool
) -> Iterator[Step]:
    match fault:
        case Malformed() | MissingDone() | MissingFinish() | DuplicateChunk() | TruncatedArguments() | StreamError():
            return _changed(steps, fault, reading, stream=stream)
        case Disconnect() | Stall() | CutOff():
            return _stopped(steps, fault)
        case KeepAlive(every, text):
            return _commented(steps, every, f": {text}\n\n".encode())
        case Crlf():
            return (step.replace(b"\n", b"\r\n") if isinstance(step, bytes) else step for step in steps)
        case Rechunk(seed, how):
            return rechunked(steps, chance("rechunk" if seed is None else f"rechunk {seed}"), how)
        case Timeout() | ConnectionFailure() | HtmlError() | EmptyBody() | WrongContentType():
            return steps
        case _:
            assert_never(fault)


def _changed(steps: Iterator[Step], fault: ContentFault, reading: Reading, *, stream: bool) -> Iterator[Step]:
    match fault:
        case Malformed(after):
            return _broken(steps, after if stream else 0)
        case MissingDone():
            return _without(steps, reading, "done")
        case MissingFinish():
            return _without(steps, reading, "finish")
        case DuplicateChunk(after):
            return _doubled(steps, after)
        case TruncatedArguments(after):
            return _cut_arguments(steps, reading, after, stream=stream)
        case StreamError(after):
            return _ended(steps, after, reading.error_event(fault))
        case _:
            assert_never(fault)


def _stopped(steps: Iterator[Step], fault: EndFault) -> Iterator[Step]:
    match fault:
        case Disconnect(after, unit, reset):
            end = Break("ReadError", RESET) if reset else Break("RemoteProtocolError", CLOSED)
            return _ended(steps, after or 0, end) if unit == "chunks" else _ended_at(steps, after or 0, end)
        case Stall(after):
            return _ended(steps, after or 0, Wait(STALLED), Break("ReadError", NEVER_CAME))
        case CutOff(after):
            return _ended(steps, after)
        case _:
            assert_never(fault)


def events(steps: Iterator[Step]) -> Iterator[Step]:
    """Divide a stream into its events, one a step, however it comes."""
    rest = b""
    for step in steps:
        if not isinstance(step, bytes) or (not rest and step.endswith(b"\n\n") and step.find(b"\n\n") == len(step) - 2):
            yield step
        else:
            rest += step
            while end := END_OF_EVENT.search(rest):
                yield rest[: end.end()]
                rest = rest[end.end() :]
    if rest:
        yield rest


def paced(steps: Iterator[Step], reading: Reading, gap: Callable[[], float]) -> Iterator[Step]:
    """Wait before each event that carries a token."""
    for step in steps:
        if isinstance(step, bytes) and reading.kind_of(step) in TAKES_TIME:
            yield Wait(gap())
        yield step


def rechunked(steps: Iterator[Step], chance: Random, how: str) -> Iterator[Step]:
    """Cut the same bytes in other places; what waits for more bytes is sent before the body ends or breaks."""
    draw = _sizes(chance, how)
    held, wanted = b"", draw()
    for step in steps:
        if isinstance(step, Break) and held:
            yield held
            held = b""
        if not isinstance(step, bytes):
            yield step
            continue
        held += step
        start = 0
        while len(held) - start >= wanted:
            yield held[start : start + wanted]
            start += wanted
            wanted = draw()
        held = held[start:]
    if held:
        yield held


def _sizes(chance: Random, how: str) -> Callable[[], int]:
    match how:
        case "bytes":
            return lambda: 1
        case "split":
            return lambda: chance.randint(*USUAL)
        case "coalesce":
            return lambda: chance.randint(*LARGE)
        case _:
            return lambda: chance.randint(*chance.choice((SMALL, USUAL, LARGE)))


def _whole(steps: Iterator[Step], faults: tuple[Fault, ...]) -> Iterator[Step]:
    """Divide a JSON body into one chunk more than a fault leaves of it."""
    places = [one.after for one in faults if isinstance(one, Stall | CutOff) and one.after is not None]
    places += [one.after for one in faults if isinstance(one, Disconnect) and one.unit == "chunks" and one.after]
    body = b"".join(step for step in steps if isinstance(step, bytes))
    pieces = max([*places, 0]) + 1
    if len(body) < pieces or pieces == 1:
        yield body
        return
    marks = [len(body) * number // pieces for number in range(pieces + 1)]
    yield from (body[start:end] for start, end in pairwise(marks))


def _broken(steps: Iterator[Step], after: int) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number == after and isinstance(step, bytes):
            end = b"\n\n" if step.endswith(b"\n\n") else b""
            yield step[: len(step) // 2] + end
        else:
            yield step


def _without(steps: Iterator[Step], reading: Reading, kind: EventKind) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, bytes) or reading.kind_of(step) != kind)


def _doubled(steps: Iterator[Step], after: int) -> Iterator[Step]:
    for number, step in enumerate(steps, 1):
        yield step
        if number == after:
            yield step


def _cut_arguments(steps: Iterator[Step], reading: Reading, after: int, *, stream: bool) -> Iterator[Step]:
    seen = 0
    for step in steps:
        if not isinstance(step, bytes):
            yield step
        elif not stream:
            yield reading.cut_arguments(step)
        else:
            seen += reading.kind_of(step) == "arguments"
            if seen <= after or reading.kind_of(step) != "arguments":
                yield step


def _ended(steps: Iterator[Step], after: int, *end: Step) -> Iterator[Step]:
    """Give `after` chunks, then `end`, at the latest where the body ends."""
    given = 0
    for step in steps:
        if isinstance(step, bytes):
            if given == after:
                break
            given += 1
        yield step
    yield from end


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


def _commented(steps: Iterator[Step], every: int, comment: bytes) -> Iterator[Step]:
    given = 0
    for step in steps:
        if isinstance(step, bytes):
            if given % every == 0:
                yield comment
            given += 1
        yield step
