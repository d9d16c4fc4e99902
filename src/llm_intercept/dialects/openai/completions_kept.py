"""A chat completion that is stored, for the requests that list, show, change and delete it.

Knows: what is kept of one. Must not know: how it was answered, how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "chat.completion"
"""Under which chat completions are kept."""


@dataclass(frozen=True, slots=True)
class KeptCompletion:
    """One chat completion and what was asked.

    Attributes:
        body: The completion, as it was answered.
        asked: The request's body.
        metadata: What it is filed under, which can be changed.
        size: How many bytes all have, about.

    """

    body: Mapping[str, Any]
    asked: Mapping[str, Any]
    metadata: Mapping[str, Any]
    size: int
