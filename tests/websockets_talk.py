"""What tests of WebSockets share: one connection, sync or async, requests as messages, answers as lists of events."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.clients.socket_sync import NAME
from tests.amounts import PATIENCE
from tests.support import maybe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "wss://api.openai.com/v1/responses"
HTTP_URL = "https://api.openai.com/v1/responses"
LAST = ("response.completed", "response.incomplete", "response.failed", "error")
IS_13 = find_spec("websockets") is not None and version("websockets").startswith("13.")
LEAVING: dict[str, Any] = {"close_timeout": 0.2} if IS_13 else {}
"""Options of a client that leaves while messages wait: websockets 13's sync one takes its `close_timeout` to do so."""


def body(said: Any = "hello", **more: Any) -> dict[str, Any]:
    """Make the body of a request."""
    return {"model": "gpt-6-astra", "input": said, **more}


def create(said: Any = "hello", **more: Any) -> str:
    """Make the message that asks for a response."""
    return json.dumps({"type": "response.create", **body(said, **more)})


@asynccontextmanager
async def connected(is_async: bool, url: str = URL, **options: Any) -> AsyncIterator[Any]:
    """Connect, by websockets' own clients."""
    if is_async:
        from websockets.asyncio.client import connect

        async with connect(url, **options) as connection:
            yield connection
    else:
        from websockets.sync.client import connect as connect_waiting

        with connect_waiting(url, **options) as connection:
            yield connection


async def hear(connection: Any) -> Any:
    """Receive one event."""
    return json.loads(await receive(connection))


async def receive(connection: Any) -> str:
    """Receive one message."""
    if isinstance(getattr(connection, "loop", None), asyncio.AbstractEventLoop):
        async with asyncio.timeout(PATIENCE):
            text: str = await connection.recv()
            return text
    waited: str = connection.recv(timeout=PATIENCE)
    return waited


async def answer(connection: Any) -> list[Any]:
    """Receive the events of an answer, to the last."""
    events = [await hear(connection)]
    while events[-1]["type"] not in LAST:
        events.append(await hear(connection))
    return events


async def asked(connection: Any, said: Any = "hello", **more: Any) -> list[Any]:
    """Ask, and receive the answer."""
    await maybe(connection.send(create(said, **more)))
    return await answer(connection)


def text_of(events: list[Any]) -> str:
    """Join the text of an answer's deltas."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


@pytest.fixture(autouse=True)
def nothing_served() -> Any:
    """After a test no thread of ours runs any more, and no socket was forgotten."""
    yield
    for thread in threading.enumerate():
        if thread.name == NAME:
            thread.join(PATIENCE)
            assert not thread.is_alive()
