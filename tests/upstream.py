"""A local upstream with TLS that answers chat completions as its requests ask: JSON, SSE with gaps, gzip, errors."""

from __future__ import annotations

import gzip
import json
import ssl
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.amounts import PATIENCE
from tests.loopback import QuietHandler, listening

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

GAP = 0.002
WORDS = ("Packets ", "fall ", "like ", "leaves, ", "né. ", "🍂")


@dataclass
class Upstream:
    """Where it listens, what it got, and the answers it will give before its usual one.

    Where there is a `gate`, an event of a stream is sent when somebody lets it through, and not after a `gap`, in seconds.
    """

    url: str
    ca: str
    gap: float = GAP
    gate: threading.Semaphore | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def chat(self) -> str:
        return self.of("chat")

    def of(self, api: str) -> str:
        paths = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
        return self.url + paths[api]


def completion(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number:029d}",
        "object": "chat.completion",
        "created": 1767225600 + number,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15},
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }


def chunk(number: int, delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    body = {
        "id": f"chatcmpl-{number:029d}",
        "object": "chat.completion.chunk",
        "created": 1767225600 + number,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        **more,
    }
    return f"data: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def stream(number: int, body: dict[str, Any]) -> Iterator[bytes]:
    usage = (body.get("stream_options") or {}).get("include_usage")
    none: dict[str, Any] = {"usage": None} if usage else {}
    yield chunk(number, {"role": "assistant", "content": "", "refusal": None}, **none)
    for word in WORDS:
        yield chunk(number, {"content": word}, **none)
    yield chunk(number, {}, "stop", **none)
    if usage:
        counted = {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15}
        yield chunk(number, {}, choices=[], usage=counted)
    yield b"data: [DONE]\n\n"


def response(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"resp_{number:050d}",
        "object": "response",
        "created_at": 1767225600 + number,
        "status": "completed",
        "error": None,
        "model": "gpt-4o-2024-08-06",
        "output": [
            {
                "id": f"msg_{number:050d}",
                "type": "message",
                "status": "completed",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
                "role": "assistant",
            }
        ],
        "usage": {"input_tokens": 9, "output_tokens": 6, "total_tokens": 15},
    }


def events(number: int) -> Iterator[bytes]:
    whole = response(number, "".join(WORDS))
    where = {"item_id": whole["output"][0]["id"], "output_index": 0, "content_index": 0}
    said = [{"type": "response.output_text.delta", "delta": word, **where} for word in WORDS]
    begun = {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}}
    for place, one in enumerate([begun, *said, {"type": "response.completed", "response": whole}]):
        data = json.dumps({**one, "sequence_number": place}, ensure_ascii=False)
        yield f"event: {one['type']}\ndata: {data}\n\n".encode()


def message(number: int, content: list[Any], why: str | None = "end_turn") -> dict[str, Any]:
    counted = {"input_tokens": 9, "output_tokens": 6 if why else 1}
    known = {"model": "claude-opus-4-6", "id": f"msg_{number:024d}", "type": "message", "role": "assistant"}
    return {**known, "content": content, "stop_reason": why, "stop_sequence": None, "usage": counted}


def message_events(number: int) -> Iterator[bytes]:
    begun = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [{"type": "text_delta", "text": word} for word in WORDS]
    told: list[dict[str, Any]] = [{"type": "message_start", "message": message(number, [], None)}, begun]
    told += [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
    end = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 6}}
    told += [{"type": "content_block_stop", "index": 0}, {"type": "message_delta", **end}, {"type": "message_stop"}]
    for one in told:
        yield f"event: {one['type']}\ndata: {json.dumps(one, ensure_ascii=False)}\n\n".encode()


def whole(path: str, number: int) -> dict[str, Any]:
    if path.endswith("/messages"):
        return message(number, [{"type": "text", "text": "".join(WORDS)}])
    return (response if "responses" in path else completion)(number, "".join(WORDS))


def told(path: str, number: int, body: dict[str, Any]) -> Iterator[bytes]:
    if path.endswith("/messages"):
        return message_events(number)
    return events(number) if "responses" in path else stream(number, body)


def _handler(upstream: Upstream) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that http.server asks for
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            upstream.seen.append(body)
            number = len(upstream.seen)
            said = body.get("input" if "responses" in self.path else "messages", [{"content": ""}])
            last = said[-1]["content"]
            if upstream.answers:
                status, headers, content = upstream.answers.pop(0)
                self._whole(status, headers, content)
            elif "drop before" in last:
                self.close_connection = True
                self.connection.close()
            elif body.get("stream"):
                self._stream(number, body, last)
            else:
                text = json.dumps(whole(self.path, number), indent=2, ensure_ascii=False) + "\n"
                self._whole(200, {"Content-Type": "application/json"}, text.encode(), zipped="gzip" in last)

        def _whole(self, status: int, headers: dict[str, str], content: bytes, *, zipped: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("X-Request-Id", "req_0123456789abcdef0123456789abcdef")
            self.send_header("Set-Cookie", "__cf_bm=cookie-secret-0123456789; Path=/")
            self.send_header("Openai-Organization", "org-secret-0123456789")
            if zipped:
                content = gzip.compress(content)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, number: int, body: dict[str, Any], last: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            packer = zlib.compressobj(wbits=31) if "gzip" in last else None
            if packer:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            for position, part in enumerate(told(self.path, number, body)):
                if position:
                    upstream.gate.acquire(timeout=PATIENCE) if upstream.gate else time.sleep(upstream.gap)
                if "drop in" in last and position == 3:
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) if packer else part)
            self._send(packer.flush() if packer else b"", last=True)

        def _send(self, content: bytes, *, last: bool = False) -> None:
            if content:
                self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            if last:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()

    return Handler


@contextmanager
def serving(folder: Path, *, tls: bool = True, gap: float = GAP) -> Iterator[Upstream]:
    """Serve on a loopback port, by TLS with a certificate of its own.

    Args:
        folder: Where the certificate's authority is written.
        tls: Whether it is served by TLS.
        gap: Seconds between the events of a stream.

    """
    upstream = Upstream("", "", gap)
    context = _context(upstream, folder) if tls else None
    with listening(_handler(upstream), context) as port:
        upstream.url = f"{'https' if tls else 'http'}://localhost:{port}"
        yield upstream


def _context(upstream: Upstream, folder: Path) -> ssl.SSLContext:
    """Give the server its certificate; whoever trusts the file `upstream.ca` trusts it."""
    authority, context = _authority()
    path = folder / "ca.pem"
    path.write_bytes(authority)
    upstream.ca = str(path)
    return context


@cache
def _authority() -> tuple[bytes, ssl.SSLContext]:
    """Make an authority and a certificate of its, once in a process; the authority in PEM."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return authority.cert_pem.bytes(), context
