"""Keeps what a real API answers to a call while it passes to the client, as far as answers are kept.

Knows: a call's end, what an observer is told. Must not know: what an answer means, any HTTP library.
"""

from __future__ import annotations

import time
from functools import reduce
from sys import getsizeof
from typing import TYPE_CHECKING

from llm_intercept.journal.kept_response import LARGEST
from llm_intercept.model.wire import Wait, WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.journal.journal import Call
    from llm_intercept.model.wire import Observer, Step

ENCODING = "content-encoding"


class Overheard:
    """Observes one response (`wire.Observer`): a call's answer, and when each piece of it came.

    Args:
        call: The call, which ends when the answer does.
        other: Who else observes it.

    Attributes:
        has_begun: Whether there is an answer that is observed.

    """

    def __init__(self, call: Call, other: Observer | None) -> None:
        self._call, self._other = call, other
        self._steps: list[Step] = []
        self._headers: list[tuple[str, str]] = []
        self._size = 0
        self._at = time.perf_counter()
        self.has_begun = False

    def began(self, status: int, headers: list[tuple[str, str]], /) -> None:
        """The head is there: an answer begins."""
        if self._other is not None:
            self._other.began(status, headers)
        self.has_begun, self._headers = True, headers
        self._call.status = status
        if not self._encoding:
            self._call.answered = WireResponse(status, tuple(headers), self._steps)

    def passed(self, chunk: bytes, /) -> None:
        """Keep some bytes, and when they came."""
        if self._other is not None:
            self._other.passed(chunk)
        if self._size < LARGEST:
            now = time.perf_counter()
            steps = (Wait(now - self._at), chunk)
            self._steps += steps
            self._at = now
            self._size += sum(map(getsizeof, steps))  # of small chunks, more than their bytes

    def ended(self, error: BaseException | None, /, *, whole: bool) -> None:
        """End the call."""
        if self._other is not None:
            self._other.ended(error, whole=whole)
        if self._encoding:
            self._call.answered = self._decoded()
        if error is not None:
            self._call.error = error
        self._call.finish()

    @property
    def _encoding(self) -> str:
        return ", ".join(value for name, value in self._headers if name.lower() == ENCODING)

    def _decoded(self) -> WireResponse | None:
        """Undo the content encoding as far as that goes; what cannot be read by anybody is not kept."""
        from llm_intercept.recording.encodings import EncodedError, decoders  # noqa: PLC0415 - few answers are real

        decoded: list[Step] = []
        try:
            found = decoders(self._encoding, LARGEST)
            decoded.extend(reduce(_and_then, found, one) if isinstance(one, bytes) else one for one in self._steps)
        except EncodedError:
            if not any(isinstance(step, bytes) and step for step in decoded):
                return None
        headers = tuple(one for one in self._headers if one[0].lower() != ENCODING)
        return WireResponse(self._call.status, headers, decoded)


def _and_then(content: bytes, decode: Callable[[bytes], bytes]) -> bytes:
    return decode(content)
