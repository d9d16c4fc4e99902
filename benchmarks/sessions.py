"""What an answer costs on aiohttp, beside one from a server in this process: `python benchmarks/sessions.py`."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from llm_intercept import intercept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATH = "/v1/chat/completions"
URL = f"https://api.openai.com{PATH}"
DELTAS = 300
ROUNDS = 200
BODY = {"model": "gpt-6-astra", "messages": [{"role": "user", "content": "hello"}]}
WORDS = [f"word {n} " for n in range(DELTAS)]


async def answered(session: aiohttp.ClientSession, url: str, *, stream: bool) -> tuple[list[bytes], float]:
    """Ask once; return the chunks of the answer and the seconds it took."""
    begun = time.perf_counter()
    async with session.post(url, json={**BODY, "stream": stream}) as response:
        chunks = [chunk async for chunk, _ in response.content.iter_chunks()]
    return chunks, time.perf_counter() - begun


async def measured(session: aiohttp.ClientSession, url: str, *, stream: bool) -> float:
    """Return the median of some answers, in microseconds."""
    rounds = ROUNDS // 5 if stream else ROUNDS
    return statistics.median([(await answered(session, url, stream=stream))[1] for _ in range(rounds)]) * 1e6


@asynccontextmanager
async def serving(chunks: list[bytes], content_type: str) -> AsyncIterator[str]:
    """Serve the same bytes, chunk by chunk, in the client's own loop."""

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.json()
        response = web.StreamResponse(headers={"content-type": content_type})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/floor", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/floor"
    finally:
        await runner.cleanup()


async def compare(*, stream: bool) -> None:
    """Print what an answer costs, and the same bytes from a server."""
    content_type = "text/event-stream" if stream else "application/json"
    async with aiohttp.ClientSession() as session:
        with intercept(lambda _: WORDS) if stream else intercept("hello"):
            chunks, _ = await answered(session, URL, stream=stream)
            ours = await measured(session, URL, stream=stream)
        async with serving(chunks, content_type) as url:
            floor = await measured(session, url, stream=stream)
    what = f"stream of {DELTAS} deltas" if stream else "JSON"
    print(json.dumps({"answer": what, "answered us": round(ours), "aiohttp's own server us": round(floor)}))


async def main() -> None:
    for stream in (False, True):
        await compare(stream=stream)


if __name__ == "__main__":
    asyncio.run(main())
