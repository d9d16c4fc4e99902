"""A take that answers a request, and which requests are recorded at all.

Knows: paths of model APIs. Must not know: how a take is found. Every engine asks it, also one without recordings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.declared import dataclass

if TYPE_CHECKING:
    from llm_intercept.recording.take import Take
    from llm_intercept.wire import WireRequest

PATHS = ("/responses", "/embeddings", "/completions", "/messages", ":generateContent", ":streamGenerateContent")


def is_recorded(wire: WireRequest) -> bool:
    """Tell whether a request that no dialect claims is one to a model, whatever its host, and so is recorded too."""
    return wire.method == "POST" and wire.path.rstrip("/").endswith(PATHS)


@dataclass(frozen=True, slots=True)
class Played:
    """A take that answers a request."""

    name: str
    take: Take
    factor: float
