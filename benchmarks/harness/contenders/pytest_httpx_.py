"""pytest-httpx and its sister for httpx2: the fixture, entered by hand."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness.bodies import URL, numbered
from harness.case import CannotError, Case, Wiring, responder

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = {
    "assert_all_responses_were_requested": False,
    "assert_all_requests_were_expected": False,
    "can_send_already_matched_responses": True,
}
HOMES = {"pytest-httpx": ("pytest_httpx", "httpx_mock"), "httpx2-pytest": ("pytest_httpx2", "httpx2_mock")}


class PytestHttpx:
    """The fixture of pytest-httpx or httpx2-pytest."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.distributions = (name, "pytest")
        module, fixture = HOMES[name]
        found = getattr(import_module(module), fixture)
        self._fixture = getattr(found, "_get_wrapped_function", lambda: found.__wrapped__)()
        self._marker = fixture

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer with callbacks that make the ready response."""
        if case.kind in {"replay", "record"}:
            raise CannotError("no recordings")
        if case.kind == "substring":
            raise CannotError("no substring conditions")
        answer = responder(case, family)
        node = SimpleNamespace(iter_markers=lambda _: [SimpleNamespace(kwargs=OPTIONS)])
        with pytest.MonkeyPatch.context() as patch:
            fixture = self._fixture(patch, SimpleNamespace(node=node))
            mock = next(fixture)
            for given in _conditions(case):
                mock.add_callback(answer, url=URL, **given)
            yield Wiring()
            mock.reset()


def _conditions(case: Case) -> list[dict[str, Any]]:
    if case.kind != "exact":
        return [{}]
    return [{"match_json": numbered(number)} for number in range(case.size)]


def make(name: str) -> PytestHttpx:
    return PytestHttpx(name)
