"""How late paced streams end at a socket, beside bare timers: `python benchmarks/serving_streams.py [STREAMS…]`.

So many clients ask at once for a stream of 20 tokens, 500 ms to the first and 250 ms between two. One worker serves,
ours and an ASGI application of `asyncio.sleep` in turn. Printed is how much later than its plan a stream ends, and the
server's processor time for a frame.

Knows: streams of events, asyncio. Must not know: how an answer is made.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from serving import Server, request

FIRST, GAP, TOKENS = 0.5, 0.25, 20
BARE = f"""
import asyncio, time
FRAME = b"data: " + b"x" * 250 + b"\\n\\n"
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8")]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"] == "lifespan.shutdown":
                return
    await receive()
    due = time.perf_counter() + {FIRST}
    await asyncio.sleep({FIRST})
    await send({{"type": "http.response.start", "status": 200, "headers": HEADERS}})
    for _ in range({TOKENS}):
        due += {GAP}
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await send({{"type": "http.response.body", "body": FRAME, "more_body": True}})
    await send({{"type": "http.response.body", "body": b""}})
app.stop = lambda: None
"""
OURS = f"""
from llm_intercept import Interceptor, Pace, Reply
from llm_intercept.server import app as make
words = [f"word{{number}} " for number in range({TOKENS})]
app = make(Interceptor(Reply(deltas=words), _where="here", pace=Pace(ttft={FIRST}, per_token={GAP})), calls=1000)
"""


async def late(port: int) -> float:
    """Ask once; return how many seconds after its plan the stream ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.perf_counter()
    writer.write(request(stream=True).replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
    while await reader.read(65536):
        pass
    writer.close()
    return time.perf_counter() - begun - FIRST - GAP * TOKENS


async def all_late(port: int, count: int) -> list[float]:
    """Ask many times at once."""
    return list(await asyncio.gather(*(late(port) for _ in range(count))))


def main() -> None:
    print("| streams at once | answered by | ends later than its plan, median | worst | processor time of a frame |")
    print("| --- | --- | --- | --- | --- |")
    for count in map(int, sys.argv[1:] or ("100", "2000")):
        for name, code in (("bare `asyncio.sleep`", BARE), ("`llm-intercept serve`", OURS)):
            server = Server(code)
            asyncio.run(all_late(server.port, 1))
            used = server.cpu()
            found = asyncio.run(all_late(server.port, count))
            frame = (server.cpu() - used) / count / TOKENS
            server.stop()
            middle, worst = statistics.median(found) * 1e3, max(found) * 1e3
            print(f"| {count:,} | {name} | {middle:.0f} ms | {worst:.0f} ms | {frame * 1e6:.0f} µs |")


if __name__ == "__main__":
    main()
