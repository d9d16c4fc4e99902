"""What connections cost a server on which nothing is asked: `python benchmarks/idle.py [CONNECTIONS]`.

So many are opened, half of them after a request that was answered, the others with half of one sent. Printed is the
server's memory before and with them, and how long an answer to another client takes then.

Knows: sockets. Must not know: how an answer is made.
"""

from __future__ import annotations

import resource
import socket
import sys
import time

from serving import OURS, Server, request

SPARE = 100
"""Files that a process has open beside its connections."""
WHOLE = request(stream=False)


def answered(one: socket.socket) -> float:
    """Ask once; return how many seconds the answer took."""
    begun = time.perf_counter()
    one.sendall(WHOLE)
    one.recv(65536)
    return time.perf_counter() - begun


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + SPARE, hard), hard))
    count = min(count, hard - SPARE)
    server = Server(OURS, "", "application/json")
    held: list[socket.socket] = []
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            answered(one)
            before, quick = server.resident(), answered(one)
            for number in range(count):
                held.append(socket.create_connection(("127.0.0.1", server.port)))
                if number % 2:
                    answered(held[-1])
                else:
                    held[-1].sendall(WHOLE[: len(WHOLE) // 2])
            slow = answered(one)
        used = server.resident() - before
        print(f"{count:,} connections: {before:.0f} MB before, {used:.0f} MB more, {used * 1e3 / count:.1f} kB each")
        print(f"an answer to another client: {quick * 1e3:.1f} ms before, {slow * 1e3:.1f} ms with them")
    finally:
        for one in held:
            one.close()
        server.stop()


if __name__ == "__main__":
    main()
