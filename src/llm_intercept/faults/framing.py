"""The faults of how an answer is sent, which no client should mind: comments, other line ends, other pieces.

Knows: bytes and lines. Must not know: what an event is for, any API, any clock.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from random import Random
from typing import TYPE_CHECKING, Literal, cast

from llm_intercept.base.checks import is_int
from llm_intercept.errors import SettingsError
from llm_intercept.faults.base import Body, Fault, Where, spelt_fault
from llm_intercept.model.wire import Break

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.base.framings import Framing
    from llm_intercept.faults.base import Alive
    from llm_intercept.model.wire import Step

Cut = Literal["mixed", "bytes", "split", "coalesce"]
COMMENT = "OPENROUTER PROCESSING"
"""What is said where neither the user nor the API has anything of their own."""
SMALL, USUAL, LARGE = (1, 3), (1, 40), (200, 2000)


@spelt_fault
@dataclass(frozen=True, repr=False)
class KeepAlive(Fault):
    """Between the events of a stream stand signs that its server is still there; only server-sent events have any.

    Args:
        every: How many events stand between two of them.
        text: What they say as comments, one line. By default they are what the API itself sends: Anthropic's event
            `ping`, Responses' `keepalive`; elsewhere OpenRouter's comment.

    Raises:
        SettingsError: `every` is not a count from 1, or `text` is not one line.

    """

    every: int = 1
    text: str | None = None

    where = Where.FRAMING
    only_in_streams = True

    def __post_init__(self) -> None:
        self._count("every", lowest=1)
        text = cast("object", self.text)
        if text is not None and (not isinstance(text, str) or "\n" in text or "\r" in text):
            raise SettingsError("keep_alive(text=…)", text, "one line")

    def fits(self, framing: Framing | None) -> bool:
        return framing is not None and bool(framing.comment(COMMENT))

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        return self._events(steps, body.alive) if body.alive and self.text is None else self._comments(steps, body)

    def _comments(self, steps: Iterator[Step], body: Body) -> Iterator[Step]:
        text = COMMENT if self.text is None else self.text
        comment, given = b"" if body.framing is None else body.framing.comment(text), 0
        for step in steps:
            if isinstance(step, bytes):
                if given % self.every == 0:
                    yield comment
                given += 1
            yield step

    def _events(self, steps: Iterator[Step], alive: Alive) -> Iterator[Step]:
        """Put the API's own events between the others; none stands before the first, which begins the answer."""
        given = told = 0
        for step in steps:
            if isinstance(step, bytes):
                sign, after = alive(step, told)
                if given and given % self.every == 0:
                    yield sign
                    told += 1
                    _, after = alive(step, told)
                given += 1
                yield after
            else:
                yield step


keep_alive = KeepAlive


@spelt_fault
@dataclass(frozen=True, repr=False)
class Crlf(Fault):
    """The lines of the body end with CR and LF, as Gemini's and Perplexity's do."""

    where = Where.FRAMING
    order = 1

    def fits(self, framing: Framing | None) -> bool:
        return framing is None or framing.is_text

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        return (step.replace(b"\n", b"\r\n") if isinstance(step, bytes) else step for step in steps)


crlf = Crlf


@spelt_fault
@dataclass(frozen=True, repr=False)
class Rechunk(Fault):
    """The same bytes arrive in other pieces.

    Args:
        seed: Decides where they are cut; by default the request itself does.
        how: `bytes` one by one, `split` into small pieces (within lines and characters too), `coalesce` into large
            ones, or `mixed`.

    Raises:
        SettingsError: A value cannot be used.

    """

    seed: int | None = None
    _: KW_ONLY
    how: Cut = "mixed"

    where = Where.FRAMING
    order = 2
    unnamed = "seed"

    def __post_init__(self) -> None:
        if self.seed is not None and not is_int(self.seed):
            raise SettingsError("rechunk(seed)", self.seed, "an int")
        self._choice("how", Cut)

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        """Cut the bytes in other places; what waits for more is sent before the body ends or breaks."""
        draw = self._sizes(body.identity)
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

    def _sizes(self, identity: str) -> Callable[[], int]:
        seed = f"{identity} rechunk" if self.seed is None else f"rechunk {self.seed}"
        chance = Random(seed)  # noqa: S311 - the same pieces each time
        match self.how:
            case "bytes":
                return lambda: 1
            case "split":
                return lambda: chance.randint(*USUAL)
            case "coalesce":
                return lambda: chance.randint(*LARGE)
            case "mixed":
                return lambda: chance.randint(*chance.choice((SMALL, USUAL, LARGE)))


rechunk = Rechunk
