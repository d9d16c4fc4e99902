"""What everything leads to: DNS that knows every name, and TLS and HTTP that log who asks what, with whose key.

An event is a `name`, a `connection`, a `datagram` or a `request`, with the host that the name or the address says: each
name has an address of its own.

Knows: DNS, TLS, HTTP/1.1 and the first frames of HTTP/2. Must not know: doors, modes.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.events

if TYPE_CHECKING:
    import trustme

MARK = b"trapkey"
"""What every credential of the trap holds, whatever its case."""
ANSWER = b'{"error": {"message": "the trap", "type": "invalid_request_error", "code": "trap"}}'
REFUSAL = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
)
PATIENCE = 3.0


class Listener:
    """Answers names and connections, and notes each.

    Attributes:
        events: What came, in its order.

    """

    def __init__(self, authority: trustme.CA) -> None:
        self.events: list[dict[str, Any]] = []
        self._authority = authority
        self._lock = threading.Lock()
        self._addresses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._contexts: dict[str, ssl.SSLContext] = {}

    def start(self) -> None:
        """Open what is listened on, and listen in threads of their own."""
        for port, answers in ((53, self._look_up), (443, self._datagram)):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind(("127.0.0.1" if port == 53 else "0.0.0.0", port))
            threading.Thread(target=self._receive, args=(made, answers), daemon=True).start()
        for port in (80, 443):
            made = socket.create_server(("0.0.0.0", port), backlog=500)
            threading.Thread(target=self._accept, args=(made, port == 443), daemon=True).start()

    def _note(self, kind: str, host: str, **more: Any) -> None:
        self.events.append({"kind": kind, "host": host.lower().rstrip("."), **more})

    # Names

    def _receive(self, made: socket.socket, answers: Any) -> None:
        while True:
            packet, peer = made.recvfrom(65_535)
            with contextlib.suppress(Exception):
                answer = answers(packet)
                if answer:
                    made.sendto(answer, peer)

    def _datagram(self, packet: bytes) -> bytes:
        self._note("datagram", "", size=len(packet))
        return b""

    def _look_up(self, packet: bytes) -> bytes:
        at, labels = 12, []
        while packet[at]:
            labels.append(packet[at + 1 : at + 1 + packet[at]])
            at += packet[at] + 1
        name, kind = b".".join(labels).decode("latin-1").lower(), int.from_bytes(packet[at + 1 : at + 3])
        question = packet[12 : at + 5]
        self._note("name", name)
        found = kind == 1
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(self.address(name)) if found else b""
        return packet[:2] + b"\x81\x80\0\1\0" + bytes([found]) + b"\0\0\0\0" + question + record

    def address(self, name: str) -> str:
        """Give each name an address of its own, by which a connection is known that says no name."""
        with self._lock:
            if name not in self._addresses:
                number = next(self._numbers)
                self._addresses[name] = address = f"198.19.{number // 250}.{number % 250 + 1}"
                self._names[address] = name
            return self._addresses[name]

    # Connections

    def _accept(self, made: socket.socket, is_tls: bool) -> None:
        while True:
            connection, _ = made.accept()
            threading.Thread(target=self._serve, args=(connection, is_tls), daemon=True).start()

    def _serve(self, connection: socket.socket, is_tls: bool) -> None:
        address = connection.getsockname()[0]
        host = self._names.get(address, address)
        self._note("connection", host)
        connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError, h2.connection.ProtocolError), connection:
            if not is_tls:
                self._talk(connection, host)
                return
            with self._context(host).wrap_socket(connection, server_side=True) as made:
                if made.selected_alpn_protocol() == "h2":
                    self._talk_h2(made, host)
                else:
                    self._talk(made, host)

    def _context(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._contexts:
                self._contexts[host] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host).configure_cert(context)
                context.set_alpn_protocols(["http/1.1", "h2"])
            return self._contexts[host]

    def _talk(self, connection: socket.socket, host: str) -> None:
        """Hear one request out and refuse it."""
        said = b""
        while b"\r\n\r\n" not in said:
            more = connection.recv(65_536)
            if not more:
                break
            said += more
        if not said:
            return
        head, _, body = said.partition(b"\r\n\r\n")
        method, path, *_ = (*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "")
        self._note("request", host, method=method, path=path[:300], credential=MARK in said.lower())
        with contextlib.suppress(OSError):
            connection.settimeout(0.3)
            while not _is_whole(head, body):
                more = connection.recv(65_536)
                if not more:
                    break
                body += more
        connection.sendall(REFUSAL % (len(ANSWER), ANSWER))

    def _talk_h2(self, connection: socket.socket, host: str) -> None:
        """Hear the first request of HTTP/2 out, as gRPC sends them, and refuse it."""
        talk = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
        talk.initiate_connection()
        connection.sendall(talk.data_to_send())
        while True:
            for event in talk.receive_data(connection.recv(65_536)):
                if isinstance(event, h2.events.ConnectionTerminated):
                    return
                if isinstance(event, h2.events.RequestReceived):
                    said = dict(event.headers or [])
                    text = repr(said).lower().encode()
                    facts = {"method": said.get(":method", ""), "path": said.get(":path", "")}
                    self._note("request", host, **facts, credential=MARK in text)
                    talk.send_headers(event.stream_id or 1, [(":status", "401")], end_stream=True)
            connection.sendall(talk.data_to_send())


def _is_whole(head: bytes, body: bytes) -> bool:
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    length = lower.partition(b"content-length:")[2].split(b"\r\n", 1)[0].strip()
    return len(body) >= int(length or 0)
