"""Weaves faults and pace into the steps of a body: puts them in order and runs them, one event in hand at a time.

Must not know: any fault, any API, where an event ends, any clock, who reads the steps.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from llm_intercept.faults.base import Where
from llm_intercept.model.wire import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from llm_intercept.base.framings import Framing
    from llm_intercept.faults.base import Body, Fault
    from llm_intercept.model.wire import Step


def weave(
    chunks: Iterable[Step], faults: tuple[Fault, ...], body: Body, told: Callable[[int], float] | None = None
) -> Iterator[Step]:
    """Weave faults and pace into a body.

    Args:
        chunks: The body; of a stream, in any pieces.
        faults: What goes wrong. What changes the content comes first, then what ends the body, then what frames it.
        body: What they may ask of it.
        told: Draws the seconds that so many tokens of a stream take.

    """
    source = iter(chunks)
    steps = _divided(source, faults) if body.framing is None else events(source, body.framing)
    applicable = (one for one in faults if one.fits(body.framing))
    for fault in sorted(applicable, key=lambda one: (one.where, one.order)):
        if told is not None and fault.where >= Where.END:
            steps, told = paced(steps, body, told), None
        steps = fault.weave(steps, body)
    try:
        yield from steps if told is None else paced(steps, body, told)
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()


def events(steps: Iterator[Step], framing: Framing) -> Iterator[Step]:
    """Divide a stream into its events, one a step, however it comes."""
    rest = b""
    for step in steps:
        if not isinstance(step, bytes) or (not rest and framing.is_one(step)):
            yield step
        else:
            whole, rest = framing.cut(rest + step)
            yield from whole
    if rest:
        yield rest


def paced(steps: Iterator[Step], body: Body, told: Callable[[int], float]) -> Iterator[Step]:
    """Wait before each event that carries tokens, as long as all of them take."""
    for step in steps:
        tokens = body.tokens(step) if isinstance(step, bytes) else 0
        if tokens:
            yield Wait(told(tokens))
        yield step


def _divided(steps: Iterator[Step], faults: tuple[Fault, ...]) -> Iterator[Step]:
    """Divide a JSON body into one chunk more than a fault leaves of it."""
    pieces = max((one.lets_through for one in faults), default=0) + 1
    body = b"".join(step for step in steps if isinstance(step, bytes))
    if len(body) < pieces or pieces == 1:
        yield body
        return
    marks = [len(body) * number // pieces for number in range(pieces + 1)]
    yield from (body[start:end] for start, end in pairwise(marks))
