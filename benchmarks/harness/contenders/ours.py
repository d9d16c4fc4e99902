"""llm-intercept itself, by its public names."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from harness.bodies import ANSWER, ARGUMENTS, PERSON, URL, deltas, frames, lazy_deltas, numbered, topic, words
from harness.case import CannotError, Case, Wiring, responder
from llm_intercept import InterceptTransport, Recordings, intercept, raw, structured, tool_call
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator


A_BLOCK = 5000  # takes that one interceptor records, since it remembers its calls


class Ours:
    """llm-intercept."""

    name = "llm-intercept"
    distributions: tuple[str, ...] = ("llm-intercept-transport", "pydantic")

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._tapes: dict[int, Path] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer in a block of our own."""
        with ExitStack() as stack:
            if case.kind == "record":
                yield stack.enter_context(self._recording(case, family))
            elif case.kind == "replay":
                stack.enter_context(_replaying(self._tape(case.size, family)))
                yield Wiring()
            elif case.kind in {"exact", "substring"}:
                _rules(stack.enter_context(intercept()), case)
                yield Wiring()
            else:
                stack.enter_context(intercept(_reply(case)))
                yield Wiring()

    @contextmanager
    def _recording(self, case: Case, family: Any) -> Iterator[Wiring]:
        inner = family.MockTransport(responder(case, family))
        with tempfile.TemporaryDirectory() as folder:
            yield Wiring(transport=_recorder(folder, inner))

    def _tape(self, takes: int, family: Any) -> Path:
        """Record a tape of so many takes, once; without the waiting for the disk, which only a crash needs."""
        if takes not in self._tapes:
            folder = Path(self._folder.name, str(takes))
            inner = family.MockTransport(responder(Case(), family))
            with patch("os.fsync", lambda _: None):
                for first in range(0, takes, A_BLOCK):
                    with family.Client(transport=_recorder(str(folder), inner)) as client:
                        for number in range(first, min(first + A_BLOCK, takes)):
                            client.post(URL, json=numbered(number)).raise_for_status()
            self._tapes[takes] = folder
        return self._tapes[takes]


def _reply(case: Case) -> Any:
    match case.kind:
        case "tool":
            return tool_call("get_weather", ARGUMENTS)
        case "structured":
            return structured(PERSON)
        case "stream":
            return words(case.size)
        case "deltas":
            return deltas(case.size)
        case "lazy":
            return lambda _: lazy_deltas(case.size)
        case "raw":
            return raw([json.loads(frame[6:]) for frame in frames(case.size)[:-1]])
        case _:
            return ANSWER


def _rules(llm: Any, case: Case) -> None:
    for number in range(case.size):
        given = {"model": f"model-{number:06}"} if case.kind == "exact" else {"user": topic(number)}
        llm.on(**given).reply(ANSWER).optional()


def _replaying(folder: Path) -> Any:
    try:
        return intercept(mode="replay", recordings=Recordings(folder, repeat_last=True))
    except (SettingsError, TypeError) as error:
        raise CannotError("mode replay is refused by this version") from error


def _recorder(folder: str, inner: Any) -> Any:
    try:
        return InterceptTransport(mode="record", recordings=folder, inner=inner)
    except (SettingsError, TypeError) as error:
        raise CannotError("mode record is refused by this version") from error


def make(_: str) -> Ours:
    return Ours()
