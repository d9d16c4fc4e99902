"""Cassettes for recorders: one exchange with a small local server, repeated as often as a tape needs.

Knows: HTTP servers and YAML cassettes as text. Must not know: any recorder.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from harness.bodies import lazy_frames, numbered
from harness.case import CannotError, Case, Wiring
from harness.workloads import Session, sdk_json, sdk_structured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


def refuse_rules(case: Case) -> None:
    """Say what a recorder of whole exchanges cannot do.

    Raises:
        CannotError: The case asks for rules.

    """
    if case.kind in {"exact", "substring"}:
        raise CannotError("no rules")


@contextmanager
def server(case: Case) -> Iterator[str]:
    """Answer on a local port while the block lasts; yield the base URL."""
    handler = type("Handler", (_Handler,), {"case": case})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/v1"
        running.shutdown()


class _Handler(BaseHTTPRequestHandler):
    case: Case
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        sent = self._sent()
        self.send_response(200)
        self.send_header("content-type", self.case.content_type())
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def _sent(self) -> bytes:
        if self.case.kind == "lazy":
            return b"".join(lazy_frames(self.case.size))
        return b"".join(self.case.frames()) if self.case.streams else self.case.content()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def tape(path: Path, case: Case, family: Any, recording: AbstractContextManager[Any]) -> str:
    """Record one exchange, repeat it as a tape needs, and return the base URL it was recorded from.

    Args:
        path: The cassette.
        case: What is answered; a `replay` case needs its size of takes.
        family: The client library.
        recording: Records while it is entered, and writes `path` when it ends.

    """
    with server(case) as url, recording:
        _ask(Session(family, case, Wiring(base_url=url)))
    if case.kind == "replay":
        _repeat(path, case.size)
    return url


def _ask(session: Session) -> None:
    """Send what the workload will send: what the SDK adds to a request is a part of what is matched."""
    match session.case.kind:
        case "tool":
            sdk_json(session)()
        case "structured":
            sdk_structured(session)()
        case "replay":
            session.http().post(session.url, json=numbered(0)).raise_for_status()
        case _:
            session.http().post(session.url, json=session.case.request()).raise_for_status()


def _repeat(path: Path, takes: int) -> None:
    head, _, interaction = path.read_text().partition("interactions:\n")
    lines = interaction.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if n and not line.startswith((" ", "-"))), len(lines))
    one, tail = "".join(lines[:end]), "".join(lines[end:])
    numbers = (f"{number:06}" for number in range(takes))
    path.write_text(head + "interactions:\n" + "".join(one.replace("000000", number) for number in numbers) + tail)
