"""The events of a stream one by one: that the message began, its blocks, how it ended.

Knows: the stream's frame (docs/wire.md 6.2). Must not know: what is said, who listens.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.anthropic_messages.message import begun, ended
from llm_intercept.dialects.anthropic_messages.spaces import PING, Spaced
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.dialects.anthropic_messages.speaking import Teller


def events(
    identity: str,
    teller: Teller,
    body: Mapping[str, Any],
    usage: Mapping[str, Any],
    end: Callable[[], Mapping[str, Any]],
    *,
    pings: bool = True,
) -> Iterator[bytes | Awaited]:
    """Yield the events.

    Args:
        identity: What the spaces follow from.
        teller: Tells the blocks.
        body: The message before anything is said.
        usage: What the prompt cost.
        end: Makes the message as it ended.
        pings: Whether the connection is kept awake, which Amazon's frames are not for.

    """
    frames = Spaced(identity)
    yield frames.event(begun(body, usage))
    with closing(teller.tell()) as telling:
        for one in telling:
            if isinstance(one, Awaited):
                yield one
                continue
            yield frames.event(one)
            if pings:
                yield PING
                pings = False
    yield frames.event(ended(end()))
    yield frames.event({"type": "message_stop"})
