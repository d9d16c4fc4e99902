"""What an answer costs at a socket, beside ready bytes: `python benchmarks/serving.py [SECONDS] [MEMORY]`.

One worker of each serves in turn under the same uvicorn, asked over 50 connections by one client. Printed are answers
and frames a second, and what an answer takes of the server's own processor time, which a busy machine changes less;
both beside an ASGI application that sends the same bytes ready made. With MEMORY, what a server holds after each tenth
of so many requests, each another one.

Knows: sockets, /proc. Must not know: how an answer is made.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONNECTIONS = 50
ROUNDS = 3
TENTHS = 10
WORDS = [f"word{number} " for number in range(100)]
TICKS = os.sysconf("SC_CLK_TCK")
BARE = """
import sys
from pathlib import Path
content, kind = Path(sys.argv[1]).read_bytes(), sys.argv[2].encode()
HEADERS = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": content})
app.stop = lambda: None
"""
OURS = """
from llm_intercept import Interceptor, Reply
from llm_intercept.server import app as make
WORDS = [f"word{number} " for number in range(100)]
reply = Reply(deltas=WORDS) if sys.argv[2].startswith("text/event") else "hello"
app = make(Interceptor(reply, _where="here"), calls=1000)
"""
SERVE = """
import sys
from llm_intercept.server.running import listening, server_of
with listening("127.0.0.1", 0) as bound:
    server_of(app, None, None, lambda: print(bound.getsockname()[1], flush=True)).run(sockets=[bound])
"""


class Server:
    """One server in a process of its own."""

    def __init__(self, code: str, *arguments: str) -> None:
        command = [sys.executable, "-c", "import sys\n" + code + SERVE, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def cpu(self) -> float:
        """Read the processor time it has used so far, in seconds."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def resident(self) -> float:
        """Read its resident memory, in MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


def request(*, stream: bool, user: str = "hi") -> bytes:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": user}], "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def is_whole(answer: bytes) -> bool:
    """Whether an answer has come to its end; those that are not, go on with the next piece."""
    return answer.endswith(b"0\r\n\r\n") or (b"\r\n\r\n" in answer and b"content-length" in answer and _is_long(answer))


def _is_long(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    return len(body) >= int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])


def asked(port: int, requests: Any, seconds: float) -> int:
    """Ask over many connections at once, each again when it is answered; return how many answers there were."""
    selector, count, until = selectors.DefaultSelector(), 0, time.perf_counter() + seconds
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(next(requests))
        selector.register(one, selectors.EVENT_READ, bytearray())
    live = CONNECTIONS
    while live:
        for key, _ in selector.select():
            connection: Any = key.fileobj
            key.data.extend(connection.recv(262144))
            if not is_whole(bytes(key.data)):
                continue
            key.data.clear()
            count += 1
            following = next(requests, None) if time.perf_counter() < until else None
            if following is None:
                selector.unregister(connection)
                connection.close()
                live -= 1
            else:
                connection.sendall(following)
    return count


def forever(*, stream: bool) -> Any:
    data = request(stream=stream)
    while True:
        yield data


def ready(*, stream: bool) -> tuple[bytes, str]:
    """Ask ours once, for the bytes that the bare application sends."""
    kind = "text/event-stream; charset=utf-8" if stream else "application/json"
    server = Server(OURS, "", kind)
    try:
        import httpx  # noqa: PLC0415 - for this alone

        data = json.loads(request(stream=stream).partition(b"\r\n\r\n")[2])
        answer = httpx.post(f"http://127.0.0.1:{server.port}/v1/chat/completions", json=data)
        return answer.content, kind
    finally:
        server.stop()


def measured(code: str, arguments: tuple[str, ...], *, stream: bool, seconds: float) -> tuple[float, float]:
    """Measure answers a second, and the processor time of one."""
    server = Server(code, *arguments)
    try:
        asked(server.port, forever(stream=stream), seconds / 4)
        begun, used = time.perf_counter(), server.cpu()
        count = asked(server.port, forever(stream=stream), seconds)
        return count / (time.perf_counter() - begun), (server.cpu() - used) / count
    finally:
        server.stop()


def compare(folder: Path, seconds: float) -> None:
    print("| | ready bytes | llm-intercept | share | processor time: ready | llm-intercept | share |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for stream in (False, True):
        content, kind = ready(stream=stream)
        file = folder / "ready"
        file.write_bytes(content)
        frames = content.count(b"\n\n") if stream else 1
        found = {"bare": (0.0, 1.0), "ours": (0.0, 1.0)}
        for _ in range(ROUNDS):  # in turn, the best of each
            for name, code in (("bare", BARE), ("ours", OURS)):
                rate, cost = measured(code, (str(file), kind), stream=stream, seconds=seconds)
                found[name] = (max(found[name][0], rate), min(found[name][1], cost))
        (bare, bare_cost), (ours, ours_cost) = found["bare"], found["ours"]
        what = f"frames/s ({frames} an answer)" if stream else "JSON answers/s"
        print(
            f"| {what} | {bare * frames:,.0f} | {ours * frames:,.0f} | {ours / bare:.2f} "
            f"| {bare_cost * 1e6:.0f} µs | {ours_cost * 1e6:.0f} µs | {ours_cost / bare_cost:.1f} |"
        )


def remember(requests: int) -> None:
    server = Server(OURS, "", "application/json")
    found = []
    try:
        for tenth in range(TENTHS):
            numbers = range(tenth * requests // TENTHS, (tenth + 1) * requests // TENTHS)
            asked(server.port, iter([request(stream=n % 10 == 0, user=f"number {n}") for n in numbers]), 1e9)
            found.append(server.resident())
    finally:
        server.stop()
    print(f"\nMB after each tenth of {requests:,} requests: " + ", ".join(f"{one:.1f}" for one in found))


def main() -> None:
    import tempfile  # noqa: PLC0415 - for this alone

    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), float(sys.argv[1]) if len(sys.argv) > 1 else 4.0)
    if len(sys.argv) > 2:  # noqa: PLR2004 - what it takes, its docstring says
        remember(int(sys.argv[2]))


if __name__ == "__main__":
    main()
