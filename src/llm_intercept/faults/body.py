"""The faults of what an answer holds: chunks that are broken, missing, doubled or swapped, and bodies that end early.

Knows: the events of a stream, by what their API's grammar says of them. Must not know: any API, any clock, the network.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from llm_intercept.faults.base import Body, Fault, Form, Where, ended, spelt_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.model.wire import Step


@spelt_fault
@dataclass(frozen=True, repr=False)
class WrongContentType(Fault):
    """The body is right, and said to be something else.

    Args:
        value: The content type it says.

    """

    value: str = "text/html; charset=utf-8"

    where = Where.HEAD
    unnamed = "value"

    def headers(self) -> tuple[tuple[str, str], ...]:
        return (("content-type", self.value),)


wrong_content_type = WrongContentType


@spelt_fault
@dataclass(frozen=True, repr=False)
class EmptyBody(Fault):
    """The answer has the right status and headers, and no body."""

    where = Where.FRAMING
    order = 9  # the last of all: nothing of what the others do is left
    truncates = True

    def weave(self, _steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        return iter(())


empty_body = EmptyBody


@spelt_fault
@dataclass(frozen=True, repr=False)
class Malformed(Fault):
    """The JSON of a chunk, or of a JSON body, is broken; a stream goes on behind it.

    Args:
        after: How many whole chunks come before it.

    Raises:
        SettingsError: It is not a count.

    """

    after: int = 1

    where = Where.CONTENT

    def __post_init__(self) -> None:
        self._count("after")

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        left = self.after if body.is_stream else 0
        for step in steps:
            if not isinstance(step, bytes):  # a wait is no chunk
                yield step
                continue
            yield step if left else step[: len(step) // 2] if body.framing is None else body.framing.broken(step)
            left -= 1


malformed = Malformed


@spelt_fault
@dataclass(frozen=True, repr=False)
class MissingDone(Fault):
    """The stream ends without the event that says so (`[DONE]`), as some compatible hosts' do."""

    where = Where.CONTENT
    only_in_streams = True

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        return (step for step in steps if not isinstance(step, bytes) or not body.grammar.is_last(step))


missing_done = MissingDone


@spelt_fault
@dataclass(frozen=True, repr=False)
class MissingFinish(Fault):
    """The stream lacks the chunk that has the finish reason."""

    where = Where.CONTENT
    only_in_streams = True
    truncates = True

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        return (step for step in steps if not isinstance(step, bytes) or body.grammar.kind(step) != "finish")


missing_finish = MissingFinish


@spelt_fault
@dataclass(frozen=True, repr=False)
class DuplicateChunk(Fault):
    """A chunk comes twice.

    Args:
        after: The number of the chunk, from 1; 2 is the first with text.

    Raises:
        SettingsError: It is not a count from 1.

    """

    after: int = 2

    where = Where.CONTENT
    only_in_streams = True

    def __post_init__(self) -> None:
        self._count("after", lowest=1)

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        number = 0
        for step in steps:
            yield step
            if isinstance(step, bytes):  # a wait is no chunk
                number += 1
                if number == self.after:
                    yield step


duplicate_chunk = DuplicateChunk


@spelt_fault
@dataclass(frozen=True, repr=False)
class OutOfOrder(Fault):
    """Two neighbouring chunks of a stream are swapped.

    Args:
        after: How many chunks come before them; with 1 they are the first two with text.

    Raises:
        SettingsError: It is not a count.

    """

    after: int = 1

    where = Where.CONTENT
    only_in_streams = True

    def __post_init__(self) -> None:
        self._count("after")

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        number, held = 0, b""
        for step in steps:
            if number == self.after and isinstance(step, bytes):
                held = step
            else:
                yield step
            if number == self.after + 1 and isinstance(step, bytes):
                yield held
            number += isinstance(step, bytes)
        if number == self.after + 1:
            yield held  # nothing came to swap it with


out_of_order = OutOfOrder


@spelt_fault
@dataclass(frozen=True, repr=False)
class TruncatedArguments(Fault):
    """The arguments of tool calls break off; of a JSON answer's, half is left.

    Args:
        after: How many fragments of arguments come in a stream.

    Raises:
        SettingsError: It is not a count.

    """

    after: int = 1

    where = Where.CONTENT
    truncates = True

    def __post_init__(self) -> None:
        self._count("after")

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        fragments = 0
        for step in steps:
            if not isinstance(step, bytes):
                yield step
            elif not body.is_stream:
                yield body.grammar.halve_arguments(step)
            else:
                halved = body.grammar.halve_arguments(step)
                is_fragment = halved == step and body.grammar.kind(step) == "arguments"
                fragments += is_fragment
                if not is_fragment or fragments <= self.after:
                    yield halved


truncated_arguments = TruncatedArguments


@spelt_fault
@dataclass(frozen=True, repr=False)
class StreamError(Fault):
    """The stream ends with an error that is an event of it.

    Args:
        message: What the error says, instead of the API's own words.
        after: How many chunks come before it.
        form: `data` is an object with the key `error`, as groq and OpenRouter send it, and of Responses the response
            that failed; `event` an event named `error` whose data is the error itself.
        type: The error's type.
        code: The error's code.

    Raises:
        SettingsError: A value cannot be used.

    """

    message: str | None = None
    _: KW_ONLY
    after: int = 2
    form: Form = "data"
    type: str = "server_error"
    code: str | None = None

    where = Where.CONTENT
    only_in_streams = True
    unnamed = "message"

    def __post_init__(self) -> None:
        self._count("after")
        self._choice("form", Form)

    def weave(self, steps: Iterator[Step], body: Body, /) -> Iterator[Step]:
        first = b""
        for step in ended(steps, self.after):
            if isinstance(step, bytes):
                first = first or step
            yield step
        yield body.grammar.error(self, first)


stream_error = StreamError


@spelt_fault
@dataclass(frozen=True, repr=False)
class CutOff(Fault):
    """The body ends early and in order, as when a proxy gives up: no error, and nothing that says it is complete.

    Args:
        after: How many chunks come.

    Raises:
        SettingsError: It is not a count.

    """

    after: int = 1

    where = Where.END
    truncates = True

    def __post_init__(self) -> None:
        self._count("after")

    @property
    def lets_through(self) -> int:
        return self.after

    def weave(self, steps: Iterator[Step], _: Body, /) -> Iterator[Step]:
        return ended(steps, self.after)


cut_off = CutOff
