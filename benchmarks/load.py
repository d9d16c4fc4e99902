"""What the interceptor adds under load: `python benchmarks/load.py [streams …]`, by default 10, 100 and 1,000 at once.

A program under test asks for streams at once and reads them to their end, at a realistic pace (500 ms to the first
byte, 60 tokens, 50 ms between two, both with a spread). Four ways to wait the same waits are measured:

- `ideal`: tasks that only sleep what the pace asks for, chunk by chunk: what the event loop itself takes.
- `server`: the same chunks from a server in this process, over a socket.
- `intercepted`: the same client, answered by the interceptor.
- `virtual`: the same in virtual time: as fast as it can be.

"late" is how much later a stream ended than its own plan said, at the median and the worst; an interceptor that held
streams up for each other would be late in proportion to their number. CPU is this process's own, for each chunk.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import InterceptTransport, Pace
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.timing.pace import lognormal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKENS = 60
PACE = Pace(ttft=lognormal(0.5, 0.2), per_token=lognormal(0.05, 0.02))
TEXT = [f"word{number} " for number in range(TOKENS)]
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def plan(name: str) -> list[float]:
    """Draw the waits of one stream: to the first byte, and before each token."""
    times = PACE.times(name)
    return [times.first, *(times.told(1) for _ in range(TOKENS))]


async def ideal(name: str) -> tuple[float, int]:
    """Sleep what the pace asks for, each wait to its own moment; return the seconds it was late."""
    begun, due = time.perf_counter(), 0.0
    for wait in plan(name):
        due += wait
        await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
    return time.perf_counter() - begun - due, TOKENS


async def read(name: str, client: httpx.AsyncClient) -> tuple[float, int]:
    """Read one stream to its end; return when it ended after it was asked for, and how many chunks came."""
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": name}]}
    begun, count = time.perf_counter(), 0
    async with client.stream("POST", "http://127.0.0.1/v1/chat/completions", json=body) as response:
        async for _ in response.aiter_raw():
            count += 1
    return time.perf_counter() - begun, count


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[httpx.AsyncClient]:
    """Serve streams with the same waits on a socket of this machine, in this process."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        name = (await reader.readexactly(length)).decode().split('"content":"')[1].split('"')[0]
        begun, due = time.perf_counter(), 0.0
        for number, wait in enumerate(plan(name)):
            due += wait
            await asyncio.sleep(max(0.0, begun + due - time.perf_counter()))
            writer.write(HEAD if number == 0 else b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        writer.close()

    served = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2000)
    port = served.sockets[0].getsockname()[1]
    async with served, client(httpx.AsyncHTTPTransport(limits=NO_LIMITS), port) as made:
        yield made


NO_LIMITS = httpx.Limits(max_connections=None)


def client(transport: Any, port: int = 80) -> httpx.AsyncClient:
    """Make the program's client."""

    async def redirect(request: httpx.Request) -> None:
        request.url = request.url.copy_with(port=port)

    return httpx.AsyncClient(transport=transport, timeout=60, event_hooks={"request": [redirect]})


@contextlib.asynccontextmanager
async def intercepted() -> AsyncIterator[httpx.AsyncClient]:
    """Answer in process."""
    async with client(InterceptTransport(TEXT, pace=PACE)) as made:
        yield made


@contextlib.asynccontextmanager
async def unpaced() -> AsyncIterator[httpx.AsyncClient]:
    """Answer in process at once: when it would have been ready, and what each chunk costs."""
    async with client(InterceptTransport(TEXT, pace=PACE, time_scale=0)) as made:
        yield made


async def measure(kind: str, count: int) -> str:
    """Run so many streams at once; say how late they were, and what they cost."""
    made = {"server": server, "intercepted": intercepted, "virtual": unpaced}.get(kind)
    names = [f"{kind} stream {number}" for number in range(count)]
    cpu, begun = time.process_time(), time.perf_counter()
    async with made() if made is not None else contextlib.nullcontext() as opened:
        results = await asyncio.gather(*(ideal(name) if opened is None else read(name, opened) for name in names))
        took = time.perf_counter() - begun
        cpu = time.process_time() - cpu
        late = lateness(kind, results, names, opened)
    chunks = sum(number for _, number in results)
    shown = [f"{statistics.median(late) * 1000:8.1f}", f"{max(late) * 1000:8.1f}"] if late else ["       -"] * 2
    return f"{kind:12} {count:6} {took:8.2f} {' '.join(shown)} {cpu / chunks * 1e6:10.0f}"


def lateness(kind: str, results: list[tuple[float, int]], names: list[str], opened: Any) -> list[float]:
    """Tell by how much each stream ended later than its plan."""
    if kind == "ideal":
        return [late for late, _ in results]
    if kind == "server":
        return [took - sum(plan(name)) for (took, _), name in zip(results, names, strict=True)]
    if kind == "virtual":
        return []
    plans = planned(opened)
    return [took - plans[name] for (took, _), name in zip(results, names, strict=True)]


def planned(opened: httpx.AsyncClient) -> dict[str, float]:
    """Ask for the same streams again in virtual time, one after the other: what their plans were."""
    transport: Any = opened._transport  # noqa: SLF001 - the benchmark's own
    again = InterceptTransport(TEXT, pace=PACE, time_scale=0)
    found: dict[str, float] = {}
    with httpx.Client(transport=again, timeout=60) as asking:
        for call in transport.calls:
            clock = engine_of(again.interceptor).service.clock
            skipped = clock._skipped  # noqa: SLF001 - what was waited for, without what the program took
            asking.post(str(call.request.url), json=dict(call.request.raw))
            found[call.request.last_user] = clock._skipped - skipped  # noqa: SLF001
    return found


def main() -> None:
    counts = [int(given) for given in sys.argv[1:]] or [10, 100, 1000]
    print("answered by  streams  seconds  late ms: median  worst  CPU us/chunk")
    for count in counts:
        for kind in ("ideal", "server", "intercepted", "virtual"):
            print(asyncio.run(measure(kind, count)), flush=True)


if __name__ == "__main__":
    main()
