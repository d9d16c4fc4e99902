"""What is kept of a response and of a conversation, for requests that continue them or ask for them.

Knows: what one is made of. Must not know: how it was answered, how it is shown.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESPONSE, CONVERSATION = "response", "conversation"
"""Under which they are kept."""

Item = dict[str, Any]


@dataclass(slots=True)
class Later:
    """When a response is worked on in the background, in simulated seconds.

    Attributes:
        begins: When the work on it begins; before that it is queued.
        ends: When it is done.
        is_cancelled: Whether somebody ended it before.

    """

    begins: float
    ends: float
    is_cancelled: bool = False


@dataclass(slots=True)
class KeptResponse:
    """A response and what was asked.

    Attributes:
        body: The response, as it ended.
        asked: The request's body.
        before: What it continues: a response, or what a conversation had then.
        identity: What the ids of what was asked follow from.
        later: When it is worked on, if that is in the background.
        events: The events that tell it, if it is told in the background.
        is_recorded: Whether a tape gave it, which then also has what else is asked about it.

    """

    body: Mapping[str, Any]
    asked: Mapping[str, Any]
    before: Before
    identity: str
    later: Later | None = None
    events: tuple[bytes, ...] = ()
    is_recorded: bool = False

    @property
    def output(self) -> list[Mapping[str, Any]]:
        """What was answered; nothing, where that was cancelled."""
        is_cancelled = self.later is not None and self.later.is_cancelled
        return [] if is_cancelled else list(map(mapping, items(self.body.get("output"))))


@dataclass(slots=True)
class KeptConversation:
    """A conversation; its items grow while it is kept.

    Attributes:
        id: Its id.
        created: When it was made, in Unix seconds.
        metadata: What it is filed under, which can be changed.
        items: What was said, each with an id.
        size: How many bytes all have, about.

    """

    id: str
    created: int
    metadata: Mapping[str, Any]
    items: list[Item] = field(default_factory=list[Item])
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, listed: Sequence[Item], size: int) -> None:
        """Add items at the end."""
        with self.lock:
            self.items = [*self.items, *listed]
            self.size += size

    def remove(self, identifier: str) -> bool:
        """Take an item out; whether it was there."""
        with self.lock:
            left = [one for one in self.items if one.get("id") != identifier]
            is_there = len(left) < len(self.items)
            self.items = left
            return is_there


Before = KeptResponse | tuple[Item, ...]


def turns(before: Before) -> list[KeptResponse | tuple[Item, ...]]:
    """List what a request continues, the first turn first."""
    found: list[KeptResponse | tuple[Item, ...]] = []
    while isinstance(before, KeptResponse):
        found.append(before)
        before = before.before
    return [before, *reversed(found)]


def history(before: Before) -> Iterator[Mapping[str, Any]]:
    """Give all that was said before: what was asked, as it was sent, and what was answered."""
    for one in turns(before):
        if isinstance(one, KeptResponse):
            yield from given(one.asked)
            yield from one.output
        else:
            yield from one


def given(asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the items of a request's input; a text is a message of the user's."""
    told = asked.get("input")
    if isinstance(told, str):
        return [{"role": "user", "content": told}]
    return [mapping(one) for one in items(told) if is_object(one)]
