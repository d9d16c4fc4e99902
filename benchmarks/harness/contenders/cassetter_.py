"""cassetter: cassettes played on patched transports of both families, matched in Rust."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cassetter

from harness.case import CannotError, Case, Wiring
from harness.contenders.recorded import refuse_rules, server, tape

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cassetter:
    """cassetter."""

    name = "cassetter"
    distributions = ("cassetter",)

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._tapes: dict[Case, tuple[Path, str]] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Play a cassette, which is recorded the first time."""
        refuse_rules(case)
        name = family.__name__
        if case.kind == "record":
            with server(case) as url, cassetter.use_cassette(self._path(), record_mode="all", intercept=[name]):
                yield Wiring(base_url=url)
            return
        path, url = self._tape(case, family)
        with ExitStack() as stack:
            try:
                stack.enter_context(_playing(path, name))
            except cassetter.CassetteLoadError as error:
                reason = str(error).partition("\n")[0].rpartition("error: ")[2]
                raise CannotError(f"cannot load the tape: {reason}") from error
            yield Wiring(base_url=url)

    def _tape(self, case: Case, family: Any) -> tuple[Path, str]:
        if case not in self._tapes:
            path = self._path()
            recording = cassetter.use_cassette(path, record_mode="all", intercept=[family.__name__])
            self._tapes[case] = (path, tape(path, case, family, recording))
        return self._tapes[case]

    def _path(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder.name), "cassette.yaml")


def _playing(path: Path, name: str) -> Any:
    match: list[Any] = ["method", "uri", "json_body"]
    return cassetter.use_cassette(path, record_mode="none", match_on=match, intercept=[name])


def make(_: str) -> Cassetter:
    return Cassetter()
