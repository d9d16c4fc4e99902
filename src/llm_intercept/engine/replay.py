"""Answers with a take: the same bytes in the recorded shape, or what the dialect makes of another shape or API.

Knows: takes, ready bodies. Must not know: how a take is found.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from llm_intercept.base.json import mapping
from llm_intercept.dialects import dialect_of
from llm_intercept.engine.led_away import addresses, host_of, shows_key
from llm_intercept.engine.reread import api_of_take
from llm_intercept.engine.restated import restated, timed
from llm_intercept.errors import LLMInterceptError, RecordingError, ReplyError
from llm_intercept.model.wire import RETRYABLE, Wait, WireResponse
from llm_intercept.recording.bodies import answer_values, event_bytes, framing_in
from llm_intercept.recording.sanitize import wire_bytes
from llm_intercept.replies.kinds import RawReply
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from llm_intercept.dialects.base import Context, Dialect
    from llm_intercept.engine.decide import Case
    from llm_intercept.model.usage import Usage
    from llm_intercept.recording.take import Take

ENTITY = ("content-type", "content-length", "content-encoding", "transfer-encoding")


class Replay:
    """A take that answers a request, with what is made of it when it is first played.

    Args:
        name: The take's name.
        take: The take.
        factor: What its gaps are multiplied with.
        is_on_tape: Whether what is asked at a URL is answered by the tape, and never sent out.

    """

    def __init__(self, name: str, take: Take, factor: float, is_on_tape: Callable[[str], bool]) -> None:
        self.name, self.take, self.factor, self._is_on_tape = name, take, factor, is_on_tape
        self._usage: dict[str, Usage | None] = {}

    @cached_property
    def content(self) -> bytes:
        """The body, as it was on the wire."""
        return wire_bytes(self.take)

    @cached_property
    def _addresses(self) -> tuple[tuple[str, str], ...]:
        return addresses(self.take, self.api.links)

    @cached_property
    def api(self) -> Dialect:
        """The API that answered."""
        return api_of_take(self.take.request)

    def is_of_another_api(self, case: Case) -> bool:
        """Whether another API answered than is asked."""
        recorded = self.take.request
        if recorded.url == case.head.url and recorded.method == case.head.method:
            return False
        return self.api is not case.dialect and self.api is not dialect_of(case.head)

    def usage(self, case: Case) -> Usage | None:
        """Read the tokens the answer reports; None if it does not."""
        dialect = case.dialect if case.is_replay else self.api
        name = dialect.name
        if name not in self._usage:
            try:
                self._usage[name] = dialect.recorded.usage(answer_values(self.take.response))
            except Exception:  # noqa: BLE001 - a server may say anything, and its bytes are played all the same
                self._usage[name] = None
        return self._usage[name]

    def response(self, case: Case, context: Context) -> WireResponse:
        """Make the response for a request that may ask for the other shape, or another API.

        Args:
            case: The request as it is asked now.
            context: What the dialect needs to write.

        Raises:
            RecordingError: The take's body is no answer that the dialect can read, or write, or the answer would lead
                the client elsewhere with its key.

        """
        if self._addresses:
            self._check_addresses(case)
        if not case.is_replay:
            return self._restated(case, context)
        return case.dialect.replayed(case.request, self._played(case, context), context)

    def _check_addresses(self, case: Case) -> None:
        """Raise where the client is led to a server that nobody asked, and would show its key there."""
        for place, address in self._addresses if shows_key(case.request.headers) else ():
            host = host_of(address, case.head.url)
            if host is not None and not self._is_on_tape(address):
                raise RecordingError(
                    f"The recording {self.name} was not played: it leads to {shorten(host)} ({place}), which this tape "
                    "has no answers of, and a client shows its key where it is led. If that is meant, record what is "
                    "asked there too (mode='record'), or answer the request by a rule; else find out who wrote it."
                )

    def _played(self, case: Case, context: Context) -> WireResponse:
        recorded = self.take.response
        asked, is_stream = mapping(self.take.request.body), recorded.events is not None
        if recorded.status == 200 and not case.dialect.in_same_shape(case.request, asked, is_stream=is_stream):  # noqa: PLR2004 - errors have one shape
            with self._readable():
                return self._reshaped(case, context)
        headers = tuple(recorded.headers.items())
        if self.factor == 0 and recorded.status in RETRYABLE:
            told = case.dialect.retry.at_once
            headers = (*(one for one in headers if one[0] not in dict(told)), *told)
        return WireResponse(recorded.status, headers, self._steps(), case.timeline if self.factor else None)

    def _restated(self, case: Case, context: Context) -> WireResponse:
        """Let the dialect say what another API answered; that obeyed the limit, in tokens that only a model counts."""
        try:
            reply = restated(self.take, self.api, self.factor)
            response = case.dialect.respond(case.request.replaced(max_tokens=None), reply, context)
        except ReplyError as error:
            was, asked = (one.name or "an unknown API" for one in (self.api, case.dialect))
            raise RecordingError(
                f"The recording {self.name} of {was} cannot answer {asked}: {error.problem}. "
                "Record it over the API that is asked too (mode='record'), or answer the request by a rule."
            ) from error
        return timed(response, self.take.response, self.factor, case.timeline) if self.factor else response

    @contextmanager
    def _readable(self) -> Generator[None]:
        """Say of an answer that the dialect cannot read that it is the take's."""
        try:
            yield
        except Exception as error:
            reason = str(error) if isinstance(error, LLMInterceptError) else f"{type(error).__name__}: {error}"
            asked = shown_url(self.take.request.url)
            raise RecordingError(
                f"The answer in the recording {self.name} cannot be read as one of {asked} ({reason}). "
                "'llm-intercept recordings show' shows it. Record it again, or ask in the shape it was recorded in."
            ) from error

    def _reshaped(self, case: Case, context: Context) -> WireResponse:
        """Let the dialect write the answer in the shape asked for; from stream to stream it goes by way of JSON."""
        recorded = self.take.response
        headers = tuple(one for one in recorded.headers.items() if one[0] not in ENTITY)
        content = self.content
        if case.request.stream and recorded.events is not None:
            whole = case.dialect.respond(case.request.replaced(stream=False), RawReply(content), context)
            content = b"".join(chunk for chunk in whole.chunks if isinstance(chunk, bytes))
        return case.dialect.respond(case.request, RawReply(content, recorded.status, headers), context)

    def _steps(self) -> Iterable[bytes | Wait]:
        """Give the body event by event, with its gaps if they are to be kept."""
        recorded = self.take.response
        if self.factor:
            return self._spaced()
        if recorded.events is None:
            return (self.content,)
        framing = framing_in(recorded)
        return (event_bytes(event, framing) for event in recorded.events)

    def _spaced(self) -> Iterator[bytes | Wait]:
        recorded = self.take.response
        if recorded.after_ms:
            yield Wait(recorded.after_ms * self.factor / 1000)
        if recorded.events is None:
            yield self.content
            return
        framing = framing_in(recorded)
        for event in recorded.events:
            if event.gap_ms:
                yield Wait(event.gap_ms * self.factor / 1000)
            yield event_bytes(event, framing)
