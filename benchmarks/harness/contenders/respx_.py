"""respx: routes on patched httpx transports. It knows httpx alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import respx

from harness.bodies import URL, topic
from harness.case import CannotError, Case, Wiring, responder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Respx:
    """respx."""

    name = "respx"
    distributions = ("respx",)

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer with routes whose side effect makes the ready response."""
        if case.kind in {"replay", "record"}:
            raise CannotError("no recordings")
        answer = responder(case, family)
        with respx.mock(assert_all_called=False, assert_all_mocked=True) as router:
            if case.kind in {"exact", "substring"}:
                _routes(router, case, answer)
            else:
                router.post(URL).mock(side_effect=answer)
            yield Wiring()


def _routes(router: Any, case: Case, answer: Any) -> None:
    for number in range(case.size):
        exact = {"json__model": f"model-{number:06}"}
        given = exact if case.kind == "exact" else {"content__contains": topic(number).encode()}
        router.post(URL, **given).mock(side_effect=answer)


def make(_: str) -> Respx:
    return Respx()
