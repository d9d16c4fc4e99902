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

    def __init__(self) -> None:
        self._routers: dict[Case, respx.MockRouter] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer with routes whose side effect makes the ready response."""
        if case.kind in {"replay", "record"}:
            raise CannotError("no recordings")
        if case not in self._routers:
            self._routers[case] = _router(case, responder(case, family))
        with self._routers[case]:
            yield Wiring()


def _router(case: Case, answer: Any) -> respx.MockRouter:
    router = respx.MockRouter(assert_all_called=False)
    if case.kind not in {"exact", "substring"}:
        router.post(URL).mock(side_effect=answer)
        return router
    for number in range(case.size):
        exact = {"json__model": f"model-{number:06}"}
        given = exact if case.kind == "exact" else {"content__contains": topic(number).encode()}
        route = respx.Route(method="POST", url=URL, **given).mock(side_effect=answer)
        router.routes._routes.append(route)  # noqa: SLF001 - `add` compares it with all before: minutes for 10,000
    return router


def make(_: str) -> Respx:
    return Respx()
