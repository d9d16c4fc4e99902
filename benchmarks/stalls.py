"""How long an event loop stands still while 100 streams of 500 chunks are recorded that end at once.

    python benchmarks/stalls.py [streams] [chunks]

The upstream is in the process and costs next to nothing; a task that sleeps a millisecond at a time measures by how
much its sleeps are too long, from the moment on at which all streams end. Not recorded, and recorded; leaving is what
the block's end waits for.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import Interceptor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://api.openai.com/v1/chat/completions"
STREAMS = int(sys.argv[1]) if sys.argv[1:] else 100
CHUNKS = int(sys.argv[2]) if sys.argv[2:] else 500


def chunk(number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": f"word {number} "}, "logprobs": None, "finish_reason": None}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


class Stream(httpx.AsyncByteStream):
    """An answer that waits before its end."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number in range(CHUNKS):
            yield chunk(number)
            if number % 50 == 0:
                await asyncio.sleep(0)
        self.upstream.waiting += 1
        await self.upstream.end.wait()
        yield b"data: [DONE]\n\n"


class Upstream(httpx.AsyncBaseTransport):
    """Answers in the process, all streams ending at `end`."""

    def __init__(self) -> None:
        self.end, self.waiting = asyncio.Event(), 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with a stream."""
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Stream(self), request=request)


async def longest_stall(until: asyncio.Event) -> float:
    longest, before = 0.0, time.perf_counter()
    while not until.is_set():
        await asyncio.sleep(0.001)
        longest, before = max(longest, time.perf_counter() - before - 0.001), time.perf_counter()
    return longest


async def ask(client: Any, number: int) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": f"question {number}"}], "stream": True}
    async with client.stream("POST", URL, json=body) as response:
        async for _ in response.aiter_raw():
            pass


async def ended_at_once(folder: str | None) -> tuple[float, float]:
    """Return the longest stall from the end of the streams on, and how long leaving took, in seconds."""
    upstream = Upstream()
    interceptor = Interceptor(mode="record", recordings=folder) if folder else None
    client = httpx.AsyncClient(transport=upstream)
    if interceptor is not None:
        client = interceptor.wrap(client)
    asking = [asyncio.create_task(ask(client, number)) for number in range(STREAMS)]
    while upstream.waiting < STREAMS:  # noqa: ASYNC110 - it is a benchmark, and there are a hundred
        await asyncio.sleep(0.01)
    until = asyncio.Event()
    measuring = asyncio.create_task(longest_stall(until))
    await asyncio.sleep(0.01)
    upstream.end.set()
    await asyncio.gather(*asking)
    await asyncio.sleep(1)
    until.set()
    stall, begin = await measuring, time.perf_counter()
    if interceptor is not None:
        interceptor.raise_unmatched()
    return stall, time.perf_counter() - begin


def main() -> None:
    for name in ("not recorded", "recorded"):
        with tempfile.TemporaryDirectory() as folder:
            stall, leaving = asyncio.run(ended_at_once(folder if name == "recorded" else None))
        print(f"{name:<14} longest stall {stall * 1000:7.1f} ms, leaving {leaving * 1000:7.1f} ms")


if __name__ == "__main__":
    main()
