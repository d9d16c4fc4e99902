"""The npm package @copilotkit/aimock: a local server, started as a child with fixtures in a JSON file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bodies import ANSWER, ARGUMENTS, PERSON, topic, words
from harness.case import CannotError, Case, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "AIMOCK"  # the environment variable that names the program
WORD = "5"  # characters of a chunk: about those of a token
PATIENCE = 20.0  # seconds for the server to start


class Aimock:
    """aimock."""

    name = "aimock"
    distributions: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._running: dict[Case, tuple[subprocess.Popen[bytes], str]] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:  # noqa: ARG002 - it is outside all families
        """Answer from a server for this case, which runs on until the process ends."""
        if case not in self._running:
            self._running[case] = _started(case)
        yield Wiring(base_url=self._running[case][1], is_elsewhere=True)

    def __del__(self) -> None:
        for process, _ in self._running.values():
            process.kill()


def _started(case: Case) -> tuple[subprocess.Popen[bytes], str]:
    folder = tempfile.mkdtemp()
    path = Path(folder, "fixtures.json")
    path.write_text(json.dumps({"fixtures": _fixtures(case)}))
    port = _free_port()
    program = [os.environ[PROGRAM], "--port", str(port), "--fixtures", str(path), "--chunk-size", WORD]
    process = subprocess.Popen([*program, "--log-level", "silent"], stdout=subprocess.DEVNULL)
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return process, f"http://127.0.0.1:{port}/v1"
        time.sleep(0.05)
    process.kill()
    raise CannotError("the server did not start")


def _fixtures(case: Case) -> list[dict[str, Any]]:
    match case.kind:
        case "tool":
            return [{"match": {}, "response": {"toolCalls": [{"name": "get_weather", "arguments": ARGUMENTS}]}}]
        case "structured":
            return [{"match": {}, "response": {"content": json.dumps(PERSON)}}]
        case "stream":
            return [{"match": {}, "response": {"content": words(case.size)}}]
        case "text":
            return [{"match": {}, "response": {"content": ANSWER}}]
        case "exact" | "substring":
            return [{"match": _match(case, number), "response": {"content": ANSWER}} for number in range(case.size)]
        case _:
            raise CannotError("not tried here")


def _match(case: Case, number: int) -> dict[str, str]:
    return {"model": f"model-{number:06}"} if case.kind == "exact" else {"userMessage": topic(number)}


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port: int = found.getsockname()[1]
        return port


def make(_: str) -> Aimock:
    return Aimock()
