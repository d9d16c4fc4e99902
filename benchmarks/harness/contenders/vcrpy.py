"""vcrpy: cassettes played on patched transports of both families."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vcr

from harness.case import Case, Wiring
from harness.contenders.recorded import refuse_rules, server, tape

if TYPE_CHECKING:
    from collections.abc import Iterator

MATCH = ("method", "uri", "body")


class Vcrpy:
    """vcrpy."""

    name = "vcrpy"
    distributions = ("vcrpy",)

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._tapes: dict[Case, tuple[Path, str]] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Play a cassette, which is recorded the first time."""
        refuse_rules(case)
        if case.kind == "record":
            with server(case) as url, vcr.use_cassette(str(self._path()), match_on=MATCH, record_mode="all"):
                yield Wiring(base_url=url)
            return
        path, url = self._tape(case, family)
        with vcr.use_cassette(str(path), match_on=MATCH, record_mode="none", allow_playback_repeats=True):
            yield Wiring(base_url=url)

    def _tape(self, case: Case, family: Any) -> tuple[Path, str]:
        if case not in self._tapes:
            path = self._path()
            self._tapes[case] = (path, tape(path, case, family, vcr.use_cassette(str(path), record_mode="all")))
        return self._tapes[case]

    def _path(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder.name), "cassette.yaml")


def make(_: str) -> Vcrpy:
    return Vcrpy()
