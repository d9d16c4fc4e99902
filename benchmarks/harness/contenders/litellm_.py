"""litellm's own mock: `mock_response`, asked by litellm's functions instead of the SDK's client."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import litellm

from harness.bodies import ANSWER, MESSAGES, words
from harness.case import CannotError, Case, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterator


class Calls:
    """The calls that stand for the SDK's."""

    def __init__(self, answer: str) -> None:
        self._given = {"model": "gpt-4o", "messages": MESSAGES, "mock_response": answer}

    def json(self) -> int:
        """Ask for JSON."""
        return len(litellm.completion(**self._given).choices)

    async def ajson(self) -> int:
        """Ask for JSON, async."""
        return len((await litellm.acompletion(**self._given)).choices)

    def stream(self) -> int:
        """Ask for a stream; return the number of its chunks."""
        return sum(1 for _ in litellm.completion(**self._given, stream=True))

    async def astream(self) -> int:
        """Ask for a stream, async; return the number of its chunks."""
        return sum([1 async for _ in await litellm.acompletion(**self._given, stream=True)])


class Litellm:
    """litellm's `mock_response`."""

    name = "litellm"
    distributions = ("litellm",)

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:  # noqa: ARG002 - it uses none
        """Answer without any client."""
        if case.kind not in {"text", "stream"}:
            raise CannotError("only texts can be mocked")
        yield Wiring(calls=Calls(words(case.size) if case.streams else ANSWER))


def make(_: str) -> Litellm:
    return Litellm()
