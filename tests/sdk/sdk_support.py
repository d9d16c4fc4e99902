"""What the SDK tests share: clients of the installed openai generation, and one way to ask them.

openai 3 speaks httpx2, openai 2 httpx; the tests are the same for both.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import openai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAJOR = int(openai.__version__.partition(".")[0])
FAMILY = "httpx2" if MAJOR >= 3 else "httpx"
KEY = "sk-test"


def make(is_async: bool, **options: Any) -> Any:
    """Make a client as a program does."""
    return (openai.AsyncOpenAI if is_async else openai.OpenAI)(**{"api_key": KEY, **options})


def messages(user: str) -> list[dict[str, str]]:
    """Make a conversation of one user message."""
    return [{"role": "user", "content": user}]


def body(user: str = "hi", **more: Any) -> dict[str, Any]:
    """Make the arguments of `create`."""
    return {"model": "gpt-4o", "messages": messages(user), **more}


def ask(client: Any, user: str = "hi", *, stream: bool = False, **more: Any) -> str:
    """Ask a client of either kind, as JSON or as a stream, and read the answer's text; the client is closed."""
    if isinstance(client, openai.AsyncOpenAI):
        return asyncio.run(_ask_async(client, user, stream=stream, **more))
    with client:
        if not stream:
            return client.chat.completions.create(**body(user, **more)).choices[0].message.content
        return "".join(map(text_of, client.chat.completions.create(**body(user, stream=True, **more))))


async def _ask_async(client: Any, user: str, *, stream: bool, **more: Any) -> str:
    async with client:
        answer = await client.chat.completions.create(**body(user, stream=stream, **more))
        if not stream:
            return answer.choices[0].message.content
        return "".join([text_of(chunk) async for chunk in answer])


def run(call: Callable[[], Any]) -> Any:
    """Call, and if that gives an awaitable, await it on a loop of its own."""

    async def finish() -> Any:
        value = call()
        return await value if inspect.isawaitable(value) else value

    return asyncio.run(finish())


def text_of(chunk: Any) -> str:
    """Read a chunk's text; the usage chunk has no choices."""
    return "".join(choice.delta.content or "" for choice in chunk.choices)


def streaming(client: Any) -> Any:
    """Find the `.stream()` helper, which older versions keep under `beta`."""
    place = client.chat.completions
    return place.stream if hasattr(place, "stream") else client.beta.chat.completions.stream


def family_of(value: object) -> str:
    """Name the library a response or an exception comes from."""
    return type(value).__module__.partition(".")[0]


@contextmanager
def closed_port() -> Iterator[str]:
    """Give a base URL on this machine where every connection is refused: the port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
