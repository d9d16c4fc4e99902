"""What a dialect is: functions between the wire and the neutral vocabulary.

Knows: their types. Must not know: any dialect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.faults.base import ErrorEvent
    from llm_intercept.model.request import LLMRequest, Usage
    from llm_intercept.model.wire import EventKind, WireRequest, WireResponse
    from llm_intercept.replies.reply import Answer


@dataclass(slots=True)
class Writing:
    """What a dialect needs beside request and reply to write a response.

    Attributes:
        tokenizer: Splits text into deltas and counts it.
        identity: Hex digits, at least 64, that are the same for the same request, repeat and seed.
        note_usage: Called once, when the usage is known.

    """

    tokenizer: Tokenizer
    identity: str
    note_usage: Callable[[Usage], None]


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """An API error, in the terms every API has."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class BadRequestError(Exception):
    """The request cannot be read; the API itself would answer with this error."""

    def __init__(self, error: ErrorFacts) -> None:
        self.error = error
        super().__init__(error.message)


class Dialect(Protocol):
    """One API. A module with these functions is one."""

    def claims(self, request: WireRequest, /) -> bool:
        """Tell from the head alone whether the request is one of this API's."""
        ...

    def read(self, request: WireRequest, body: Mapping[str, object], content: bytes, /) -> LLMRequest:
        """Read the body (and its bytes, kept); raises `BadRequestError` where the API would refuse it."""
        ...

    def write(self, request: LLMRequest, answer: Answer, writing: Writing, /) -> WireResponse:
        """Write the answer as the API would."""
        ...

    def write_error(self, error: ErrorFacts, identity: str, /) -> WireResponse:
        """Write an error as the API would."""
        ...

    def kind_of(self, event: bytes, /) -> EventKind:
        """Tell what an event of a stream is for."""
        ...

    def error_event(self, error: ErrorEvent, /) -> bytes:
        """Write an error as an event of a stream."""
        ...

    def cut_arguments(self, body: bytes, /) -> bytes:
        """Break off the arguments of the tool calls in a JSON body."""
        ...
