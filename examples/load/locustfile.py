"""Streams chat completions as fast as they come. POST is the time to the first byte, `whole` that to the last.

locust -f examples/load/locustfile.py --headless -u 50 -r 10 -t 1m --host http://llm-intercept
"""

from __future__ import annotations

import itertools
import time

from locust import HttpUser, constant, task

NUMBERS = itertools.count()


class Asking(HttpUser):
    """A user who asks one question after the other; each another, so that each draws times and a length of its own."""

    wait_time = constant(0)

    @task
    def stream(self) -> None:
        """Ask, and read the stream to its end."""
        question = f"question {next(NUMBERS)}"
        body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": question}]}
        begun = time.perf_counter()
        with self.client.post("/v1/chat/completions", json=body, stream=True, catch_response=True) as answer:
            last = b""
            for line in answer.iter_lines():
                last = line or last
            if last != b"data: [DONE]":
                answer.failure(f"the stream ended with {last!r}")
        self.environment.events.request.fire(
            request_type="whole",
            name="/v1/chat/completions",
            response_time=(time.perf_counter() - begun) * 1000,
            response_length=0,
            exception=None,
            context={},
        )
