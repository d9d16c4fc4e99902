"""What the tests of aiohttp share: laws that are given a session, and how answers are read."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import events, text_of_responses
from tests.support import RESPONSES, URL, chat, respond

aiohttp = pytest.importorskip("aiohttp")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

URLS = {"chat": URL, "responses": RESPONSES}
BODIES = {"chat": chat, "responses": respond}
VERSION = tuple(int(part) for part in aiohttp.__version__.split(".")[:2])


@pytest.fixture(autouse=True)
def nothing_fed() -> Iterator[None]:
    """After every test no body is fed any more."""
    yield
    from llm_intercept.clients import aiohttp_body

    assert not aiohttp_body._at_work


def run(law: Callable[[Any], Awaitable[Any]], *, make: Any = None, **options: Any) -> Any:
    """Run a law that is given a session; when it ends, nothing is left of its connections."""

    async def on_a_session() -> Any:
        connector = options.pop("connector", aiohttp.TCPConnector)()
        async with (make or aiohttp.ClientSession)(connector=connector, **options) as session:
            found = await law(session)
            await asyncio.sleep(0)
            assert not connector._acquired
        await asyncio.sleep(0)  # real connections are closed a moment later
        return found

    return asyncio.run(on_a_session())


async def post(session: Any, user: str = "hi", *, url: str = "", api: str = "chat", **more: Any) -> str:
    """Ask, and read the answer whole as text."""
    async with session.post(url or URLS[api], json=BODIES[api](user, **more)) as response:
        text: str = await response.text()
        return text


async def deltas(response: Any) -> list[str]:
    """Read a stream of chat completions chunk by chunk; the texts in each."""
    found: list[str] = []
    async for chunk in response.content.iter_any():
        found += texts(chunk.decode())
    return found


def texts(part: str) -> list[str]:
    """Read the texts of some events of chat completions."""
    data = [line[6:] for line in part.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"].get("content") for one in data for choice in json.loads(one)["choices"]]
    return [text for text in deltas if text]


def said(text: str, *, api: str = "chat", stream: bool = False) -> str:
    """Read what is said in an answer, of either API in either shape."""
    if api == "responses":
        return text_of_responses(text)
    if not stream:
        content: str = json.loads(text)["choices"][0]["message"]["content"]
        return content
    return "".join(choice["delta"].get("content") or "" for one in events(text) for choice in one["choices"])
