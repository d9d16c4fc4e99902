"""What a WebSocket costs, a connection and an answer, beside the same over HTTP: `python benchmarks/sockets.py`."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import TYPE_CHECKING

import httpx
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_waiting

from llm_intercept import intercept

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "api.openai.com/v1/responses"
DELTAS = 300
ROUNDS = 15
BODY = {"model": "gpt-6-astra", "input": "hello"}
CREATE = json.dumps({"type": "response.create", **BODY})
LAST = '"type":"response.completed"'


def microseconds(measure: Callable[[], float]) -> float:
    """Return the median of some measurements, each in seconds."""
    return statistics.median(measure() for _ in range(ROUNDS)) * 1e6


def over_http(client: httpx.Client) -> float:
    begun = time.perf_counter()
    with client.stream("POST", f"https://{URL}", json={**BODY, "stream": True}) as response:
        for _ in response.iter_lines():
            pass
    return time.perf_counter() - begun


def waiting() -> float:
    with connect_waiting(f"wss://{URL}", max_size=None, compression=None) as connection:
        begun = time.perf_counter()
        connection.send(CREATE)
        while LAST not in str(connection.recv()):
            pass
        return time.perf_counter() - begun


def connecting() -> float:
    begun = time.perf_counter()
    with connect_waiting(f"wss://{URL}", compression=None):
        return time.perf_counter() - begun


async def awaiting(*, asks: bool = True) -> float:
    begun = time.perf_counter()
    async with connect(f"wss://{URL}", max_size=None, compression=None) as connection:
        if not asks:
            return time.perf_counter() - begun
        begun = time.perf_counter()
        await connection.send(CREATE)
        while LAST not in str(await connection.recv()):
            pass
        return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    client = httpx.Client()
    with intercept(["word "] * DELTAS):
        print(f"HTTP, {DELTAS} deltas by iter_lines: {microseconds(lambda: over_http(client)):,.0f} µs")
        print(f"WebSocket, async: {microseconds(lambda: asyncio.run(awaiting())):,.0f} µs")
        print(f"WebSocket, sync: {microseconds(waiting):,.0f} µs")
        print(f"a connection, async: {microseconds(lambda: asyncio.run(awaiting(asks=False))):,.0f} µs")
        print(f"a connection, sync: {microseconds(connecting):,.0f} µs")


if __name__ == "__main__":
    main()
