"""How long a report takes, and how large it is: `python benchmarks/reporting.py [CALLS]`, by default 10,000.

Conversations of up to five turns, every other one a stream; printed are seconds of this process and megabytes.

Knows: the report's steps. Must not know: what is in them.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise

import httpx

from llm_intercept import intercept
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.report.of_interceptors import report_of
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page

URL = "https://api.openai.com/v1/chat/completions"
ANSWER = "The weather is nice today, with some clouds over the hills and a light breeze from the sea."
TURNS = 5


def body(number: int) -> dict[str, object]:
    """Make a request: a conversation that goes on, five times."""
    begin = number - number % TURNS
    said = [{"role": "system", "content": "You are a helpful assistant. " * 5}]
    for turn in range(begin, number):
        said += [{"role": "user", "content": f"And day {turn}?"}, {"role": "assistant", "content": ANSWER}]
    said.append({"role": "user", "content": f"And day {number}?"})
    return {"model": "gpt-4o", "messages": said, "stream": bool(number % 2)}


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with intercept(ANSWER) as llm, httpx.Client() as client:
        for number in range(calls):
            client.post(URL, json=body(number))
    times = [time.process_time()]
    report = report_of(engine_of(llm))
    times.append(time.process_time())
    held = packed(report)
    times.append(time.process_time())
    text = page(held)
    times.append(time.process_time())
    read, pack, write = (after - before for before, after in pairwise(times))
    print(f"{calls:,} calls: read {read:.1f} s, packed {pack:.1f} s, written {write:.2f} s")
    print(f"the page has {len(text) / 1e6:.1f} MB, its head {len(held.head) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
