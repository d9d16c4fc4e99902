"""What can go wrong with recordings, beside a request that none of them answers.

Knows: words. Must not know: takes; they hand over facts as plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.declared import dataclass
from llm_intercept.errors import LLMInterceptError

if TYPE_CHECKING:
    from collections.abc import Sequence


class RecordingError(LLMInterceptError):
    """An answer could not be recorded; the client got it all the same."""


class DamagedRecordingWarning(UserWarning):
    """Files of a tape could not be read as takes; they were skipped."""


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """Where a secret is kept in a tape: the file, the field, and what kind of secret it is; never the secret."""

    name: str
    path: str
    kind: str

    def __str__(self) -> str:
        """Say where."""
        return f"{self.name}: {self.path}: {self.kind}"


class SecretInRecordingError(LLMInterceptError):
    """A finished tape holds what looks like a secret."""

    def __init__(self, location: str, found: Sequence[SecretFacts]) -> None:
        self.location, self.found = location, tuple(found)
        lines = "\n".join(f"  {one}" for one in self.found)
        super().__init__(
            f"llm-intercept: the recordings in {location} hold what looks like a secret:\n{lines}\n"
            "Delete these files before they are committed. Keep such values out with "
            "Recordings(…, redaction=Redaction(fields=…, patterns=…)), and record again."
        )
