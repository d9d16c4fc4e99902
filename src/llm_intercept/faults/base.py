"""What a fault is: a frozen dataclass that checks itself, shows itself, says where it acts, and does what it does.

Knows: the steps of a body, and what may be asked of the API they are of. Must not know: any fault, any API, any clock.

A fault is a reply by itself (of the smallest valid answer), or part of one: `Reply("text", fault=disconnect(after=3))`,
`raw(body, fault=(stall(after=2), crlf()))`. Places are counted in chunks: the events of a stream; the body of a JSON
answer counts as one more chunk than stand before the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar, cast, get_args

from llm_intercept.base.checks import is_int
from llm_intercept.base.spelling import spelt_class
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.base.framings import Framing
    from llm_intercept.model.wire import Break, EventKind, Step, Wait

Form = Literal["data", "event"]
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Where(IntEnum):
    """The part of an answer that a fault acts on; what acts on an earlier part is done first."""

    BEFORE_HEADERS = 0
    HEAD = 1
    CONTENT = 2
    END = 3
    FRAMING = 4


class ErrorEvent(Protocol):
    """An error that is told within a stream."""

    @property
    def message(self) -> str | None:
        """What it says; None for what the API says of its kind."""
        ...

    @property
    def type(self) -> str:
        """The API's word for its kind."""
        ...

    @property
    def code(self) -> str | None:
        """The API's code for it."""
        ...

    @property
    def after(self) -> int:
        """How many events come before it."""
        ...

    @property
    def form(self) -> Form:
        """Whether it is an object with the key `error`, or an event of that name."""
        ...


class Grammar(Protocol):
    """What only an API knows of its bodies."""

    def kind(self, event: bytes, /) -> EventKind:
        """Tell what an event of a stream is for."""
        ...

    def is_last(self, event: bytes, /) -> bool:
        """Whether an event says that the stream is complete."""
        ...

    def error(self, error: ErrorEvent, first: bytes, /) -> bytes:
        """Write an error as an event of a stream, whose `first` event is known, or empty if the error comes first."""
        ...

    def halve_arguments(self, body: bytes, /) -> bytes:
        """Leave half of the arguments of each tool call in a JSON body, or in an event that says them whole."""
        ...


class Alive(Protocol):
    """Tells how an API says, as an event of a stream, that it is still there."""

    def __call__(self, event: bytes, told: int, /) -> tuple[bytes, bytes]:
        """Return what stands before an event, and the event as it is where so many of them were `told` before it."""
        ...


TAKES_TIME = ("content", "arguments")


F = TypeVar("F", bound="type[Fault]")


@dataclass(frozen=True)
class Body:
    """What may be asked of a body.

    Attributes:
        grammar: Its API's grammar.
        framing: How it is cut into events; None for a body that is no stream.
        identity: A text that is the same for a request.
        counted: Counts the tokens that an event of the stream carries; None where each that takes time carries one.
        alive: Tells how the API says that it is still there; None where it has no event for that.

    """

    grammar: Grammar
    framing: Framing | None
    identity: str = ""
    counted: Callable[[bytes], int] | None = None
    alive: Alive | None = None

    def tokens(self, event: bytes) -> int:
        """Count the tokens that an event carries."""
        if self.counted is not None:
            return self.counted(event)
        return int(self.grammar.kind(event) in TAKES_TIME)

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        return self.framing is not None


@dataclass(frozen=True, repr=False)
class Fault:
    """What can go wrong with an answer; a subclass says what differs from an answer that comes as it should.

    Attributes:
        where: The part of an answer that it acts on.
        order: Among those of one part, the lower come first; equal ones in the order given.
        only_in_streams: Whether a JSON answer cannot have it.
        truncates: Whether it leaves something out so that a client that does not check takes the rest for complete.
        unnamed: The argument that users write without its name.

    """

    where: ClassVar[Where]
    order: ClassVar[int] = 0
    only_in_streams: ClassVar[bool] = False
    truncates: ClassVar[bool] = False
    unnamed: ClassVar[str] = ""

    @classmethod
    def name(cls) -> str:
        """Return the name that users write: `cut_off` for `CutOff`."""
        return WORD.sub("_", cls.__name__).lower()

    def __repr__(self) -> str:
        """Show it as the user wrote it: only what differs from the default."""
        given = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        shown = [f"{value!r}" if name == self.unnamed else f"{name}={value!r}" for name, value in given.items()]
        return f"{self.name()}({', '.join(shown)})"

    def applies(self, *, stream: bool) -> bool:
        """Whether an answer of this shape can have it."""
        return stream or not self.only_in_streams

    def fits(self, framing: Framing | None) -> bool:
        """Whether a body that is cut so can have it; None is for one that is no stream."""
        return self.applies(stream=framing is not None)

    @property
    def replaces_answer(self) -> bool:
        """Whether nothing of the answer is left, so that no rule need be asked for one."""
        return bool(self.before_headers()) or self.page() is not None

    @property
    def lets_through(self) -> int:
        """How many chunks come before it ends the body: a JSON body is divided into one more."""
        return 0

    def before_headers(self) -> tuple[Wait | Break, ...]:
        """Return the steps that come instead of the headers: none where there are headers."""
        return ()

    def page(self) -> tuple[int, str] | None:
        """Return the status and the HTML that come instead of the answer."""
        return None

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that come instead of those of the same name."""
        return ()

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        """Change the steps of the body, lazily, with one event in hand at a time."""
        return steps

    def _count(self, argument: str, lowest: int = 0) -> None:
        value = getattr(self, argument)
        if not is_int(value, lowest):
            raise SettingsError(f"{self.name()}({argument}=…)", value, f"an int, {lowest} or more")

    def _choice(self, argument: str, choices: object) -> None:
        value = getattr(self, argument)
        if value not in get_args(choices):
            wanted = "one of " + ", ".join(map(repr, get_args(choices)))
            raise SettingsError(f"{self.name()}({argument}=…)", value, wanted)


def spelt_fault(cls: F) -> F:
    """Let a fault refuse an argument that it does not have by the name that users write."""
    return spelt_class(cls, cls.name())


def as_faults(name: str, given: object) -> tuple[Fault, ...]:
    """Return the faults in `given`: none, one, or a list of them; raises `SettingsError` at what is none."""
    several = cast("tuple[object, ...]", given) if isinstance(given, list | tuple) else (given,)
    found = () if given is None else tuple(several)
    checked = tuple(one for one in found if isinstance(one, Fault))
    if len(checked) < len(found):
        wrong = next(one for one in found if not isinstance(one, Fault))
        raise SettingsError(name, wrong, "timeout(…), disconnect(…), malformed(…) or another fault, or a tuple of them")
    return checked


def ended(steps: Iterator[Step], after: int, *end: Step) -> Iterator[Step]:
    """Give `after` chunks, then `end`, at the latest where the body ends."""
    given = 0
    for step in steps:
        if isinstance(step, bytes):
            if given == after:
                break
            given += 1
        yield step
    yield from end
