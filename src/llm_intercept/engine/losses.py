"""What a tape did not keep, or keeps otherwise than it came: gathered while requests pass, told when their block ends.

Knows: requests as they are kept, errors. Must not know: how takes are made and written.
"""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from typing import TYPE_CHECKING

from llm_intercept.errors import LLMInterceptError, RecordingError, RedactedAnswerWarning, UnrecordedAnswerWarning
from llm_intercept.recording.fingerprint import recorded_of
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from llm_intercept.facts import RedactedFacts
    from llm_intercept.recording.sanitize import SanitizedRequest

MOST_TOLD = 50  # answers that were not recorded; a disk that is full for a day has more, and the first say why
MORE = "and of others, which are not listed"


class Losses:
    """Those of one interceptor's recordings."""

    def __init__(self) -> None:
        self._failures: list[LLMInterceptError] = []
        self._lost: dict[str, int] = {}
        self._passed: list[int] = []
        self._changed: list[RedactedFacts] = []
        self._lock = threading.Lock()

    def passed(self, status: int) -> None:
        """Note an answer that says how things stand now, and so is not kept."""
        self._passed.append(status)

    def changed(self, facts: tuple[RedactedFacts, ...]) -> None:
        """Note what redaction changed in an answer."""
        self._changed += facts

    def failed(self, sought: SanitizedRequest, error: Exception) -> None:
        """Note why there is no take of a request's answer."""
        with self._lock:
            if isinstance(error, LLMInterceptError) and not isinstance(error, RecordingError):
                self._failures.append(error)
                return
            lost = f"{_said(sought)}: {_text(error)}"
            if lost in self._lost or len(self._lost) < MOST_TOLD:
                self._lost[lost] = self._lost.get(lost, 0) + 1
            else:
                self._lost[MORE] = self._lost.get(MORE, 0) + 1

    def error(self, location: str) -> LLMInterceptError | None:
        """Tell what was not recorded at a place, each answer with its request; None if all was."""
        if not self._lost:
            return self._failures[0] if self._failures else None
        count = sum(self._lost.values())
        answers = "An answer was" if count == 1 else f"{count} answers were"
        lines = "".join(f"\n  {line}{f' ({times} times)' if times > 1 else ''}" for line, times in self._lost.items())
        return RecordingError(f"{answers} not recorded in {location}:{lines}")

    def warn(self, location: str) -> None:
        """Warn of what is not, or not as it came, at a place; once.

        Answers that pass would be played for ever, and asked again they are others. A program that goes on by what was
        changed does something else in replay.
        """
        passed, self._passed = self._passed, []
        if passed:
            counts = ", ".join(f"{status} ({count}x)" for status, count in sorted(Counter(passed).items()))
            message = (
                f"llm-intercept: errors that pass were not kept in {location}: {counts}. Give the program a key that "
                "works, or record again later; to keep them, for a test of what happens then: "
                "Recordings(…, keep_errors=True)."
            )
            warnings.warn(message, UnrecordedAnswerWarning, stacklevel=5)
        changed, self._changed = self._changed, []
        if changed:
            warnings.warn(RedactedAnswerWarning(location, Counter(changed)), stacklevel=5)


def _said(sought: SanitizedRequest) -> str:
    """Say a request in short, as it is kept."""
    request = sought.request
    words = recorded_of(request.method, request.url).last_user(request.body)
    return f"{request.method} {request.url}" + (f" ({shorten(words, 60)})" if words else "")


def _text(error: Exception) -> str:
    """Say an error without its text where that may quote the answer."""
    return str(error) if isinstance(error, OSError | RecordingError) else type(error).__name__
