"""What tests of the server share: asking an application without a socket, raw sockets, the command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from tests.amounts import PATIENCE
from tests.support import chat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llm_intercept import Interceptor

CHAT = "/v1/chat/completions"
COMMAND = (sys.executable, "-m", "llm_intercept", "serve")


def ask(application: Any, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask an application once."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as client:
            return await client.request(method, path, **more)

    return asyncio.run(run())


def say(application: Any, user: str = "hi", test: str = "", **more: Any) -> httpx.Response:
    """Ask for a chat completion, as a test of the server's if an id is given."""
    headers = {"x-llm-intercept-test": test} if test else {}
    return ask(application, "POST", CHAT, json=chat(user, **more), headers=headers)


def control(application: Any, method: str, path: str, test: str = "", **more: Any) -> httpx.Response:
    """Ask the control."""
    headers = {**more.pop("headers", {}), **({"x-llm-intercept-test": test} if test else {})}
    return ask(application, method, f"/__llm_intercept/{path}", headers=headers, **more)


def raw_request(body: dict[str, Any], path: str = CHAT, **headers: str) -> bytes:
    """Write a request as it is on the wire."""
    content = json.dumps(body).encode()
    named = {
        "host": "127.0.0.1",
        "content-length": str(len(content)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Open a connection, and close it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as one:
        yield one


def read_all(one: socket.socket) -> bytes:
    """Read to the end of a connection; one that is reset ends too."""
    parts = []
    try:
        while part := one.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


class Ended:
    """Waits for an interceptor's calls to end; to be made before the server is."""

    def __init__(self, llm: Interceptor) -> None:
        self._event = threading.Event()
        llm._engine.journal.log = lambda _: self._event.set()

    def wait(self) -> bool:
        """Wait for the first."""
        return self._event.wait(PATIENCE)


class Serving:
    """A server in a process of its own, what it said when it began, and how it ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.said: dict[str, Any] = json.loads(process.stdout.readline())
        self.url: str = self.said["url"]
        self.rest = self.errors = ""

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to stop, and wait."""
        self.process.send_signal(number)
        self.rest, self.errors = self.process.communicate(timeout=PATIENCE)


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Serving]:
    """Serve at a free port."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLM_INTERCEPT")}
    command = [*COMMAND, "--port", "0", *flags]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=folder, env=environment, **pipes)
    try:
        one = Serving(process)
        yield one
        if process.returncode is None:
            one.stop()
        assert process.returncode == 0, one.errors
    finally:
        process.kill()
        process.communicate()
