"""`llm_intercept.server.app` under ASGI servers beside uvicorn: hypercorn and granian."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from asgi_served import made
from tests.amounts import PATIENCE

from llm_intercept.server import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = {
    "hypercorn": ("hypercorn", "--bind", "127.0.0.1:{port}", "asgi_served:application"),
    "granian": ("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}", "asgi_served:application"),
}
CHAT = "/v1/chat/completions"


def body(words: str, *, stream: bool = False) -> dict[str, object]:
    return {"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": words}]}


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve by one of them in a process of its own, which ends well and has told of its beginning and end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp(request.param)
    command = [word.format(port=port) for word in SERVERS[request.param]]
    environment = {"PYTHONPATH": str(Path(__file__).parent), "PATH": str(Path(sys.executable).parent)}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
                assert client.get(f"{url}/__llm_intercept/ready").status_code == 200
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode in {0, -signal.SIGTERM}, errors
    assert (folder / "lifespan").read_text().split() == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_an_answer_has_the_bytes_that_it_has_in_process(served: str, stream: bool) -> None:
    """And the headers, but for those of the connection."""

    async def here() -> httpx.Response:
        transport = httpx.ASGITransport(app=made())
        async with httpx.AsyncClient(transport=transport, base_url=served) as client:
            return await client.post(CHAT, json=body("hi", stream=stream))

    there, own = httpx.post(served + CHAT, json=body("hi", stream=stream)), asyncio.run(here())
    assert there.content == own.content
    of_connection = {"server", "date", "content-length", "transfer-encoding", "connection"}
    assert [
        (name, value)
        for name, value in own.headers.items()
        if name not in of_connection and there.headers.get(name) != value
    ] == []


def test_a_stream_comes_piece_by_piece(served: str) -> None:
    """As it is paced: the first piece is there long before the last."""
    with httpx.stream("POST", served + CHAT, json=body("slow", stream=True), timeout=PATIENCE) as answer:
        times = [time.perf_counter() for piece in answer.iter_raw() if piece]
    assert len(times) >= 8
    assert times[-1] - times[0] > 1


def test_a_client_that_leaves_ends_its_answer(served: str) -> None:
    """What would take an hour is over at once."""
    control = Client(served, test="leaving")
    with httpx.stream("POST", served + CHAT, json=body("for ever", stream=True), headers=control.headers) as answer:
        assert next(answer.iter_raw())
    deadline = time.monotonic() + PATIENCE
    while not (ended := [one for one in control.calls() if one["duration"]]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [one["duration"] < 60 for one in ended] == [True]


def test_a_connection_that_breaks_off_breaks_off(served: str) -> None:
    """In the middle of a body, and the server goes on."""
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.post(served + CHAT, json=body("broken", stream=True))
    assert httpx.post(served + CHAT, json=body("after")).status_code == 200
