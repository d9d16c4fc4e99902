"""Which call goes on with which one before it: of a conversation, and of a request that is tried again.

Knows: messages as the page has them. Must not know: calls, takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from llm_intercept.report.document import Message


@dataclass(slots=True)
class Continued:
    """What is known of the calls before, by the side and the test that they are of."""

    _ends: dict[Hashable, int] = field(default_factory=dict["Hashable", int])
    _asked: dict[Hashable, int] = field(default_factory=dict["Hashable", int])

    def conversation(self, n: int, scope: Hashable, messages: Sequence[Message]) -> tuple[int | None, int]:
        """Note a call, and find the newest one whose messages its own begin with.

        Returns:
            That call's number, and how many messages it has told, its answer included; None and 0 if there is none.

        """
        found: tuple[int | None, int] = (None, 0)
        chain = hash(scope)
        for count, message in enumerate(messages, 1):
            chain = hash((chain, message.as_json()))
            before = self._ends.get(chain)
            if before is not None and count < len(messages):
                is_answer = messages[count].role == "assistant"
                found = (before, count + is_answer)
        if messages:
            self._ends[chain] = n
        return found

    def retry(self, n: int, scope: Hashable, attempt: int, digest: str) -> int | None:
        """Note a call, and find the one that it tries again; None where it is a first attempt."""
        key = (scope, digest)
        before, self._asked[key] = self._asked.get(key), n
        return before if attempt > 1 else None
