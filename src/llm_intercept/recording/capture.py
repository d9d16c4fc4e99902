"""Gathers a response while it passes, and makes a take of it when it ends.

Knows: chunks and when they came. Must not know: the client, where the take is kept.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from llm_intercept.base.framings import framing_of
from llm_intercept.recording.sizes import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.faults.base import Grammar
    from llm_intercept.recording.bodies import Chunk
    from llm_intercept.recording.known_secrets import Known
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.recording.sanitize import SanitizedRequest, Told
    from llm_intercept.recording.take import Take


ENCODING = "content-encoding"


class Capture:
    """Observes one response (`wire.Observer`), and gives the take to `keep`, or to `failed` why there is none.

    Args:
        asked: Gives the request, as it is kept, when the answer is there.
        redaction: What is kept out of the take.
        known: Hears what is secret in the answer.
        grammar: What the API's events mean.
        keep: Keeps a take.
        failed: Hears why there is none.
        later: Does what takes a while: redacting and keeping; now, or apart from an event loop.
        versions: What records.
        told: Hears what redaction changed in the answer.

    """

    def __init__(
        self,
        asked: Callable[[], SanitizedRequest],
        redaction: Redaction,
        known: Known,
        grammar: Grammar,
        keep: Callable[[Take], None],
        failed: Callable[[Exception], None],
        later: Callable[[Callable[[], None]], None],
        versions: dict[str, str],
        told: Told,
    ) -> None:
        self._asked, self._known = asked, known
        self._redaction, self._grammar = redaction, grammar
        self._keep, self._failed, self._later = keep, failed, later
        self._versions, self._told = versions, told
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._chunks: list[bytes] = []
        self._times: list[float] = []
        self._size = 0
        self._at = time.time()
        self._begin = time.perf_counter()

    def began(self, status: int, headers: list[tuple[str, str]], /) -> None:
        self._status, self._headers = status, headers

    def passed(self, chunk: bytes, /) -> None:
        self._size += len(chunk)
        if self._size > LIMIT:
            self._chunks.clear()
            self._times.clear()
            return
        self._times.append((time.perf_counter() - self._begin) * 1000)
        self._chunks.append(chunk)

    def ended(self, error: BaseException | None, /, *, whole: bool) -> None:
        self._later(partial(self._finish, error, whole=whole))

    def _finish(self, error: BaseException | None, *, whole: bool) -> None:
        try:
            self._keep(self._take(error, whole=whole))
        except Exception as problem:  # noqa: BLE001 - the client's answer is whole, whatever becomes of the take
            self._failed(problem)
        finally:
            self._chunks.clear()

    def _take(self, error: BaseException | None, *, whole: bool) -> Take:
        from llm_intercept.recording.bodies import last_event  # noqa: PLC0415 - every engine loads this module
        from llm_intercept.recording.sanitize import sanitize_response, take_of  # noqa: PLC0415 - as above
        from llm_intercept.recording.tape import moment  # noqa: PLC0415 - as above

        headers, chunks = self._decoded()
        said = {name.lower(): value for name, value in headers}
        framing = framing_of(said.get("content-type", ""))
        ended = whole or (framing is not None and self._grammar.is_last(last_event(chunks, framing)))
        why = None if ended else _why(error)
        asked = self._asked()
        response = sanitize_response(asked, self._status, headers, chunks, self._redaction, self._told, self._known)
        take = take_of(asked, response, partial=why, versions=self._versions)
        return take.model_copy(update={"recorded_at": moment(self._at)})

    def _decoded(self) -> tuple[list[tuple[str, str]], list[Chunk]]:
        """Undo the content encoding (or raise: an answer that is not searched for secrets is not kept)."""
        from llm_intercept.errors import RecordingError  # noqa: PLC0415 - as above
        from llm_intercept.recording.bodies import timed  # noqa: PLC0415 - every engine loads this module
        from llm_intercept.recording.encodings import EncodedError, decode_chunks  # noqa: PLC0415 - as above

        encoding = ", ".join(value for name, value in self._headers if name.lower() == ENCODING)
        if self._size > LIMIT:
            raise RecordingError(f"it is larger than the {LIMIT >> 20} MB that are recorded")
        try:
            decoded = decode_chunks(encoding, self._chunks, LIMIT)
        except EncodedError as error:
            raise RecordingError(
                f"nobody could search it for secrets: {error}; install what decodes it, or let the client not ask for "
                "it (accept-encoding: gzip)"
            ) from error
        headers = [one for one in self._headers if one[0].lower() != ENCODING]
        return headers, timed(decoded, self._times)


def _why(error: BaseException | None) -> str:
    """Say why an answer is not whole; an error by its class, since its text may hold anything."""
    return "the client closed it" if error is None else f"it broke off: {type(error).__name__}"
