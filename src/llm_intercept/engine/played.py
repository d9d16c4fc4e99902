"""A take that answers a request, and which requests are recorded at all.

Knows: paths of model APIs. Must not know: how a take is found. Every engine asks it, also one without recordings.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from llm_intercept.lazily import lazy_function

if TYPE_CHECKING:
    from llm_intercept.content import Usage
    from llm_intercept.engine.replaying import usage_of
    from llm_intercept.recording.exchange import wire_bytes
    from llm_intercept.recording.take import Take
    from llm_intercept.wire import WireRequest
else:
    usage_of = lazy_function("llm_intercept.engine.replaying", "usage_of")
    wire_bytes = lazy_function("llm_intercept.recording.exchange", "wire_bytes")

PATHS = ("/responses", "/embeddings", "/completions", "/messages", ":generateContent", ":streamGenerateContent")


def is_recorded(wire: WireRequest) -> bool:
    """Tell whether a request that no dialect claims is one to a model, whatever its host, and so is recorded too."""
    return wire.method == "POST" and wire.path.rstrip("/").endswith(PATHS)


class Played:
    """A take that answers a request, with what is made of it when it is first played.

    Args:
        name: The take's name.
        take: The take.
        factor: What its gaps are multiplied with.

    """

    def __init__(self, name: str, take: Take, factor: float) -> None:
        self.name, self.take, self.factor = name, take, factor

    @cached_property
    def content(self) -> bytes:
        """The body, as it was on the wire."""
        return wire_bytes(self.take)

    @cached_property
    def usage(self) -> Usage | None:
        """The tokens the answer reports; None if it reports none."""
        return usage_of(self.take)
