"""The floor: a `MockTransport` that returns ready bytes. As a contender it shows the harness's own error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.case import Case, Wiring, responder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Floor:
    """The floor."""

    name = "floor"
    distributions: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._wirings: dict[tuple[Case, str], Wiring] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer with ready bytes."""
        key = (case, family.__name__)
        if key not in self._wirings:
            self._wirings[key] = Wiring(transport=family.MockTransport(responder(case, family)))
        yield self._wirings[key]


def make(_: str) -> Floor:
    return Floor()
