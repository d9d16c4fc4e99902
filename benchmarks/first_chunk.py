"""What recording adds to a stream: `python benchmarks/first_chunk.py [rounds]`, from the project's root.

A local TLS upstream sends nine events, 50 ms apart. Plain and recording clients take turns; medians in milliseconds of
the time to the first chunk, to the last, and until the response is closed (the take is on the disk then).
"""

from __future__ import annotations

import contextlib
import importlib
import ssl
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.upstream import serving

from llm_intercept import intercept

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def times(client: Any, url: str, number: int) -> tuple[float, float, float]:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"number {number}"}], "stream": True}
    begin = time.perf_counter()
    with client.stream("POST", url, json=body) as response:
        moments = [time.perf_counter() for _ in response.iter_raw()]
    end = time.perf_counter()
    return (moments[0] - begin) * 1000, (moments[-1] - begin) * 1000, (end - begin) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as upstream:
        context = ssl.create_default_context(cafile=upstream.ca)
        for family in ("httpx", "httpx2"):
            found: dict[str, list[tuple[float, float, float]]] = {"plain": [], "recording": []}
            with importlib.import_module(family).Client(verify=context) as client:
                times(client, upstream.chat, -1)
                for number in range(ROUNDS):
                    found["plain"].append(times(client, upstream.chat, number))
                    block = intercept(mode="record", recordings=Path(folder, family))
                    with contextlib.ExitStack() as stack:
                        stack.enter_context(block)
                        found["recording"].append(times(client, upstream.chat, number))
            for how, rows in found.items():
                first, last, closed = (statistics.median(column) for column in zip(*rows, strict=True))
                print(f"{family:<7}{how:<10} first chunk {first:6.2f}  last {last:7.2f}  closed {closed:7.2f}")


if __name__ == "__main__":
    main()
