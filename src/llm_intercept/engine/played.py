"""A take that answers a request, and which requests are recorded at all.

Knows: paths of model APIs. Must not know: how a take is found. Every engine asks it, also one without recordings.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.model.request import Usage
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.recording.take import Take


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
        from llm_intercept.recording.sanitize import wire_bytes  # noqa: PLC0415 - every engine loads this module

        return wire_bytes(self.take)

    @cached_property
    def usage(self) -> Usage | None:
        """The tokens the answer reports; None if it reports none."""
        from llm_intercept.engine.replay import usage_of  # noqa: PLC0415 - every engine loads this module

        return usage_of(self.take)
