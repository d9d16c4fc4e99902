"""The floor: a `MockTransport` that returns ready bytes. As a contender it shows the harness's own error.

`real-headers` is the floor with as many headers as the API's answers have (docs/wire.md 2.3), which clients and SDKs
copy and look through: the least that an answer true to the wire can cost.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.case import Case, Wiring, responder

if TYPE_CHECKING:
    from collections.abc import Iterator


REAL_HEADERS = {
    "date": "Sun, 22 Nov 2026 12:00:00 GMT",
    "transfer-encoding": "chunked",
    "connection": "keep-alive",
    "openai-organization": "benchmarks",
    "openai-processing-ms": "1",
    "openai-project": "proj_benchmarks",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "50000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "49999999",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "0s",
    "x-request-id": "req_0123456789abcdef0123456789abcdef",
    "server": "cloudflare",
}


class Floor:
    """The floor.

    Args:
        name: As which contender.

    """

    distributions: tuple[str, ...] = ()

    def __init__(self, name: str = "floor") -> None:
        self.name = name
        self._headers = REAL_HEADERS if name == "real-headers" else {}
        self._wirings: dict[tuple[Case, str], Wiring] = {}

    @contextmanager
    def answering(self, case: Case, family: Any) -> Iterator[Wiring]:
        """Answer with ready bytes."""
        key = (case, family.__name__)
        if key not in self._wirings:
            self._wirings[key] = Wiring(transport=family.MockTransport(responder(case, family, self._headers)))
        yield self._wirings[key]


def make(name: str) -> Floor:
    return Floor(name)
