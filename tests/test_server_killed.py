"""Workers that record and are killed: what was on the tape stays there, whole, and the others go on."""

from __future__ import annotations

import json
import os
import signal
import threading
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest

from llm_intercept import InterceptTransport
from llm_intercept.recording.take import read_take
from tests.amounts import PATIENCE, amount
from tests.served import CHAT, serving
from tests.support import chat
from tests.upstream import WORDS
from tests.upstream import serving as serving_upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("uvicorn")
KILLS = amount(8, 1)
CLIENTS = 4
ENOUGH = 6
"""So many takes are on the tape before a worker is killed, and as many more when the next one is."""


class Asking:
    """Clients that ask without end, each question once, and what they were answered to the end."""

    def __init__(self, url: str) -> None:
        self._url, self._stopped = url, threading.Event()
        self._numbers = count()
        self.answered: list[dict[str, Any]] = []
        self._threads = [
            threading.Thread(target=self._ask, args=(stream,)) for stream in (True, False) * (CLIENTS // 2)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, stream: bool) -> None:
        while not self._stopped.is_set():
            body = chat(f"question {next(self._numbers)}", stream=stream)
            with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
                try:
                    answer = client.post(self._url, json=body)
                except httpx.TransportError:  # its worker was killed
                    continue
            assert answer.status_code == 200, answer.text
            self.answered.append(body)


def files(tape: Path) -> dict[str, bytes]:
    """Read the takes that are there."""
    return {path.name: path.read_bytes() for path in tape.glob("*.json")}


def worker(log: Path) -> int:
    """Name the process that answered last."""
    found: int = json.loads(log.read_text().rpartition("\n")[0].rpartition("\n")[2])["process"]
    return found


def wait_for(tape: Path, number: int) -> None:
    pause = threading.Event()
    for _ in range(24_000):  # two minutes, on a machine that is busy
        if len(list(tape.glob("*.json"))) >= number:
            return
        pause.wait(0.005)
    raise AssertionError(f"{number} takes did not come")


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Any]:
    with serving_upstream(tmp_path, tls=False) as served:
        yield served


def test_a_worker_that_is_killed_loses_no_finished_take(upstream: Any, tmp_path: Path) -> None:
    """Two workers on one tape: what is a file before the kill is the same after; lost is no more than was under way."""
    tape, finished = tmp_path / "tape", {}
    flags = ("--mode", "record", "--recordings", "tape", "--upstream", upstream.url, "--log", "calls.jsonl")
    with serving(tmp_path, *flags, "--workers", "2") as one, Asking(one.url + CHAT) as asking:
        for number in range(1, KILLS + 1):
            wait_for(tape, ENOUGH * number)
            finished.update(files(tape))
            os.kill(worker(tmp_path / "calls.jsonl"), signal.SIGKILL)
        wait_for(tape, len(finished) + ENOUGH)
    kept = files(tape)
    assert {name: kept.get(name) for name in finished} == finished
    takes = [read_take(content, name) for name, content in kept.items()]  # raises if one is damaged
    whole = {json.dumps(take.request.body) for take in takes if take.partial is None}
    lost = [body for body in asking.answered if json.dumps(body) not in whole]
    assert len(lost) <= KILLS * CLIENTS
    assert len(kept) >= ENOUGH * (KILLS + 1)
    body = next(one for one in asking.answered if one not in lost and not one.get("stream"))
    with httpx.Client(transport=InterceptTransport(mode="replay", recordings=tape)) as client:
        played = client.post(upstream.chat, json=body)
    assert played.json()["choices"][0]["message"]["content"] == "".join(WORDS)
