"""What an answer costs at a socket, beside ready bytes and aimock: `python benchmarks/serving.py [SECONDS] [MEMORY]`.

One worker of each is asked in turn, in bursts, over 50 connections by wrk, or by a client here where there is no wrk;
the best burst of each counts. Printed are answers and frames a second, and what an answer takes of the server's own
processor time, which a busy machine changes less: of ours, of an ASGI application under the same uvicorn that sends the
same bytes ready made, and of aimock (npm's @copilotkit/aimock), where `AIMOCK` names its program or `make bench` has
installed it. The same request comes again and again; "others" are requests of which each is another. With MEMORY, what
a server holds after each tenth of so many requests, each another one.

Knows: sockets, /proc. Must not know: how an answer is made.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from itertools import count as numbers
from itertools import product
from pathlib import Path
from typing import Any

CONNECTIONS = 50
BURSTS = 8
WARM = 2.0
"""Seconds for which a server is asked before it is measured: Node compiles what is called often."""
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


AIMOCK = os.environ.get("AIMOCK") or Path(__file__).parents[1] / ".cache/bench/aimock/node_modules/.bin/llmock"
PATIENCE = 20.0
"""Seconds that aimock has to start."""


class Process:
    """One server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

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


class Server(Process):
    """An ASGI application, called `app` in its code, under uvicorn."""

    def __init__(self, code: str, *arguments: str) -> None:
        command = [sys.executable, "-c", "import sys\n" + code + SERVE, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())


class Aimock(Process):
    """aimock, which answers what we do: chunks of six characters, one a word."""

    def __init__(self, folder: Path, *, stream: bool) -> None:
        fixtures = folder / "fixtures.json"
        content = "".join(WORDS) if stream else "hello"
        fixtures.write_text(json.dumps({"fixtures": [{"match": {}, "response": {"content": content}}]}))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        told = ["--port", str(self.port), "--fixtures", str(fixtures), "--chunk-size", "7", "--log-level", "silent"]
        self.process = subprocess.Popen([str(AIMOCK), *told], stdout=subprocess.DEVNULL, text=True)
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise RuntimeError("aimock did not start")


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


def loaded(port: int, seconds: float, *, stream: bool, others: bool) -> int:
    """Ask for some seconds, by wrk if it is here; return how many answers there were."""
    wrk = shutil.which("wrk")
    if wrk is None or others:
        asking = (request(stream=stream, user=f"number {n}") for n in numbers()) if others else forever(stream=stream)
        return asked(port, asking, seconds)
    body = request(stream=stream).partition(b"\r\n\r\n")[2].decode()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "request.lua")
        kind = "wrk.headers['content-type'] = 'application/json'"
        script.write_text(f"wrk.method = 'POST'\n{kind}\nwrk.body = [[{body}]]\n")
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    return int(told.partition(" requests in ")[0].split()[-1])


def measured(made: Process, seconds: float, *, stream: bool, others: bool) -> tuple[float, float]:
    """Measure answers a second, and the processor time of one."""
    begun, used = time.perf_counter(), made.cpu()
    count = loaded(made.port, seconds, stream=stream, others=others)
    return count / (time.perf_counter() - begun), (made.cpu() - used) / count


def compare(folder: Path, seconds: float) -> None:
    print("| | answered by | a second | processor time of an answer | beside ready bytes |")
    print("| --- | --- | --- | --- | --- |")
    for stream, others in ((False, False), (False, True), (True, False)):
        content, kind = ready(stream=stream)
        file = folder / "ready"
        file.write_bytes(content)
        frames = content.count(b"\n\n") if stream else 1
        makers: dict[str, Any] = {
            "ready bytes": lambda file=file, kind=kind: Server(BARE, str(file), kind),
            "llm-intercept": lambda kind=kind: Server(OURS, "", kind),
        }
        if Path(AIMOCK).exists():
            makers["aimock"] = lambda stream=stream: Aimock(folder, stream=stream)
        found = dict.fromkeys(makers, (0.0, 1.0))
        with ExitStack() as serving:
            made: dict[str, Process] = {}
            for name, make in makers.items():
                one = made[name] = make()
                serving.callback(one.stop)
                loaded(one.port, WARM, stream=stream, others=others)
            for _, (name, one) in product(range(BURSTS), made.items()):
                rate, cost = measured(one, seconds, stream=stream, others=others)
                found[name] = (max(found[name][0], rate), min(found[name][1], cost))
        what = (
            f"frames, {frames} an answer"
            if stream
            else "JSON answers, each to another request"
            if others
            else "JSON answers"
        )
        for name, (rate, cost) in found.items():
            share = cost / found["ready bytes"][1]
            print(f"| {what} | {name} | {rate * frames:,.0f} | {cost * 1e6:.0f} µs | {share:.1f} |", flush=True)


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
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
    if len(sys.argv) > 2:  # noqa: PLR2004 - what it takes, its docstring says
        remember(int(sys.argv[2]))


if __name__ == "__main__":
    main()
